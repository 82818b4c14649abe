using System.Runtime.CompilerServices;

namespace Parley.Tensors;

internal static unsafe partial class VectorMath
{
    /// <summary>Beyond this size the quarter turns can no longer be subtracted in float.</summary>
    private const float CircleLimit = 8192f;

    /// <summary>sin x; absolute error at most 1.2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Sin<T>(T x)
        where T : struct, ILanes<T> => Circle(x, quarter: 0);

    /// <summary>cos x; absolute error at most 1.2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Cos<T>(T x)
        where T : struct, ILanes<T> => Circle(x, quarter: 1);

    /// <summary>sin(x + quarter π/2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Circle<T>(T x, int quarter)
        where T : struct, ILanes<T>
    {
        if (T.Any(T.Less(T.Of(CircleLimit), T.Abs(x))))
        {
            return FarCircle(x, quarter);
        }

        var shifted = T.MultiplyAdd(x, T.Of(0.636619772f), T.Of(Rounder));
        var n = shifted - T.Of(Rounder);
        var r = T.MultiplyAdd(n, T.Of(-1.5703125f), x);
        r = T.MultiplyAdd(n, T.Of(-4.837512969970703125e-4f), r);
        r = T.MultiplyAdd(n, T.Of(-7.549789948768648e-8f), r);
        var z = r * r;
        var sin = T.MultiplyAdd(T.Of(-1.9515295891e-4f), z, T.Of(8.3321608736e-3f));
        sin = T.MultiplyAdd(sin, z, T.Of(-1.6666654611e-1f));
        sin = T.MultiplyAdd(sin * z, r, r);
        var cos = T.MultiplyAdd(T.Of(2.443315711809948e-5f), z, T.Of(-1.388731625493765e-3f));
        cos = T.MultiplyAdd(cos, z, T.Of(4.166664568298827e-2f));
        cos = T.MultiplyAdd(cos, z * z, T.MultiplyAdd(z, T.Of(-0.5f), T.Of(1f)));

        // The two low bits of the turn count choose the curve and its sign.
        var turn = T.AddBits(shifted, T.OfBits(quarter));
        var odd = T.ShiftRight(T.ShiftLeft(turn, 31), 31);
        var sign = T.ShiftLeft(turn, 30) & T.OfBits(int.MinValue);
        return T.Select(odd, cos, sin) ^ sign;
    }

    /// <summary>The same in double, lane by lane, for arguments that real models do not have.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T FarCircle<T>(T x, int quarter)
        where T : struct, ILanes<T>
    {
        var lanes = stackalloc float[16];
        x.Store(lanes);
        for (var i = 0; i < T.Count; i++)
        {
            lanes[i] = (float)(quarter == 0 ? Math.Sin(lanes[i]) : Math.Cos(lanes[i]));
        }

        return T.Load(lanes);
    }
}
