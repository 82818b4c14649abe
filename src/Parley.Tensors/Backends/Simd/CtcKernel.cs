using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Parley.Tensors;

/// <summary>The CTC recursions of one utterance over all states at once, in logarithms, each frame's values relative to its largest: so floats suffice.</summary>
/// <remarks>
/// States: blank, t0, blank, t1, …, blank. A row of states has two −∞ before it and two after, so that neighbours are read without a test:
/// <code>
/// forward:  a'[s] = log p(s) + lse(a[s], a[s − 1], a[s − 2] + skip[s])      skip: 0, or −∞ for a blank and for a repeated symbol
/// backward: b'[s] = lse(c[s], c[s + 1], c[s + 2] + skip[s + 2]),  c = b + log p
/// </code>
/// </remarks>
internal static unsafe class CtcKernel
{
    private const int Margin = 16;

    /// <summary>Loss of rows [frames, symbols] of log probabilities; with <paramref name="gradient"/> they become the gradient of the logits, up to row <paramref name="time"/>.</summary>
    internal static float Run(float* rows, int frames, int time, int symbols, int[] target, int blank, bool gradient)
    {
        var length = (long)symbols * (time - frames);
        if (gradient)
        {
            Clear(rows + ((long)frames * symbols), length);
        }

        if (frames == 0)
        {
            return target.Length == 0 ? 0 : float.PositiveInfinity;
        }

        return Vector512.IsHardwareAccelerated
            ? Run<Lanes512>(rows, frames, symbols, target, blank, gradient)
            : Vector256.IsHardwareAccelerated
                ? Run<Lanes256>(rows, frames, symbols, target, blank, gradient)
                : Run<Lanes128>(rows, frames, symbols, target, blank, gradient);
    }

    private static float Run<T>(float* rows, int frames, int symbols, int[] target, int blank, bool gradient)
        where T : struct, ILanes<T>
    {
        var states = (2 * target.Length) + 1;
        var stride = ((states + T.Count - 1) / T.Count * T.Count) + (2 * Margin);
        var bytes = (gradient ? frames + 4L : 6L) * stride * sizeof(float);
        var memory = (float*)MemoryPool.Rent(bytes);
        new Span<float>(memory, checked((int)(bytes / sizeof(float)))).Fill(float.NegativeInfinity);
        var (ids, idBytes) = (new int[states], bytes);
        var skip = memory + Margin;
        for (var s = 0; s < states; s++)
        {
            ids[s] = s % 2 == 0 ? blank : target[s / 2];
            skip[s] = s > 1 && s % 2 == 1 && ids[s] != ids[s - 2] ? 0 : float.NegativeInfinity;
        }

        var emitted = skip + stride;
        var (alphas, scale) = (2L, 0.0);
        var alpha = Row(memory, alphas, stride);
        alpha[0] = rows[blank];
        if (states > 1)
        {
            alpha[1] = rows[ids[1]];
        }

        for (var t = 1; t < frames; t++)
        {
            var next = Row(memory, alphas + (gradient ? t : t % 2), stride);
            Gather(rows + ((long)t * symbols), ids, emitted);
            scale += Forward<T>(alpha, skip, emitted, next, states);
            alpha = next;
        }

        var loss = -(scale + LogAdd(alpha[states - 1], states > 1 ? alpha[states - 2] : float.NegativeInfinity));
        if (gradient)
        {
            Backward<T>(rows, frames, symbols, ids, skip, emitted, memory, stride, states, infinite: double.IsPositiveInfinity(loss));
        }

        MemoryPool.Return((nint)memory, idBytes);
        return (float)loss;
    }

    /// <summary>One frame on; returns what was taken off the result so that its largest is 0.</summary>
    private static double Forward<T>(float* alpha, float* skip, float* emitted, float* next, int states)
        where T : struct, ILanes<T>
    {
        var top = T.Of(float.NegativeInfinity);
        for (var s = 0; s < states; s += T.Count)
        {
            var value = LogSum(T.Load(alpha + s), T.Load(alpha + s - 1), T.Load(alpha + s - 2) + T.Load(skip + s)) + T.Load(emitted + s);
            value.Store(next + s);
            top = T.Max(top, value);
        }

        return Center<T>(next, states, Largest(top));
    }

