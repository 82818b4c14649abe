namespace Parley.Tensors;

/// <summary>Blocks from the pool that all go back together.</summary>
internal sealed unsafe class RecurrentRoom : IDisposable
{
    private readonly List<(nint Block, long Bytes)> _blocks = [];

    internal float* Take(long floats)
    {
        var bytes = Math.Max(floats, 1) * sizeof(float);
        var block = MemoryPool.Rent(bytes);
        _blocks.Add((block, bytes));
        return (float*)block;
    }

    internal float* Zeros(long floats)
    {
        var block = Take(floats);
        System.Runtime.InteropServices.NativeMemory.Clear(block, (nuint)(floats * sizeof(float)));
        return block;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (block, bytes) in _blocks)
        {
            MemoryPool.Return(block, bytes);
        }
    }
}
