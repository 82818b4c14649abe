using System.Numerics;

namespace Parley.Tensors;

/// <summary>What happens to sums on their way to the result: scales, bias, activation, residual.</summary>
internal static unsafe class WeightEpilogue
{
    /// <summary>y = sums · (inputScale · scales) + bias.</summary>
    internal static void Scale(int* sums, int count, float inputScale, float* scales, float* bias, float* y)
    {
        var width = Vector<float>.Count;
        var factor = new Vector<float>(inputScale);
        var i = 0;
        for (; i <= count - width; i += width)
        {
            var value = Vector.ConvertToSingle(Vector.Load(sums + i)) * (factor * Vector.Load(scales + i));
            Vector.Store(bias is null ? value : value + Vector.Load(bias + i), y + i);
        }

        for (; i < count; i++)
        {
            var value = sums[i] * (inputScale * scales[i]);
            y[i] = bias is null ? value : value + bias[i];
        }
    }

    /// <summary>y += other, when there is one.</summary>
    internal static void Add(float* y, int count, float* other)
    {
        if (other is null)
        {
            return;
        }

        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= count - width; i += width)
        {
            Vector.Store(Vector.Load(y + i) + Vector.Load(other + i), y + i);
        }

        for (; i < count; i++)
        {
            y[i] += other[i];
        }
    }

    /// <summary>y = activation(y) + residual.</summary>
    internal static void Finish(float* y, int count, Activation activation, float* residual)
    {
        ActivationKernel.Apply(activation, y, count);
        Add(y, count, residual);
    }
}
