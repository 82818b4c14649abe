using Parley.Tensors;

namespace Parley.Models;

/// <summary>A decoder layer's keys and values of the audio, which every step reads from end to end: in float32, or in 16 bits where the layer's weights are not float32 either.</summary>
internal sealed class WhisperCrossMemory : IDisposable
{
    private readonly (CompactRows Keys, CompactRows Values)? _compact;
    private Tensor? _keys;
    private Tensor? _values;

    /// <summary>Keeps keys and values [windows, heads, time, head dim].</summary>
    public WhisperCrossMemory(Tensor keys, Tensor values, bool compact)
    {
        Windows = keys.Shape[0];
        if (compact)
        {
            _compact = (CompactRows.From(keys), CompactRows.From(values));
        }
        else
        {
            (_keys, _values) = (keys.Contiguous().Detach(), values.Contiguous().Detach());
        }
    }

    /// <summary>Windows of audio.</summary>
    public int Windows { get; private set; }

    /// <summary>Queries [windows, heads, queries, head dim] to what they find, of the same shape.</summary>
    public Tensor Attend(Tensor queries, float scale) => _compact is { } rows
        ? Tensor.Attention(queries, rows.Keys, rows.Values, scale)
        : Tensor.Attention(queries, _keys!, _values!, new AttentionOptions(scale));

    /// <summary>How much queries look at each place [windows, heads, queries, time].</summary>
    public Tensor Weights(Tensor queries, float scale) =>
        (queries * scale).MatMul((_compact is { } rows ? rows.Keys.ToTensor(queries.Backend) : _keys!).Transpose(2, 3)).Softmax();

    /// <summary>Goes on with some windows only, in the given order.</summary>
    public void Keep(ReadOnlySpan<int> windows, Backend backend)
    {
        if (_compact is { } rows)
        {
            rows.Keys.Keep(windows);
            rows.Values.Keep(windows);
        }
        else
        {
            _keys = LayerCache.Pick(_keys!, windows, _keys!.Shape[1], backend);
            _values = LayerCache.Pick(_values!, windows, _values!.Shape[1], backend);
        }

        Windows = windows.Length;
    }

    public void Dispose()
    {
        _compact?.Keys.Dispose();
        _compact?.Values.Dispose();
        _keys?.Dispose();
        _values?.Dispose();
    }
}
