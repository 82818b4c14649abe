using System.Runtime.Intrinsics;

namespace Parley.Tensors.Tests;

/// <summary>Encoding: what is kept, what is refused, what it costs in accuracy; and the integer sums, exact on every path.</summary>
public sealed unsafe class WeightsFormatTests
{
    // Rounding errors are independent of the values, so y is off by about the relative error of its factors: bfloat16 keeps 8 bits
    // (2⁻⁹/√3 ≈ 0.0011), float16 11 bits, int8 steps of largest/127 on both sides, int4 a sixteenth of each group's range.
    [Theory]
    [InlineData(WeightFormat.BFloat16, 0.0025, 0.0025)]
    [InlineData(WeightFormat.Float16, 0.0004, 0.0004)]
    [InlineData(WeightFormat.Int8, 0.015, 0.06)]
    [InlineData(WeightFormat.Int4, 0.12, 0.13)]
    public void Products_lose_no_more_than_the_format_costs(WeightFormat format, double gaussian, double outliers)
    {
        const int Outputs = 256, Depth = 512, Rows = 4;
        var source = WeightsSample.Gaussian(Outputs * Depth, 5);
        var weight = WeightMatrix.Quantise(source, Outputs, Depth, format);
        foreach (var (x, bound) in (ReadOnlySpan<(float[], double)>)[(WeightsSample.Gaussian(Rows * Depth, 6), gaussian), (WeightsSample.Outliers(Rows * Depth, 7), outliers)])
        {
            var y = WeightsSample.Multiply(weight, new Workers(1), Rows, x, null);
            var (error, size) = (0.0, 0.0);
            for (var i = 0; i < y.Length; i++)
            {
                var exact = 0.0;
                for (var k = 0; k < Depth; k++)
                {
                    exact += (double)x[(i / Outputs * Depth) + k] * source[(i % Outputs * Depth) + k];
                }

                (error, size) = (error + ((y[i] - exact) * (y[i] - exact)), size + (exact * exact));
            }

            var relative = Math.Sqrt(error / size);
            TestContext.Current.TestOutputHelper?.WriteLine($"{format}: relative error {relative:F5} (at most {bound})");
            Assert.InRange(relative, 0, bound);
        }
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Float16)]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void NaN_and_infinite_weights_are_refused_by_name(WeightFormat format)
    {
        foreach (var bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            var values = WeightsSample.Gaussian(3 * 40, 1);
            values[97] = bad;
            var error = Assert.Throws<InvalidDataException>(() => WeightMatrix.Quantise(values, 3, 40, format, "layers.0.fc1.weight"));
            Assert.Contains("layers.0.fc1.weight [3, 40], row 2", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Values_beyond_float16_are_refused() =>
        Assert.Throws<InvalidDataException>(() => WeightMatrix.Quantise([1f, 70000f], 1, 2, WeightFormat.Float16));

    [Theory]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Float16)]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void Rows_given_in_parts_make_the_same_matrix(WeightFormat format)
    {
        var values = WeightsSample.Gaussian(7 * 45, 2);
        var builder = new WeightMatrixBuilder(format, 7, 45);
        builder.Add(values.AsSpan(0, 2 * 45));
        Assert.Throws<InvalidOperationException>(builder.Build);
        builder.Add(values.AsSpan(2 * 45));
        Assert.Equal(WeightsSample.Decoded(WeightMatrix.Quantise(values, 7, 45, format)), WeightsSample.Decoded(builder.Build()));
    }

    [Fact]
    public void Rows_read_on_several_threads_make_the_same_matrix()
    {
        const int Rows = 300, Columns = 1000;
        var values = WeightsSample.Gaussian(Rows * Columns, 2);
        foreach (var threads in (int[])[1, 4])
        {
            var builder = new WeightMatrixBuilder(WeightFormat.Int8, Rows, Columns, workers: new Workers(threads));
            builder.Add(values.AsSpan(0, 2 * Columns));
            builder.AddRest((row, target) => values.AsSpan(row * Columns, target.Length).CopyTo(target));
            Assert.Equal(WeightsSample.Decoded(WeightMatrix.Quantise(values, Rows, Columns, WeightFormat.Int8)), WeightsSample.Decoded(builder.Build()));
        }
    }

    [Fact]
    public void A_row_that_cannot_be_read_is_an_error_and_a_damaged_one_is_named()
    {
        var builder = new WeightMatrixBuilder(WeightFormat.Int8, 300, 1000, "w");
        Assert.Throws<IOException>(() => builder.AddRest((_, _) => throw new IOException("gone")));
        builder = new WeightMatrixBuilder(WeightFormat.Int8, 300, 1000, "w");
        var error = Assert.Throws<InvalidDataException>(() => builder.AddRest((row, target) => target.Fill(row == 195 ? float.NaN : 1)));
        Assert.Contains("w [300, 1000], row", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Float16)]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void Zero_weights_and_zero_inputs_give_the_bias(WeightFormat format)
    {
        var weight = WeightMatrix.Quantise(new float[5 * 33], 5, 33, format);
        float[] bias = [1, -2, 3, -4, 5];
        Assert.Equal(bias, WeightsSample.Multiply(weight, new Workers(1), 1, WeightsSample.Gaussian(33, 1), bias));
        var other = WeightMatrix.Quantise(WeightsSample.Gaussian(5 * 33, 1), 5, 33, format);
        Assert.Equal(bias, WeightsSample.Multiply(other, new Workers(1), 1, new float[33], bias));
    }

    [Fact]
    public void Every_float16_code_is_read_exactly()
    {
        // One output a code, in the even place, the odd place and the rest: multiplied by one, the code itself must come out.
        const int Depth = 40;
        foreach (var place in (int[])[0, 1, 39])
        {
            var codes = new ushort[65536 * Depth];
            for (var c = 0; c < 65536; c++)
            {
                codes[(c * Depth) + place] = (ushort)c;
            }

            var x = new float[Depth];
            x[place] = 1;
            fixed (ushort* pointer = codes)
            {
                var weight = WeightMatrix.FromFloat16((nint)pointer, 65536, Depth, codes);
                var y = WeightsSample.Multiply(weight, new Workers(1), 1, x, null);
                for (var c = 0; c < 65536; c++)
                {
                    var expected = (float)BitConverter.UInt16BitsToHalf((ushort)c);
                    Assert.True(y[c] == expected || (float.IsNaN(y[c]) && float.IsNaN(expected)), $"code {c:X4} at {place}: {y[c]:R}, not {expected:R}");
                }
            }
        }
    }

    [Fact]
    public void Every_integer_step_gives_the_same_sums()
    {
        Steps<Pairs512, Vector512<int>>();
        Steps<Pairs256, Vector256<int>>();
        Steps<Pairs128, Vector128<int>>();
        Steps<RaisedQuads256, Vector256<int>>();
        Steps<SignedQuads128, Vector128<int>>();
    }

    [Fact]
    public void Extreme_integers_do_not_saturate()
    {
        foreach (var depth in (int[])[1, 31, 32, 4096])
        {
            var w = new float[4 * depth];
            var x = new float[depth];
            Array.Fill(x, -127);
            for (var i = 0; i < w.Length; i++)
            {
                w[i] = i / depth % 2 == 0 ? 127 : -127;
            }

            var weight = WeightMatrix.Quantise(w, 4, depth, WeightFormat.Int8);
            var expected = 127f * 127 * depth;
            Assert.Equal([-expected, expected, -expected, expected], WeightsSample.Multiply(weight, new Workers(1), 1, x, null));
        }
    }

    private static void Steps<TStep, TVector>()
        where TStep : struct, IInt8Step<TVector>
        where TVector : struct
    {
        foreach (var (rows, outputs, depth) in (ReadOnlySpan<(int, int, int)>)[(1, 1, 1), (7, 33, 65), (13, 40, 130), (6, 300, 257)])
        {
            var x = WeightsSample.Gaussian(rows * depth, 3);
            var weight = (Int8Matrix)WeightMatrix.Quantise(WeightsSample.Gaussian(outputs * depth, 4), outputs, depth, WeightFormat.Int8);
            var expected = WeightsSample.Multiply(weight, new Workers(1), rows, x, null);
            var y = new float[rows * outputs];
            fixed (float* input = x, output = y)
            {
                Int8Gemm<TStep, TVector>.Run(new Workers(2), weight, rows, input, depth, null, Activation.None, null, 0, output, outputs);
            }

            Assert.Equal(expected, y);
        }
    }
}
