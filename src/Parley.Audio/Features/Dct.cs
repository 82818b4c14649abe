using System.Numerics;

namespace Parley.Audio;

/// <summary>The cosine transform that makes cepstra of log filter banks (type II).</summary>
public static class Dct
{
    /// <summary>The matrix [inputs, coefficients]; orthonormal, or simply twice the cosines.</summary>
    public static float[] Matrix(int coefficients, int inputs, bool orthonormal = true)
    {
        if (coefficients < 1 || coefficients > inputs)
        {
            throw new ArgumentException($"dct: {coefficients} coefficients of {inputs} inputs; from 1 to as many as inputs", nameof(coefficients));
        }

        var matrix = new float[inputs * coefficients];
        for (var n = 0; n < inputs; n++)
        {
            for (var k = 0; k < coefficients; k++)
            {
                var scale = orthonormal ? Math.Sqrt((k == 0 ? 1.0 : 2.0) / inputs) : 2;
                matrix[n * coefficients + k] = (float)(scale * Math.Cos(Math.PI / inputs * (n + 0.5) * k));
            }
        }

        return matrix;
    }

    internal static void Apply(float[] matrix, ReadOnlySpan<Vector<float>> inputs, Span<Vector<float>> outputs)
    {
        outputs.Clear();
        for (var n = 0; n < inputs.Length; n++)
        {
            for (var k = 0; k < outputs.Length; k++)
            {
                outputs[k] = Vector.MultiplyAddEstimate(inputs[n], new Vector<float>(matrix[n * outputs.Length + k]), outputs[k]);
            }
        }
    }
}
