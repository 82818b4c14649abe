using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>Derivatives of the functions behind <see cref="UnaryOp"/>, times a gradient g; v is the input, or the result where <see cref="Backend.DerivesFromResult"/>.</summary>
internal static class GradientFunctions
{
    internal readonly struct Abs : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => T.Select(T.Equal(v, T.Of(0f)), T.Of(0f), g ^ (v & T.OfBits(int.MinValue)));
    }

    internal readonly struct Log : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => g / v;
    }

    internal readonly struct Sqrt : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => T.Of(0.5f) * g / v;
    }

    internal readonly struct Square : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => (v + v) * g;
    }

    internal readonly struct Sin : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => g * VectorMath.Cos(v);
    }

    internal readonly struct Cos : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => -(g * VectorMath.Sin(v));
    }

    internal readonly struct Tanh : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => g * (T.Of(1f) - (v * v));
    }

    internal readonly struct Sigmoid : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => g * v * (T.Of(1f) - v);
    }

    internal readonly struct Relu : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => T.Select(T.Less(T.Of(0f), v), g, T.Of(0f));
    }

    internal readonly struct Gelu : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => g * VectorMath.GeluDerivative(v);
    }

    internal readonly struct GeluTanh : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => g * VectorMath.GeluTanhDerivative(v);
    }

    internal readonly struct Silu : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Apply<T>(T v, T g)
            where T : struct, ILanes<T> => g * VectorMath.SiluDerivative(v);
    }
}
