using Parley.Tensors;

namespace Parley.Models;

/// <summary>What one transcription remembers: the windows' keys and values, and those of the tokens so far.</summary>
/// <remarks>Rows are token sequences, <c>beams</c> for each window, side by side. All rows have the same number of tokens.</remarks>
public sealed class WhisperState : IDisposable
{
    private readonly WhisperConfig _config;
    private readonly List<int[]> _history = [];

    internal WhisperState(WhisperConfig config, WhisperCrossMemory[] cross, int beams, Backend backend)
    {
        _config = config;
        Windows = cross[0].Windows;
        Rows = Windows * beams;
        Layers = [.. cross.Select(c => new LayerCache(Rows, config.Dim, config.TextPositions, c, backend))];
    }

    /// <summary>Windows of audio.</summary>
    public int Windows { get; private set; }

    /// <summary>Token sequences.</summary>
    public int Rows { get; private set; }

    /// <summary>Tokens taken so far, the same for all rows.</summary>
    public int Length { get; private set; }

    internal LayerCache[] Layers { get; }

    /// <summary>Makes row i continue what row <c>sources[i]</c> has heard; rows stay within their window.</summary>
    public void Reorder(ReadOnlySpan<int> sources)
    {
        if (sources.Length != Rows)
        {
            throw new ArgumentException($"reorder: {sources.Length} sources for {Rows} rows", nameof(sources));
        }

        // Rows that took the same tokens hold the same keys, so only what follows the common beginning is copied.
        var from = new int[Rows];
        var moves = false;
        for (var row = 0; row < Rows; row++)
        {
            var source = sources[row];
            from[row] = Length;
            for (var t = 0; source != row && t < Length; t++)
            {
                if (_history[t][row] != _history[t][source])
                {
                    (from[row], moves) = (t, true);
                    break;
                }
            }
        }

        if (!moves)
        {
            return;
        }

        foreach (var layer in Layers)
        {
            layer.Reorder(sources, from, Length);
        }

        for (var t = 0; t < Length; t++)
        {
            var old = _history[t];
            var next = new int[Rows];
            for (var row = 0; row < Rows; row++)
            {
                next[row] = old[sources[row]];
            }

            _history[t] = next;
        }
    }

    /// <summary>Goes on with some windows only, in the given order; each keeps its rows.</summary>
    public void KeepWindows(ReadOnlySpan<int> windows)
    {
        var beams = Rows / Windows;
        var rows = new int[windows.Length * beams];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = (windows[i / beams] * beams) + (i % beams);
        }

        foreach (var layer in Layers)
        {
            layer.Keep(windows, rows, Length);
        }

        for (var t = 0; t < Length; t++)
        {
            var old = _history[t];
            _history[t] = [.. rows.Select(r => old[r])];
        }

        (Windows, Rows) = (windows.Length, rows.Length);
    }

    /// <summary>Forgets all tokens but the first <paramref name="length"/>.</summary>
    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _history.RemoveRange(length, _history.Count - length);
        Length = length;
        foreach (var layer in Layers)
        {
            layer.Rewind(length);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in Layers)
        {
            layer.Dispose();
        }
    }

    internal void Begin(IntTensor tokens)
    {
        if (tokens.Shape[0] != Rows)
        {
            throw new ShapeException($"whisper decoder: tokens are {tokens.Shape} but the state has {Rows} rows");
        }

        var count = tokens.Shape[1];
        if (Length + count > _config.TextPositions)
        {
            throw new ArgumentException($"whisper decoder: {Length} tokens and {count} more do not fit its {_config.TextPositions} positions", nameof(tokens));
        }

        for (var t = 0; t < count; t++)
        {
            var step = new int[Rows];
            for (var row = 0; row < Rows; row++)
            {
                step[row] = tokens.Values[(row * count) + t];
            }

            _history.Add(step);
        }
    }

    internal void Advance(int count) => Length += count;
}

/// <summary>One decoder layer's keys and values: of the audio, and of the tokens so far in memory that grows by doubling.</summary>
internal sealed class LayerCache : IDisposable
{
    private const int FirstCapacity = 32;
    private readonly int _dim;
    private readonly int _most;
    private readonly Backend _backend;
    private int _rows;
    private int _length;
    private Tensor _keys;
    private Tensor _values;

