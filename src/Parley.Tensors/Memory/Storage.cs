namespace Parley.Tensors;

/// <summary>One block of float32 memory that tensors look into: pooled, or borrowed from a mapped checkpoint.</summary>
internal sealed unsafe class Storage : IDisposable
{
    private static long _live;
    private readonly object? _owner;
    private long _pressure;
    private readonly long _blockSize;
    private float* _pointer;

    /// <summary>A pooled block of uninitialised memory; the innermost scope of this thread frees it.</summary>
    internal Storage(long length, bool scoped)
    {
        Length = length;
        _pointer = (float*)MemoryPool.Rent(Math.Max(length, 1) * sizeof(float), out _blockSize);
        Interlocked.Increment(ref _live);
        if (!scoped || !TensorScope.Track(this))
        {
            LeaveToCollector();
        }
    }

    /// <summary>Memory that somebody else owns and that lives as long as <paramref name="owner"/>.</summary>
    internal Storage(float* borrowed, long length, object owner)
    {
        _pointer = borrowed;
        (Length, _owner) = (length, owner);
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns the block to the pool.</summary>
    ~Storage() => Release();

    /// <summary>Number of float32 values.</summary>
    internal long Length { get; }

    /// <summary>Blocks rented and not yet returned, over all threads.</summary>
    internal static long Live => Interlocked.Read(ref _live);

    /// <summary>Tests set this so that a freed block reads as NaN.</summary>
    internal static bool Poison { get; set; }

    /// <summary>The first value; throws when the block has been freed.</summary>
    internal float* Pointer => _pointer is not null
        ? _pointer
        : throw new ObjectDisposedException(nameof(Tensor), "this tensor's memory was returned by the scope it was made in; return it from TensorScope.Run to keep it");

    internal bool IsFreed => _pointer is null;

    internal bool IsBorrowed => _owner is not null;

    /// <summary>A recorded operation will read this block when gradients are computed.</summary>
    internal bool IsHeld { get; set; }

    /// <summary>The scope it was made in has ended: only recorded operations know it.</summary>
    internal bool IsAbandoned { get; set; }

    /// <summary>No scope frees this block: the garbage collector does, and is told how large it is.</summary>
    internal void LeaveToCollector()
    {
        _pressure = Length * sizeof(float);
        if (_pressure > 0)
        {
            GC.AddMemoryPressure(_pressure);
        }
    }

    /// <summary>Returns the block to the pool at once.</summary>
    public void Dispose()
    {
        if (_owner is null)
        {
            Release();
            GC.SuppressFinalize(this);
        }
    }

    private void Release()
    {
        if (_pointer is null || _owner is not null)
        {
            return;
        }

        if (Poison)
        {
            new Span<float>(_pointer, (int)Math.Min(Length, int.MaxValue)).Fill(float.NaN);
        }

        MemoryPool.Return((nint)_pointer, _blockSize);
        _pointer = null;
        Interlocked.Decrement(ref _live);
        if (_pressure > 0)
        {
            GC.RemoveMemoryPressure(_pressure);
        }
    }
}
