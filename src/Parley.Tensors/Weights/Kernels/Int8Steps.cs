using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Parley.Tensors;

// The exact integer dot products that machines have, behind one shape, so that the loops around them are written once.
// A unit is 32 bits of consecutive k: two 16-bit integers (pairs) or four bytes (quads). Every lane of a vector is one output.
//
//   acc lane j += unit of x (broadcast) · unit of weight row j
//
// All of them give the same int32: products are at most 127², and nothing saturates on the way.

/// <summary>One multiply-accumulate over units, in the vectors <typeparamref name="TVector"/>.</summary>
internal unsafe interface IInt8Step<TVector>
    where TVector : struct
{
    /// <summary>int32 lanes of a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Values of k in a unit: 2 or 4.</summary>
    static abstract int Depth { get; }

    /// <summary>What inputs are raised by to be unsigned: 0 or 128.</summary>
    static abstract int Offset { get; }

    static abstract TVector Load(int* p);

    static abstract TVector Broadcast(int* p);

    static abstract TVector Dot(TVector sum, TVector x, TVector w);

    static abstract void Store(TVector value, int* p);
}

/// <summary>512 bits, pairs: vpmaddwd.</summary>
internal readonly unsafe struct Pairs512 : IInt8Step<Vector512<int>>
{
    public static int Lanes => 16;

    public static int Depth => 2;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(int* p) => Vector512.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Broadcast(int* p) => Vector512.Create(*p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Dot(Vector512<int> sum, Vector512<int> x, Vector512<int> w) => Avx512BW.IsSupported
        ? sum + Avx512BW.MultiplyAddAdjacent(x.AsInt16(), w.AsInt16())
        : Vector512.Create(Pairs256.Dot(sum.GetLower(), x.GetLower(), w.GetLower()), Pairs256.Dot(sum.GetUpper(), x.GetUpper(), w.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<int> value, int* p) => value.Store(p);
}

/// <summary>256 bits, pairs: vpmaddwd.</summary>
internal readonly unsafe struct Pairs256 : IInt8Step<Vector256<int>>
{
    public static int Lanes => 8;

    public static int Depth => 2;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(int* p) => Vector256.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(int* p) => Vector256.Create(*p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> sum, Vector256<int> x, Vector256<int> w) => Avx2.IsSupported
        ? sum + Avx2.MultiplyAddAdjacent(x.AsInt16(), w.AsInt16())
        : Vector256.Create(Pairs128.Dot(sum.GetLower(), x.GetLower(), w.GetLower()), Pairs128.Dot(sum.GetUpper(), x.GetUpper(), w.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<int> value, int* p) => value.Store(p);
}

/// <summary>128 bits, pairs: pmaddwd, or two multiplications anywhere.</summary>
internal readonly unsafe struct Pairs128 : IInt8Step<Vector128<int>>
{
    public static int Lanes => 4;

    public static int Depth => 2;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(int* p) => Vector128.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(int* p) => Vector128.Create(*p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dot(Vector128<int> sum, Vector128<int> x, Vector128<int> w) => Sse2.IsSupported
        ? sum + Sse2.MultiplyAddAdjacent(x.AsInt16(), w.AsInt16())
        : sum + (((x << 16) >> 16) * ((w << 16) >> 16)) + ((x >> 16) * (w >> 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<int> value, int* p) => value.Store(p);
}

/// <summary>256 bits, quads: vpdpbusd takes unsigned × signed, so inputs are raised by 128 and 128 Σw is taken off the start of the sum.</summary>
/// <remarks>Without AVX-VNNI the same sums are formed lane by lane; only tests come here then.</remarks>
internal readonly unsafe struct RaisedQuads256 : IInt8Step<Vector256<int>>
{
    public static int Lanes => 8;

    public static int Depth => 4;

    public static int Offset => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(int* p) => Vector256.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(int* p) => Vector256.Create(*p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> sum, Vector256<int> x, Vector256<int> w) => AvxVnni.IsSupported
        ? AvxVnni.MultiplyWideningAndAdd(sum, x.AsByte(), w.AsSByte())
        : sum + ((x & Vector256.Create(0xFF)) * ((w << 24) >> 24))
            + (((x >>> 8) & Vector256.Create(0xFF)) * ((w << 16) >> 24))
            + (((x >>> 16) & Vector256.Create(0xFF)) * ((w << 8) >> 24))
            + ((x >>> 24) * (w >> 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<int> value, int* p) => value.Store(p);
}

/// <summary>128 bits, quads: Arm's signed dot product.</summary>
/// <remarks>Without it the same sums are formed lane by lane; only tests come here then.</remarks>
internal readonly unsafe struct SignedQuads128 : IInt8Step<Vector128<int>>
{
    public static int Lanes => 4;

    public static int Depth => 4;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(int* p) => Vector128.Load(p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(int* p) => Vector128.Create(*p);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dot(Vector128<int> sum, Vector128<int> x, Vector128<int> w) => Dp.IsSupported
        ? Dp.DotProduct(sum, x.AsSByte(), w.AsSByte())
        : sum + (((x << 24) >> 24) * ((w << 24) >> 24)) + (((x << 16) >> 24) * ((w << 16) >> 24))
            + (((x << 8) >> 24) * ((w << 8) >> 24)) + ((x >> 24) * (w >> 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<int> value, int* p) => value.Store(p);
}
