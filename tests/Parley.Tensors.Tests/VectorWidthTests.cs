using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Kernels of every register width on any machine: widths it lacks run in software.</summary>
public sealed unsafe class VectorWidthTests
{
    [Fact]
    public unsafe void A_softmax_written_past_the_caches_has_the_same_bits_at_every_alignment()
    {
        var random = new Random(3);
        var (x, work, plain, streamed) = (new float[1500], new float[1500], new float[1500], new float[1540]);
        for (var i = 0; i < x.Length; i++)
        {
            x[i] = (random.NextSingle() * 20) - 10;
        }

        fixed (float* from = x, room = work, to = plain, past = streamed)
        {
            for (var n = 1; n <= x.Length; n += n < 70 ? 1 : 143)
            {
                for (var offset = 0; offset < 17; offset++)
                {
                    streamed.AsSpan().Fill(float.NaN);
                    RowKernels.Softmax(from, logarithm: false, to, n);
                    RowKernels.Softmax(from, logarithm: false, room, past + offset, n);
                    Assert.Equal(plain[..n], streamed[offset..(offset + n)]);
                    Assert.True(float.IsNaN(streamed[offset + n]));
                }
            }
        }
    }

    [Fact]
    public void The_environment_sets_the_width_it_names()
    {
        var expected = Off("EnableHWIntrinsic") ? 0 : Off("EnableAVX") || Off("EnableAVX2") ? 128 : Off("EnableAVX512") ? 256 : -1;
        var actual = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 0;
        if (expected >= 0 && X86Base.IsSupported)
        {
            Assert.True(actual <= expected, $"the environment asks for at most {expected} bits, but kernels run at {actual}");
        }
        else if (Off("EnableHWIntrinsic"))
        {
            Assert.Equal(0, actual);
        }
        else
        {
            Assert.True(actual == (Avx512F.IsSupported && Vector512.IsHardwareAccelerated ? 512 : Avx2.IsSupported ? 256 : 128), $"kernels run at {actual} bits");
        }

        Assert.Equal(Math.Max(actual, 128) / 32, ElementLoops.Width);

        static bool Off(string name) => Environment.GetEnvironmentVariable("DOTNET_" + name) is { } value && value.TrimStart('0', 'x').Length == 0;
    }

    [Fact]
    public void Rows_in_sixteen_lanes_equal_the_reference() => Rows<Lanes512>();

    [Fact]
    public void Rows_in_eight_lanes_equal_the_reference() => Rows<Lanes256>();

    [Fact]
    public void Rows_in_four_lanes_equal_the_reference() => Rows<Lanes128>();

    [Fact]
    public void Loops_in_sixteen_lanes_equal_the_reference() => Loops<Lanes512>();

    [Fact]
    public void Loops_in_eight_lanes_equal_the_reference() => Loops<Lanes256>();

    [Fact]
    public void Loops_in_four_lanes_equal_the_reference() => Loops<Lanes128>();

    private static void Rows<T>()
        where T : struct, ILanes<T>
    {
        var random = new Random(3);
        for (var n = 1; n <= 150; n++)
        {
            var values = OpCheck.Numbers(random, 3 * n, -4f, 4f);
            using var scope = new TensorScope();
            var (x, weight, bias) = (Slow(values, 0, n), Slow(values, n, n), Slow(values, 2 * n, n));
            var y = new float[n];
            fixed (float* from = values)
            {
                fixed (float* to = y)
                {
                    RowKernels.Softmax<T>(from, logarithm: false, to, to, n);
                    Expect.Close(y, x.Softmax().Values, 1e-5f, 1e-7f, $"softmax {n}");
                    RowKernels.Softmax<T>(from, logarithm: true, to, to, n);
                    Expect.Close(y, x.LogSoftmax().Values, 1e-5f, 1e-6f, $"log softmax {n}");
                    var mean = x.Mean().Scalar;
                    var scale = 1 / MathF.Sqrt((float)(RowKernels.SquareSum<T>(from, mean, n) / n) + 1e-3f);
                    RowKernels.Normalize<T>(from, mean, scale, 0f, from + n, from + (2 * n), to, n);
                    Expect.Close(y, x.LayerNorm(weight, bias, 1e-3f).Values, 1e-5f, 3e-6f, $"layer norm {n}");
                    Assert.Equal(x.Max(0).Scalar, RowKernels.Max<T>(from, n));
                    Assert.Equal(x.Sum().Scalar, RowKernels.Sum<T>(from, 0f, n), 1e-4);
                }
            }
        }
    }

    private static void Loops<T>()
        where T : struct, ILanes<T>
    {
        var random = new Random(4);
        for (var n = 0; n <= 100; n++)
        {
            var values = OpCheck.Numbers(random, n, -4f, 4f);
            using var scope = new TensorScope();
            var x = Slow(values, 0, n);
            Map<UnaryFunctions.Exp>(x.Exp());
            Map<UnaryFunctions.Tanh>(x.Tanh());
            Map<UnaryFunctions.Gelu>(x.Gelu());
            Map<UnaryFunctions.Sigmoid>(x.Sigmoid());
            Map<UnaryFunctions.Sin>(x.Sin());

            void Map<TFunction>(Tensor wanted)
                where TFunction : struct, IUnary
            {
                var y = new float[n + 1];
                y[n] = 42f;
                fixed (float* from = values)
                {
                    fixed (float* to = y)
                    {
                        ElementLoops.Map<TFunction, T>(from, to, n);
                    }
                }

                Expect.Close(y.AsSpan(0, n), wanted.ToArray(), 2e-6f, 2e-7f, $"{typeof(TFunction).Name} {n}");
                Assert.Equal(42f, y[n]);
            }
        }
    }

    private static Tensor Slow(float[] values, int start, int count) => Tensor.From(values.AsSpan(start, count), [count], Backend.Reference);
}
