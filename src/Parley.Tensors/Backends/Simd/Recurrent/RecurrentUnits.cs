using System.Runtime.CompilerServices;

namespace Parley.Tensors;

/// <summary>The gate functions of one row and some units; pointers are at the first of these units, parts of a row so many floats apart.</summary>
internal static unsafe class RecurrentUnits<T>
    where T : struct, ILanes<T>
{
    /// <summary>gates: W x + b in, gates out; product: U h; c: the memory before in <paramref name="before"/>.</summary>
    internal static void Lstm(float* gates, long part, float* product, long productPart, float* before, float* c, float* h, int count)
    {
        for (var j = 0; j < count; j += T.Count)
        {
            var left = count - j;
            var i = VectorMath.Sigmoid(Read(gates + j, left) + Read(product + j, left));
            var f = VectorMath.Sigmoid(Read(gates + part + j, left) + Read(product + productPart + j, left));
            var g = VectorMath.Tanh(Read(gates + (2 * part) + j, left) + Read(product + (2 * productPart) + j, left));
            var o = VectorMath.Sigmoid(Read(gates + (3 * part) + j, left) + Read(product + (3 * productPart) + j, left));
            var memory = T.MultiplyAdd(i, g, f * Read(before + j, left));
            Write(i, gates + j, left);
            Write(f, gates + part + j, left);
            Write(g, gates + (2 * part) + j, left);
            Write(o, gates + (3 * part) + j, left);
            Write(memory, c + j, left);
            Write(o * VectorMath.Tanh(memory), h + j, left);
        }
    }

    /// <summary>inner: U h + b of the new value, noted for the gradient; bias may be null.</summary>
    internal static void Gru(float* gates, long part, float* product, long productPart, float* bias, float* before, float* inner, float* h, int count)
    {
        for (var j = 0; j < count; j += T.Count)
        {
            var left = count - j;
            var r = VectorMath.Sigmoid(Read(gates + j, left) + Read(product + j, left));
            var z = VectorMath.Sigmoid(Read(gates + part + j, left) + Read(product + productPart + j, left));
            var u = Read(product + (2 * productPart) + j, left);
            u = bias is null ? u : u + Read(bias + j, left);
            var n = VectorMath.Tanh(T.MultiplyAdd(r, u, Read(gates + (2 * part) + j, left)));
            Write(r, gates + j, left);
            Write(z, gates + part + j, left);
            Write(n, gates + (2 * part) + j, left);
            Write(u, inner + j, left);
            Write(T.MultiplyAdd(z, Read(before + j, left) - n, n), h + j, left);
        }
    }

    /// <summary>One gate, which is the new state.</summary>
    internal static void Simple(RecurrentCell cell, float* gates, float* product, float* h, int count)
    {
        for (var j = 0; j < count; j += T.Count)
        {
            var left = count - j;
            var sum = Read(gates + j, left) + Read(product + j, left);
            var y = cell == RecurrentCell.Tanh ? VectorMath.Tanh(sum) : T.Max(sum, T.Of(0f));
            y = cell == RecurrentCell.ClippedRelu ? T.Min(y, T.Of(20f)) : y;
            Write(y, gates + j, left);
            Write(y, h + j, left);
        }
    }

    /// <summary>gates: gates in, gradients of their arguments out, a copy in <paramref name="deltas"/>; dc: the gradient of c in, of the memory before out.</summary>
    internal static void LstmGradient(float* gates, long part, float* before, float* c, float* dh, float* dc, float* deltas, int count)
    {
        var one = T.Of(1f);
        for (var j = 0; j < count; j += T.Count)
        {
            var left = count - j;
            var (i, f) = (Read(gates + j, left), Read(gates + part + j, left));
            var (g, o) = (Read(gates + (2 * part) + j, left), Read(gates + (3 * part) + j, left));
            var (tanh, d) = (VectorMath.Tanh(Read(c + j, left)), Read(dh + j, left));
            var outer = d * o;
            var inner = T.MultiplyAdd(outer, one - (tanh * tanh), Read(dc + j, left));
            Both(inner * g * i * (one - i), gates + j, deltas + j, left);
            Both(inner * Read(before + j, left) * f * (one - f), gates + part + j, deltas + part + j, left);
            Both(inner * i * (one - (g * g)), gates + (2 * part) + j, deltas + (2 * part) + j, left);
            Both(outer * tanh * (one - o), gates + (3 * part) + j, deltas + (3 * part) + j, left);
            Write(inner * f, dc + j, left);
        }
    }

    /// <summary>inner: U h + b in, its gradient out; dh: what passes to the state before beside the product out.</summary>
    internal static void GruGradient(float* gates, long part, float* before, float* inner, float* dh, float* deltas, int count)
    {
        var one = T.Of(1f);
        for (var j = 0; j < count; j += T.Count)
        {
            var left = count - j;
            var (r, z, n) = (Read(gates + j, left), Read(gates + part + j, left), Read(gates + (2 * part) + j, left));
            var (d, u) = (Read(dh + j, left), Read(inner + j, left));
            var dn = d * (one - z) * (one - (n * n));
            var du = dn * r;
            Both(du * u * (one - r), gates + j, deltas + j, left);
            Both(d * (Read(before + j, left) - n) * z * (one - z), gates + part + j, deltas + part + j, left);
            Write(dn, gates + (2 * part) + j, left);
            Both(du, inner + j, deltas + (2 * part) + j, left);
            Write(d * z, dh + j, left);
        }
    }

    /// <summary>gates: the state in, the gradient of its argument out.</summary>
    internal static void SimpleGradient(RecurrentCell cell, float* gates, float* dh, float* deltas, int count)
    {
        var (zero, one) = (T.Of(0f), T.Of(1f));
        for (var j = 0; j < count; j += T.Count)
        {
            var left = count - j;
            var (h, d) = (Read(gates + j, left), Read(dh + j, left));
            d = cell == RecurrentCell.Tanh ? d * (one - (h * h)) : d & T.Less(zero, h);
            d = cell == RecurrentCell.ClippedRelu ? d & T.Less(h, T.Of(20f)) : d;
            Both(d, gates + j, deltas + j, left);
        }
    }

    /// <summary>h = o tanh c, before a projection.</summary>
    internal static void Unprojected(float* output, float* c, float* h, int count)
    {
        for (var j = 0; j < count; j += T.Count)
        {
            Write(Read(output + j, count - j) * VectorMath.Tanh(Read(c + j, count - j)), h + j, count - j);
        }
    }

    /// <summary>y = a + b.</summary>
    internal static void Add(float* a, float* b, float* y, int count)
    {
        for (var j = 0; j < count; j += T.Count)
        {
            Write(Read(a + j, count - j) + Read(b + j, count - j), y + j, count - j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Read(float* source, int left) => left >= T.Count ? T.Load(source) : ElementLoops.LoadPart<T>(source, left, 0f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(T value, float* target, int left)
    {
        if (left >= T.Count)
        {
            value.Store(target);
        }
        else
        {
            ElementLoops.StorePart(value, target, left);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Both(T value, float* first, float* second, int left)
    {
        Write(value, first, left);
        Write(value, second, left);
    }
}