    internal LayerCache(int rows, int dim, int most, WhisperCrossMemory cross, Backend backend)
    {
        (_rows, _dim, _most, _backend) = (rows, dim, most, backend);
        Cross = cross;
        var capacity = Math.Min(FirstCapacity, most);
        _keys = Tensor.Allocate([rows, capacity, dim], backend);
        _values = Tensor.Allocate([rows, capacity, dim], backend);
    }

    /// <summary>Of the audio.</summary>
    internal WhisperCrossMemory Cross { get; }

    public void Dispose()
    {
        Cross.Dispose();
        _keys.Dispose();
        _values.Dispose();
    }

    /// <summary>Stores keys and values [rows, tokens, dim]; returns all so far [rows, so far, dim].</summary>
    internal (Tensor Keys, Tensor Values) Append(Tensor keys, Tensor values)
    {
        var length = _length + keys.Shape[1];
        Reserve(length);
        _keys.Slice(1, _length, length).CopyFrom(keys);
        _values.Slice(1, _length, length).CopyFrom(values);
        _length = length;
        return (_keys.Slice(1, 0, length), _values.Slice(1, 0, length));
    }

    internal void Rewind(int length) => _length = length;

    internal void Reorder(ReadOnlySpan<int> sources, int[] from, int length)
    {
        using var scope = new TensorScope();
        var kept = new (Tensor Keys, Tensor Values)?[_rows];
        for (var row = 0; row < _rows; row++)
        {
            if (from[row] < length)
            {
                kept[row] = (Part(_keys, sources[row], from[row], length).Clone(), Part(_values, sources[row], from[row], length).Clone());
            }
        }

        for (var row = 0; row < _rows; row++)
        {
            if (kept[row] is { } parts)
            {
                Part(_keys, row, from[row], length).CopyFrom(parts.Keys);
                Part(_values, row, from[row], length).CopyFrom(parts.Values);
            }
        }
    }

    internal void Keep(ReadOnlySpan<int> windows, ReadOnlySpan<int> rows, int length)
    {
        Cross.Keep(windows, _backend);
        (_keys, _values) = (Pick(_keys, rows, length, _backend), Pick(_values, rows, length, _backend));
        _rows = rows.Length;
    }

    private static Tensor Part(Tensor cache, int row, int start, int end) => cache.Slice(0, row, row + 1).Slice(1, start, end);

    /// <summary>Rows of a cache in the given order, each with its first <paramref name="length"/> entries; frees the cache if they moved to memory of their own.</summary>
    internal static Tensor Pick(Tensor cache, ReadOnlySpan<int> rows, int length, Backend backend)
    {
        // As long as none is taken from a place already overwritten, rows move within their memory: those that stay where they are cost nothing.
        var inPlace = true;
        for (var i = 0; i < rows.Length; i++)
        {
            inPlace &= rows[i] >= i;
        }

        var picked = inPlace ? cache.Slice(0, 0, rows.Length) : Tensor.Allocate(cache.Shape.With(0, rows.Length), backend);
        for (var i = 0; i < rows.Length && length > 0; i++)
        {
            if (!inPlace || rows[i] != i)
            {
                Part(picked, i, 0, length).CopyFrom(Part(cache, rows[i], 0, length));
            }
        }

        if (!inPlace)
        {
            cache.Dispose();
        }

        return picked;
    }

    private void Reserve(int length)
    {
        var capacity = _keys.Shape[1];
        if (length <= capacity)
        {
            return;
        }

        capacity = Math.Min(_most, Math.Max(length, 2 * capacity));
        (_keys, _values) = (Grow(_keys, capacity), Grow(_values, capacity));
    }

    private Tensor Grow(Tensor cache, int capacity)
    {
        var grown = Tensor.Allocate([_rows, capacity, _dim], _backend);
        if (_length > 0)
        {
            grown.Slice(1, 0, _length).CopyFrom(cache.Slice(1, 0, _length));
        }

        cache.Dispose();
        return grown;
    }
}