    private static void Backward<T>(float* rows, int frames, int symbols, int[] ids, float* skip, float* emitted, float* memory, int stride, int states, bool infinite)
        where T : struct, ILanes<T>
    {
        if (infinite)
        {
            Clear(rows, (long)frames * symbols);
            return;
        }

        // beta and the product of both live in the two rows after the alphas.
        var beta = Row(memory, 2L + frames, stride);
        var joint = Row(memory, 3L + frames, stride);
        for (var s = Math.Max(0, states - 2); s < states; s++)
        {
            beta[s] = 0;
        }

        for (var t = frames - 1; t >= 0; t--)
        {
            var row = rows + ((long)t * symbols);
            var alpha = Row(memory, 2L + t, stride);
            Gather(row, ids, emitted);
            Posterior<T>(alpha, beta, joint, states);
            ElementLoops.Map<UnaryFunctions.Exp>(row, row, symbols);
            for (var s = 0; s < states; s++)
            {
                row[ids[s]] -= joint[s];
            }

            if (t > 0)
            {
                Back<T>(beta, skip, emitted, joint, states);
            }
        }
    }

    /// <summary>joint = exp(alpha + beta), scaled to a sum of 1.</summary>
    private static void Posterior<T>(float* alpha, float* beta, float* joint, int states)
        where T : struct, ILanes<T>
    {
        var top = T.Of(float.NegativeInfinity);
        for (var s = 0; s < states; s += T.Count)
        {
            var value = T.Load(alpha + s) + T.Load(beta + s);
            value.Store(joint + s);
            top = T.Max(top, value);
        }

        var (center, sum) = (T.Of(Largest(top)), T.Of(0f));
        for (var s = 0; s < states; s += T.Count)
        {
            var value = VectorMath.ExpNonPositive(T.Load(joint + s) - center);
            value.Store(joint + s);
            sum += value;
        }

        var factor = T.Of(1f / sum.Sum());
        for (var s = 0; s < states; s += T.Count)
        {
            (T.Load(joint + s) * factor).Store(joint + s);
        }
    }

    /// <summary>beta one frame back, by way of <paramref name="room"/>.</summary>
    private static void Back<T>(float* beta, float* skip, float* emitted, float* room, int states)
        where T : struct, ILanes<T>
    {
        for (var s = 0; s < states; s += T.Count)
        {
            (T.Load(beta + s) + T.Load(emitted + s)).Store(room + s);
        }

        new Span<float>(room + states, Margin).Fill(float.NegativeInfinity);
        var top = T.Of(float.NegativeInfinity);
        for (var s = 0; s < states; s += T.Count)
        {
            var value = LogSum(T.Load(room + s), T.Load(room + s + 1), T.Load(room + s + 2) + T.Load(skip + s + 2));
            value.Store(beta + s);
            top = T.Max(top, value);
        }

        new Span<float>(beta + states, Margin).Fill(float.NegativeInfinity);
        Center<T>(beta, states, Largest(top));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LogSum<T>(T a, T b, T c)
        where T : struct, ILanes<T>
    {
        // Where all are −∞ the largest is held at a finite value, so that differences are −∞ and not NaN.
        var top = T.MaxNative(T.MaxNative(T.Of(-1e30f), c), T.MaxNative(a, b));
        var sum = VectorMath.ExpNonPositive(a - top) + VectorMath.ExpNonPositive(b - top) + VectorMath.ExpNonPositive(c - top);
        return top + VectorMath.Log(sum);
    }

    private static double Center<T>(float* values, int states, float top)
        where T : struct, ILanes<T>
    {
        if (float.IsNegativeInfinity(top))
        {
            return 0;
        }

        var shift = T.Of(top);
        for (var s = 0; s < states; s += T.Count)
        {
            (T.Load(values + s) - shift).Store(values + s);
        }

        return top;
    }

    private static float Largest<T>(T lanes)
        where T : struct, ILanes<T>
    {
        var buffer = stackalloc float[16];
        lanes.Store(buffer);
        var top = buffer[0];
        for (var i = 1; i < T.Count; i++)
        {
            top = Math.Max(top, buffer[i]);
        }

        return top;
    }

    private static void Gather(float* row, int[] ids, float* emitted)
    {
        for (var s = 0; s < ids.Length; s++)
        {
            emitted[s] = row[ids[s]];
        }
    }

    private static double LogAdd(double a, double b)
    {
        var (high, low) = a > b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }

    private static float* Row(float* memory, long index, int stride) => memory + (index * stride) + Margin;

    private static void Clear(float* values, long count)
    {
        for (; count > 0; values += 1 << 28, count -= 1 << 28)
        {
            new Span<float>(values, (int)Math.Min(count, 1 << 28)).Clear();
        }
    }
}
