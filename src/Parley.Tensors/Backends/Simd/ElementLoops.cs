using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>Loops of a function over dense memory with the widest registers there are.</summary>
/// <remarks>The last, partial register goes through a buffer, so an element's result does not depend on where it stands.</remarks>
internal static unsafe class ElementLoops
{
    /// <summary>Floats in the registers that kernels use on this machine.</summary>
    internal static int Width => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;

    /// <summary>y = f(x); x and y may be the same.</summary>
    internal static void Map<TFunction>(float* x, float* y, long count)
        where TFunction : struct, IUnary
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Map<TFunction, Lanes512>(x, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Map<TFunction, Lanes256>(x, y, count);
        }
        else
        {
            Map<TFunction, Lanes128>(x, y, count);
        }
    }

    internal static void Map<TFunction, T>(float* x, float* y, long count)
        where TFunction : struct, IUnary
        where T : struct, ILanes<T>
    {
        long i = 0;
        for (; i <= count - (2 * T.Count); i += 2 * T.Count)
        {
            var (first, second) = (TFunction.Apply(T.Load(x + i)), TFunction.Apply(T.Load(x + i + T.Count)));
            first.Store(y + i);
            second.Store(y + i + T.Count);
        }

        for (; i <= count - T.Count; i += T.Count)
        {
            TFunction.Apply(T.Load(x + i)).Store(y + i);
        }

        if (i < count)
        {
            var rest = LoadPart<T>(x + i, count - i, 0f);
            StorePart(TFunction.Apply(rest), y + i, count - i);
        }
    }

    /// <summary>y = f(a, b), where a step of 0 repeats one value and 1 walks.</summary>
    internal static void Zip<TFunction>(float* a, long aStep, float* b, long bStep, float* y, long count)
        where TFunction : struct, IBinary
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Zip<TFunction, Lanes512>(a, aStep, b, bStep, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Zip<TFunction, Lanes256>(a, aStep, b, bStep, y, count);
        }
        else
        {
            Zip<TFunction, Lanes128>(a, aStep, b, bStep, y, count);
        }
    }

    internal static void Zip<TFunction, T>(float* a, long aStep, float* b, long bStep, float* y, long count)
        where TFunction : struct, IBinary
        where T : struct, ILanes<T>
    {
        long i = 0;
        if (aStep == 1 && bStep == 1)
        {
            for (; i <= count - T.Count; i += T.Count)
            {
                TFunction.Apply(T.Load(a + i), T.Load(b + i)).Store(y + i);
            }
        }
        else if (count >= T.Count)
        {
            var (left, right) = (T.Of(*a), T.Of(*b));
            for (; i <= count - T.Count; i += T.Count)
            {
                left = aStep == 1 ? T.Load(a + i) : left;
                right = bStep == 1 ? T.Load(b + i) : right;
                TFunction.Apply(left, right).Store(y + i);
            }
        }

        if (i < count)
        {
            var left = aStep == 1 ? LoadPart<T>(a + i, count - i, 0f) : T.Of(*a);
            var right = bStep == 1 ? LoadPart<T>(b + i, count - i, 0f) : T.Of(*b);
            StorePart(TFunction.Apply(left, right), y + i, count - i);
        }
    }

    /// <summary>A register whose first lanes come from memory and whose others hold <paramref name="fill"/>.</summary>
    internal static T LoadPart<T>(float* source, long count, float fill)
        where T : struct, ILanes<T>
    {
        var buffer = stackalloc float[16];
        T.Of(fill).Store(buffer);
        for (var i = 0; i < count; i++)
        {
            buffer[i] = source[i];
        }

        return T.Load(buffer);
    }

    /// <summary>Writes the first lanes of a register.</summary>
    internal static void StorePart<T>(T value, float* target, long count)
        where T : struct, ILanes<T>
    {
        var buffer = stackalloc float[16];
        value.Store(buffer);
        for (var i = 0; i < count; i++)
        {
            target[i] = buffer[i];
        }
    }
}
