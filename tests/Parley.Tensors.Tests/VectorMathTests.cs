using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors.Tests;

/// <summary>Elementary functions against double over a dense sweep of float patterns, in registers of 4, 8 and (in software where need be) 16 lanes.</summary>
public sealed unsafe class VectorMathTests
{
    /// <summary>Patterns from one argument to the next: coprime to every power of two, so that all exponents and low bits occur.</summary>
    private static readonly uint Step = System.Runtime.Intrinsics.Vector128.IsHardwareAccelerated ? 9973u : 99991u;

    [Fact]
    public void Exp_is_within_2_ulp() => Sweep<UnaryFunctions.Exp>(Math.Exp, ulp: 2);

    [Fact]
    public void Log_is_within_2_ulp() => Sweep<UnaryFunctions.Log>(Math.Log, ulp: 2);

    [Fact]
    public void Tanh_is_within_2_ulp() => Sweep<UnaryFunctions.Tanh>(Math.Tanh, ulp: 2);

    [Fact]
    public void Sigmoid_is_within_4_ulp() => Sweep<UnaryFunctions.Sigmoid>(x => 1 / (1 + Math.Exp(-x)), ulp: 4);

    [Fact]
    public void Sin_is_within_12e8() => Sweep<UnaryFunctions.Sin>(Math.Sin, ulp: 0, absolute: 1.2e-7);

    [Fact]
    public void Cos_is_within_12e8() => Sweep<UnaryFunctions.Cos>(Math.Cos, ulp: 0, absolute: 1.2e-7);

    // Without a fused multiply-add the rounding of t² cannot be seen, and e^(−t²/2) is off by half of it: 64 ulp at t = 13.
    [Fact]
    public void Gelu_is_within_8_ulp_where_products_are_fused() =>
        Sweep<UnaryFunctions.Gelu>(x => x * ReferenceBackend.NormalDistribution(x), ulp: Fma.IsSupported || AdvSimd.IsSupported ? 8 : 72, absolute: 1e-37, low: -1e30f, high: 1e30f);

    [Fact]
    public void Erf_is_within_3_ulp() => Sweep<Erf>(ReferenceBackend.Erf, ulp: 3);

    [Fact]
    public void Exp_of_what_is_not_positive_is_within_2_ulp() =>
        Sweep<ExpNonPositive>(x => x < -87.33f ? 0 : Math.Exp(x), ulp: 2, absolute: 1.2e-38, low: float.NegativeInfinity, high: 0f);

    [Fact]
    public void Exp2_of_what_is_not_positive_is_within_2_ulp() =>
        Sweep<Exp2NonPositive>(x => x < -126f ? 0 : Math.Pow(2, x), ulp: 2, absolute: 1.2e-38, low: float.NegativeInfinity, high: 0f);

    private readonly struct Erf : IUnary
    {
        public static T Apply<T>(T x)
            where T : struct, ILanes<T> => VectorMath.Erf(x);
    }

    private readonly struct Exp2NonPositive : IUnary
    {
        public static T Apply<T>(T x)
            where T : struct, ILanes<T> => VectorMath.Exp2NonPositive(x);
    }

    private readonly struct ExpNonPositive : IUnary
    {
        public static T Apply<T>(T x)
            where T : struct, ILanes<T> => VectorMath.ExpNonPositive(x);
    }

    private static void Sweep<TFunction>(Func<double, double> exact, double ulp, double absolute = 0, float low = float.NegativeInfinity, float high = float.PositiveInfinity)
        where TFunction : struct, IUnary
    {
        var inputs = new List<float>();
        for (ulong bits = 0; bits <= uint.MaxValue; bits += Step)
        {
            var x = BitConverter.UInt32BitsToSingle((uint)bits);
            if (x >= low && x <= high)
            {
                inputs.Add(x);
            }
        }

        float[] edges = [0f, -0f, 1f, -1f, float.Epsilon, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        inputs.AddRange(edges.Where(x => float.IsNaN(x) ? !float.IsFinite(low) && !float.IsFinite(high) : x >= low && x <= high));
        while (inputs.Count % 16 != 0)
        {
            inputs.Add(inputs[0]);
        }

        var xs = inputs.ToArray();
        Check<TFunction, Lanes128>(xs, exact, ulp, absolute);
        Check<TFunction, Lanes256>(xs, exact, ulp, absolute);
        Check<TFunction, Lanes512>(xs, exact, ulp, absolute);
    }

    private static void Check<TFunction, T>(float[] xs, Func<double, double> exact, double ulp, double absolute)
        where TFunction : struct, IUnary
        where T : struct, ILanes<T>
    {
        var ys = new float[xs.Length];
        fixed (float* from = xs)
        {
            fixed (float* to = ys)
            {
                for (var i = 0; i < xs.Length; i += T.Count)
                {
                    TFunction.Apply(T.Load(from + i)).Store(to + i);
                }
            }
        }

        var (worst, at) = (0.0, 0);
        for (var i = 0; i < xs.Length; i++)
        {
            var wanted = exact(xs[i]);
            var rounded = (float)wanted;
            if (rounded.Equals(ys[i]))
            {
                continue;
            }

            // An ulp is that of the exact result; at the very end of the range the largest number may stand for infinity and the reverse.
            var unit = float.IsFinite(rounded) ? (double)(MathF.BitIncrement(MathF.Abs(rounded)) - MathF.Abs(rounded)) : double.NaN;
            unit = double.IsInfinity(unit) ? 2.028e31 : unit;
            var allowed = Math.Max(absolute, ulp * unit);
            var error = Math.Abs(ys[i] - wanted) / allowed;
            if (double.IsNaN(error) || error > worst)
            {
                (worst, at) = (double.IsNaN(error) ? double.PositiveInfinity : error, i);
            }
        }

        Assert.True(worst <= 1, $"{typeof(TFunction).Name} in {T.Count} lanes: f({xs[at]:R}) = {ys[at]:R}, exactly {exact(xs[at]):R}: {worst * ulp:F2} ulp, or {worst:F2} of what is allowed");
    }
}
