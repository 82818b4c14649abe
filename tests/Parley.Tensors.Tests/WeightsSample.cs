namespace Parley.Tensors.Tests;

/// <summary>Inputs and double-precision answers for the weight formats.</summary>
internal static unsafe class WeightsSample
{
    internal static float[] Gaussian(int count, int seed)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }

    /// <summary>Gaussian, but one value in a hundred is fifty times as large, as in the residual stream of transformers.</summary>
    internal static float[] Outliers(int count, int seed)
    {
        var values = Gaussian(count, seed);
        for (var i = seed % 100; i < count; i += 100)
        {
            values[i] *= 50;
        }

        return values;
    }

    internal static float[] Multiply(
        WeightMatrix weight, Workers workers, int rows, float[] x, float[]? bias, Activation activation = Activation.None, float[]? residual = null)
    {
        var y = new float[rows * weight.Out];
        fixed (float* input = x, biases = bias, residuals = residual, output = y)
        {
            weight.Multiply(workers, rows, input, weight.In, biases, activation, residuals, weight.Out, output, weight.Out);
        }

        return y;
    }

    internal static float[] Decoded(WeightMatrix weight)
    {
        var values = new float[weight.Out * weight.In];
        for (var o = 0; o < weight.Out; o++)
        {
            weight.CopyRow(o, values.AsSpan(o * weight.In, weight.In));
        }

        return values;
    }

    /// <summary>The product with the decoded weights and, for int8 and int4, the rounded inputs; and the sums of magnitudes.</summary>
    internal static (double[] Values, double[] Magnitudes) Exact(WeightMatrix weight, int rows, float[] x, float[] bias)
    {
        var w = Decoded(weight);
        var input = weight.Format is WeightFormat.Int8 or WeightFormat.Int4 ? Rounded(x, rows, weight.In) : Array.ConvertAll(x, v => (double)v);
        var (values, magnitudes) = (new double[rows * weight.Out], new double[rows * weight.Out]);
        for (var r = 0; r < rows; r++)
        {
            for (var o = 0; o < weight.Out; o++)
            {
                double sum = bias[o], size = Math.Abs(bias[o]);
                for (var k = 0; k < weight.In; k++)
                {
                    var product = input[(r * weight.In) + k] * w[(o * weight.In) + k];
                    sum += product;
                    size += Math.Abs(product);
                }

                (values[(r * weight.Out) + o], magnitudes[(r * weight.Out) + o]) = (sum, size);
            }
        }

        return (values, magnitudes);
    }

    /// <summary>Each row as its nearest multiples of largest/127.</summary>
    internal static double[] Rounded(float[] x, int rows, int columns)
    {
        var rounded = new double[x.Length];
        for (var r = 0; r < rows; r++)
        {
            var row = x.AsSpan(r * columns, columns);
            var largest = 0f;
            foreach (var v in row)
            {
                largest = Math.Max(largest, Math.Abs(v));
            }

            for (var k = 0; k < columns; k++)
            {
                rounded[(r * columns) + k] = largest == 0 ? 0 : MathF.Round(row[k] * (127 / largest)) * (double)(largest / 127);
            }
        }

        return rounded;
    }

    internal static double Apply(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Relu => Math.Max(x, 0),
        Activation.Gelu => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))),
        Activation.GeluTanh => x * 0.5 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        Activation.Tanh => Math.Tanh(x),
        Activation.Sigmoid => 1 / (1 + Math.Exp(-x)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    /// <summary>By Simpson's rule over [0, x].</summary>
    private static double Erf(double x)
    {
        const int Steps = 2000;
        var h = Math.Clamp(x, -8, 8) / Steps;
        var sum = 0.0;
        for (var i = 0; i <= Steps; i++)
        {
            sum += Math.Exp(-(i * h) * (i * h)) * (i == 0 || i == Steps ? 1 : i % 2 == 1 ? 4 : 2);
        }

        return 2 / Math.Sqrt(Math.PI) * sum * h / 3;
    }
}
