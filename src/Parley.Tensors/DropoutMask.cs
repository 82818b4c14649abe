using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Which elements a dropout keeps: a function of its seed and the element's place, so that it can be asked again and needs no memory.</summary>
/// <remarks>Two rounds of the 32-bit finaliser of MurmurHash3 (Appleby 2011, public domain) over place and seed.</remarks>
internal static class DropoutMask
{
    /// <summary>Smallest hash that is kept: ⌈p 2³¹⌉ of 31 bits.</summary>
    internal static int Threshold(float p) => (int)Math.Min(int.MaxValue, Math.Ceiling(p * 2147483648.0));

    /// <summary>31 random bits of element <paramref name="index"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Bits(ulong seed, long index)
    {
        var high = (uint)((ulong)index >> 32) * 0x9E3779B1u;
        var hash = Mix((uint)index ^ (uint)seed ^ high);
        return (int)(Mix(hash + (uint)(seed >> 32)) >> 1);
    }

    /// <summary>The same for eight elements from <paramref name="index"/> on, which must not cross a multiple of 2³².</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Eight(ulong seed, long index)
    {
        var high = (uint)((ulong)index >> 32) * 0x9E3779B1u;
        var places = Vector256.Create((uint)index) + Vector256<uint>.Indices;
        var hash = Mix(places ^ Vector256.Create((uint)seed ^ high));
        return (Mix(hash + Vector256.Create((uint)(seed >> 32))) >> 1).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Mix(Vector256<uint> hash)
    {
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6Bu;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35u;
        return hash ^ (hash >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mix(uint hash)
    {
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6Bu;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35u;
        return hash ^ (hash >> 16);
    }
}
