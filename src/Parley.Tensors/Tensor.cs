namespace Parley.Tensors;

/// <summary>A strided view of float32 memory. Operations never change their inputs; each returns a new tensor or a view.</summary>
public sealed unsafe partial class Tensor : IDisposable
{
    private readonly long[] _strides;

    internal Tensor(Storage storage, long offset, Shape shape, long[] strides, Backend backend)
    {
        (Storage, Offset, Shape, _strides, Backend) = (storage, offset, shape, strides, backend);
        IsContiguous = Contiguous(shape, strides);
    }

    /// <summary>Sizes of the dimensions, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>What computes this tensor's operations.</summary>
    public Backend Backend { get; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Whether the elements lie one after another in row-major order.</summary>
    public bool IsContiguous { get; }

    /// <summary>Steps in elements from one index to the next, by dimension.</summary>
    internal ReadOnlySpan<long> Strides => _strides;

    internal Storage Storage { get; }

    internal long Offset { get; }

    /// <summary>Address of the first element.</summary>
    internal float* Pointer => Storage.Pointer + Offset;

    /// <summary>The elements of a contiguous tensor in row-major order, valid as long as the tensor is.</summary>
    public ReadOnlySpan<float> Values => IsContiguous
        ? new ReadOnlySpan<float>(Pointer, checked((int)Count))
        : throw new InvalidOperationException($"values: a view of shape {Shape} is not contiguous; call Contiguous() first");

    /// <summary>The only element of a tensor that has one.</summary>
    public float Scalar => Count == 1 ? *Pointer : throw new ShapeException($"scalar: shape {Shape} has {Count} elements");

    /// <summary>Uninitialised memory that the innermost scope of this thread frees.</summary>
    public static Tensor Empty(Shape shape, Backend backend) =>
        new(new Storage(shape.Count, scoped: true), 0, shape, RowMajor(shape), backend);

    /// <summary>Zeroed memory that no scope frees: for caches and parameters, whose owner disposes it.</summary>
    public static Tensor Allocate(Shape shape, Backend backend)
    {
        var tensor = new Tensor(new Storage(shape.Count, scoped: false), 0, shape, RowMajor(shape), backend);
        System.Runtime.InteropServices.NativeMemory.Clear(tensor.Pointer, (nuint)(shape.Count * sizeof(float)));
        return tensor;
    }

    /// <summary>Zeros.</summary>
    public static Tensor Zeros(Shape shape, Backend backend)
    {
        var tensor = Empty(shape, backend);
        System.Runtime.InteropServices.NativeMemory.Clear(tensor.Pointer, (nuint)(shape.Count * sizeof(float)));
        return tensor;
    }

    /// <summary>A copy of <paramref name="values"/>, given in row-major order.</summary>
    public static Tensor From(ReadOnlySpan<float> values, Shape shape, Backend backend)
    {
        if (values.Length != shape.Count)
        {
            throw new ShapeException($"tensor: {values.Length} values do not fill {shape}");
        }

        var tensor = Empty(shape, backend);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>A tensor over memory that lives as long as <paramref name="owner"/>, such as a mapped file.</summary>
    /// <param name="address">Address of the first float32 value, 4-byte aligned.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="owner">Kept alive by the tensor.</param>
    /// <param name="backend">What computes on it.</param>
    public static Tensor Borrow(nint address, Shape shape, object owner, Backend backend) =>
        new(new Storage((float*)address, shape.Count, owner), 0, shape, RowMajor(shape), backend);

    /// <summary>A copy of the elements in row-major order.</summary>
    public float[] ToArray()
    {
        var values = new float[Count];
        if (values.Length > 0)
        {
            fixed (float* target = values)
            {
                using var scope = new TensorScope();
                var dense = Contiguous();
                Buffer.MemoryCopy(dense.Pointer, target, Count * sizeof(float), Count * sizeof(float));
                GC.KeepAlive(dense);
            }
        }

        return values;
    }

    /// <summary>This tensor if it is contiguous, else a contiguous copy.</summary>
    public Tensor Contiguous()
    {
        if (IsContiguous)
        {
            return this;
        }

        return Clone();
    }

    /// <summary>A contiguous copy, never a view.</summary>
    public Tensor Clone()
    {
        var copy = Empty(Shape, Backend);
        Backend.Copy(this, copy);
        GC.KeepAlive(this);
        return Note("copy", copy, [this], Saves.Nothing, (g, _) => [g]);
    }

    /// <summary>Overwrites this tensor's elements; only for state that its owner keeps, such as a cache.</summary>
    public void CopyFrom(Tensor source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Shape != Shape)
        {
            throw new ShapeException($"copy: {source.Shape} does not fit {Shape}");
        }

        Backend.Copy(source, this);
        GC.KeepAlive(source);
        GC.KeepAlive(this);
    }

    /// <summary>Overwrites a contiguous tensor's elements in row-major order; only for parameters and state, by their owner.</summary>
    public void Fill(ReadOnlySpan<float> values)
    {
        if (!IsContiguous || values.Length != Count)
        {
            throw new ShapeException($"fill: {values.Length} values do not fill {Shape}");
        }

        values.CopyTo(Span);
        GC.KeepAlive(this);
    }

    /// <summary>Lets <paramref name="write"/> overwrite a contiguous tensor's elements; only for parameters and state, by their owner.</summary>
    public void Fill(SpanAction write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (!IsContiguous)
        {
            throw new ShapeException($"fill: a view of shape {Shape} is not contiguous");
        }

        write(Span);
        GC.KeepAlive(this);
    }

    /// <summary>Frees the memory at once; for tensors from <see cref="Allocate"/>. Views of it become unusable.</summary>
    public void Dispose() => Storage.Dispose();

    /// <summary>Gives a scoped temporary's memory back before its scope ends; for the last use of a large one in a loop. A view of it becomes unusable.</summary>
    public void Release()
    {
        if (!Storage.IsHeld && TensorScope.Owns(Storage))
        {
            Storage.Dispose();
        }
    }

    /// <summary>Takes the memory out of the scope it was made in: from now on its holder disposes it. Contiguous tensors only, and no views of others.</summary>
    public Tensor Detach()
    {
        if (!IsContiguous || Offset != 0 || !TensorScope.Owns(Storage))
        {
            var copy = Allocate(Shape, Backend);
            Backend.Copy(this, copy);
            GC.KeepAlive(this);
            return copy;
        }

        return this;
    }

    /// <summary>Shape and first values.</summary>
    public override string ToString() => $"Tensor {Shape}";

    internal Span<float> Span => new(Pointer, checked((int)Count));

    internal static long[] RowMajor(Shape shape)
    {
        var strides = new long[shape.Rank];
        long step = 1;
        for (var i = shape.Rank - 1; i >= 0; i--)
        {
            strides[i] = step;
            step *= shape[i];
        }

        return strides;
    }

    private static bool Contiguous(Shape shape, long[] strides)
    {
        long step = 1;
        for (var i = shape.Rank - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != step)
            {
                return false;
            }

            step *= shape[i];
        }

        return true;
    }

    /// <summary>Makes the result of an operation: memory of <paramref name="shape"/>, filled by <paramref name="forward"/>.</summary>
    /// <remarks>
    /// Every operation goes through here; <see cref="Record"/> adds the rule of its gradient. Kernels see addresses only: the operation's inputs
    /// are kept from the garbage collector until they are done.
    /// </remarks>
    private static Tensor Compute(Backend backend, Shape shape, Action<Tensor> forward)
    {
        var y = Empty(shape, backend);
        if (y.Count > 0)
        {
            forward(y);
            GC.KeepAlive(forward);
        }

        return y;
    }

    private static Backend Common(string operation, Tensor a, Tensor b) => ReferenceEquals(a.Backend, b.Backend)
        ? a.Backend
        : throw new InvalidOperationException($"{operation}: the tensors belong to different backends");
}

/// <summary>Writes into memory that it may not keep.</summary>
public delegate void SpanAction(Span<float> target);
