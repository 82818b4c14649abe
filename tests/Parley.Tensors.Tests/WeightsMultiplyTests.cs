using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Every format against the double-precision product of its own decoded rows, at sizes around every edge.</summary>
public sealed unsafe class WeightsMultiplyTests
{
    private static readonly int[] Depths =
        [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 66, 95, 96, 97, 127, 128, 129, 191, 192, 193, 255, 256, 257];

    public static TheoryData<WeightFormat> Formats => [WeightFormat.BFloat16, WeightFormat.Float16, WeightFormat.Int8, WeightFormat.Int4];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Products_equal_the_double_precision_ones_at_every_edge(WeightFormat format)
    {
        foreach (var depth in Depths)
        {
            foreach (var outputs in (int[])[1, 2, 3, 4, 5, 15, 16, 17, 33])
            {
                var weight = WeightMatrix.Quantise(WeightsSample.Gaussian(outputs * depth, depth), outputs, depth, format);
                for (var rows = 1; rows <= 10; rows++)
                {
                    Check(weight, rows, WeightsSample.Gaussian(rows * depth, rows + depth));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Products_of_many_rows_equal_the_double_precision_ones(WeightFormat format)
    {
        foreach (var (rows, outputs, depth) in (ReadOnlySpan<(int, int, int)>)[(10, 40, 100), (13, 257, 65), (25, 257, 65), (31, 48, 33), (801, 33, 31), (50, 300, 1030), (17, 5, 4100)])
        {
            var weight = WeightMatrix.Quantise(WeightsSample.Gaussian(outputs * depth, depth), outputs, depth, format);
            Check(weight, rows, WeightsSample.Gaussian(rows * depth, rows + depth));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Thread_counts_give_the_same_bits(WeightFormat format)
    {
        const int Outputs = 1000, Depth = 515;
        var source = WeightsSample.Gaussian(Outputs * Depth, 3);
        foreach (var rows in (int[])[1, 3, 8, 9, 24, 25, 50])
        {
            var x = WeightsSample.Gaussian(rows * Depth, rows);
            float[]? first = null;
            for (var threads = 1; threads <= 3; threads++)
            {
                var workers = new Workers(threads);
                var weight = WeightMatrix.Quantise(source, Outputs, Depth, format, workers: workers);
                var y = WeightsSample.Multiply(weight, workers, rows, x, new float[Outputs], Activation.Gelu);
                Assert.Equal(first ??= y, y);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    [InlineData(WeightFormat.Float32)]
    public void A_row_gives_the_same_bits_alone_and_among_up_to_sixteen(WeightFormat format)
    {
        foreach (var (outputs, depth) in (ReadOnlySpan<(int, int)>)[(64, 64), (37, 515), (3, 7), (130, 33)])
        {
            var source = WeightsSample.Gaussian(outputs * depth, 3);
            var weight = format == WeightFormat.Float32
                ? WeightMatrix.Dense(Tensor.From(source, [outputs, depth], Backend.Default))
                : WeightMatrix.Quantise(source, outputs, depth, format);
            var x = WeightsSample.Gaussian(16 * depth, 5);
            var bias = WeightsSample.Gaussian(outputs, 6);
            var alone = new float[16 * outputs];
            for (var r = 0; r < 16; r++)
            {
                WeightsSample.Multiply(weight, new Workers(1), 1, x[(r * depth)..((r + 1) * depth)], bias, Activation.Gelu).CopyTo(alone, r * outputs);
            }

            for (var rows = 2; rows <= 16; rows++)
            {
                Assert.Equal(alone[..(rows * outputs)], WeightsSample.Multiply(weight, new Workers(1), rows, x, bias, Activation.Gelu));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Bias_activation_and_residual_are_applied_in_that_order(WeightFormat format)
    {
        foreach (var rows in (int[])[1, 2, 11, 26])
        {
            foreach (var activation in Enum.GetValues<Activation>())
            {
                const int Outputs = 37, Depth = 50;
                var weight = WeightMatrix.Quantise(WeightsSample.Gaussian(Outputs * Depth, 1), Outputs, Depth, format);
                var x = WeightsSample.Gaussian(rows * Depth, 2);
                var (bias, residual) = (WeightsSample.Gaussian(Outputs, 3), WeightsSample.Gaussian(rows * Outputs, 4));
                var plain = WeightsSample.Multiply(weight, new Workers(1), rows, x, bias);
                var y = WeightsSample.Multiply(weight, new Workers(1), rows, x, bias, activation, residual);
                var expected = plain.Select((v, i) => (float)(WeightsSample.Apply(activation, v) + residual[i])).ToArray();
                Expect.Close(y, expected, relative: 1e-6f, absolute: 3e-6f, $"{format} {activation} {rows}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Strided_inputs_and_outputs_leave_the_gaps_alone(WeightFormat format)
    {
        const int Outputs = 21, Depth = 35;
        var weight = WeightMatrix.Quantise(WeightsSample.Gaussian(Outputs * Depth, 1), Outputs, Depth, format);
        foreach (var rows in (int[])[2, 12, 31])
        {
            var x = WeightsSample.Gaussian(rows * (Depth + 3), 2);
            var y = new float[rows * (Outputs + 5)];
            Array.Fill(y, -7);
            fixed (float* input = x, output = y)
            {
                weight.Multiply(new Workers(2), rows, input, Depth + 3, null, Activation.None, null, 0, output, Outputs + 5);
            }

            var dense = Enumerable.Range(0, rows * Depth).Select(i => x[(i / Depth * (Depth + 3)) + (i % Depth)]).ToArray();
            var expected = WeightsSample.Multiply(weight, new Workers(1), rows, dense, null);
            for (var r = 0; r < rows; r++)
            {
                Assert.Equal(expected.AsSpan(r * Outputs, Outputs), y.AsSpan(r * (Outputs + 5), Outputs));
                Assert.All(y.AsSpan((r * (Outputs + 5)) + Outputs, 5).ToArray(), v => Assert.Equal(-7, v));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_row_with_NaN_gives_NaN_and_leaves_the_others_alone(WeightFormat format)
    {
        const int Outputs = 20, Depth = 33;
        var weight = WeightMatrix.Quantise(WeightsSample.Gaussian(Outputs * Depth, 1), Outputs, Depth, format);
        foreach (var rows in (int[])[2, 12, 31])
        {
            var x = WeightsSample.Gaussian(rows * Depth, 2);
            var clean = WeightsSample.Multiply(weight, new Workers(1), rows, x, null);
            x[Depth + 5] = float.NaN;
            var y = WeightsSample.Multiply(weight, new Workers(1), rows, x, null);
            Assert.All(y.AsSpan(Outputs, Outputs).ToArray(), v => Assert.True(float.IsNaN(v)));
            Assert.Equal(clean.AsSpan(0, Outputs), y.AsSpan(0, Outputs));
        }
    }

    private static void Check(WeightMatrix weight, int rows, float[] x)
    {
        var bias = WeightsSample.Gaussian(weight.Out, 9);
        var y = WeightsSample.Multiply(weight, new Workers(2), rows, x, bias);
        var (expected, magnitude) = WeightsSample.Exact(weight, rows, x, bias);
        for (var i = 0; i < y.Length; i++)
        {
            // Rounding of float32 sums: a few units in the last place of the sum of magnitudes.
            var bound = 1e-6 * magnitude[i];
            Assert.True(Math.Abs(y[i] - expected[i]) <= bound, $"{weight.Format} [{weight.Out}, {weight.In}] rows {rows} at {i}: {y[i]:R} where {expected[i]:R} was expected");
        }
    }
}
