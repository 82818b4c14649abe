namespace Parley.Tensors.Tests;

/// <summary>Compares gradients of both backends with central differences.</summary>
internal static class GradientCheck
{
    private const double Step = 0.02;

    // A gradient may be the sum of some tens of terms of size 1 that cancel, as a bias's is; each is rounded in float.
    private const double Rounding = 1e-6;

    /// <summary>
    /// The loss is Σ y cos(0, 1, 2, …). Differences are of fourth order, on the reference backend; errors count relative to the largest gradient of
    /// each input.
    /// </summary>
    internal static void Run(Func<Tensor[], Tensor> op, Shape[] shapes, float low = -2f, float high = 2f, double tolerance = 1e-4, int seed = 3)
    {
        var random = new Random(seed);
        var values = shapes.Select(s => OpCheck.Numbers(random, (int)s.Count, low, high)).ToArray();
        var vector = Gradients(op, values, shapes, Backend.Default);
        var reference = Gradients(op, values, shapes, Backend.Reference);
        for (var i = 0; i < shapes.Length; i++)
        {
            var numeric = Differences(op, values, shapes, i);
            var size = numeric.Max(Math.Abs) + 1e-6;
            for (var j = 0; j < numeric.Length; j++)
            {
                Assert.True(Math.Abs(reference[i][j] - numeric[j]) <= tolerance * size, $"reference: input {i} at {j}: {reference[i][j]}, differences give {numeric[j]}");
                Assert.True(Math.Abs(vector[i][j] - reference[i][j]) <= (1e-5 * size) + Rounding, $"vector: input {i} at {j}: {vector[i][j]}, reference {reference[i][j]}");
            }
        }
    }

    private static float[][] Gradients(Func<Tensor[], Tensor> op, float[][] values, Shape[] shapes, Backend backend)
    {
        using var scope = new TensorScope();
        var inputs = values.Select((v, i) => Tensor.From(v, shapes[i], backend).AsParameter()).ToArray();
        var y = op(inputs);
        var gradients = y.Backward(Tensor.From(Weights(y.Count), y.Shape, backend));
        return [.. inputs.Select(x => gradients[x]?.ToArray() ?? new float[x.Count])];
    }

    private static double[] Differences(Func<Tensor[], Tensor> op, float[][] values, Shape[] shapes, int input)
    {
        var numeric = new double[values[input].Length];
        for (var j = 0; j < numeric.Length; j++)
        {
            var (near, far) = (Loss(j, Step) - Loss(j, -Step), Loss(j, 2 * Step) - Loss(j, -2 * Step));
            numeric[j] = ((8 * near) - far) / (12 * Step);
        }

        return numeric;

        double Loss(int at, double change)
        {
            using var scope = new TensorScope();
            var inputs = values.Select((v, i) =>
            {
                var moved = (float[])v.Clone();
                if (i == input)
                {
                    moved[at] = (float)(moved[at] + change);
                }

                return Tensor.From(moved, shapes[i], Backend.Reference);
            });
            var y = op([.. inputs]).ToArray();
            var weights = Weights(y.Length);
            double sum = 0;
            for (var k = 0; k < y.Length; k++)
            {
                sum += (double)y[k] * weights[k];
            }

            return sum;
        }
    }

    private static float[] Weights(long count)
    {
        var weights = new float[count];
        for (var i = 0; i < count; i++)
        {
            weights[i] = (float)Math.Cos(i);
        }

        return weights;
    }
}
