using Parley.Tensors;

namespace Parley.Models;

/// <summary>The newest keys and values of a stream: step t lies in slot t mod capacity. All memory is taken at once.</summary>
internal sealed class KeyRing(int batch, int heads, int capacity, int width, Backend backend) : IDisposable
{
    private readonly Tensor _keys = Tensor.Allocate([batch, heads, capacity, width], backend);
    private readonly Tensor _values = Tensor.Allocate([batch, heads, capacity, width], backend);

    /// <summary>Stores keys and values [batch, heads, steps, width] of steps from <paramref name="start"/> on; returns all slots.</summary>
    public (Tensor Keys, Tensor Values) Push(Tensor keys, Tensor values, long start)
    {
        for (var done = 0; done < keys.Shape[2];)
        {
            var slot = (int)((start + done) % capacity);
            var count = Math.Min(keys.Shape[2] - done, capacity - slot);
            _keys.Slice(2, slot, slot + count).CopyFrom(keys.Slice(2, done, done + count));
            _values.Slice(2, slot, slot + count).CopyFrom(values.Slice(2, done, done + count));
            done += count;
        }

        return (_keys, _values);
    }

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }
}
