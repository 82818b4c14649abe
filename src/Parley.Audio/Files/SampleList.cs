namespace Parley.Audio;

/// <summary>Samples of a length not known beforehand, without the doubling of a growing list.</summary>
internal sealed class SampleList
{
    private const int BlockSize = 1 << 18;

    private readonly List<float[]> _blocks = [];
    private float[] _current;
    private int _used;
    private long _count;

    /// <summary>Starts with room for what is expected; a wrong expectation costs a copy, nothing else.</summary>
    public SampleList(long expected) => _current = new float[Math.Clamp(expected, 0, Array.MaxLength)];

    public void Add(ReadOnlySpan<float> samples)
    {
        while (samples.Length > 0)
        {
            if (_used == _current.Length)
            {
                if (_used > 0)
                {
                    _blocks.Add(_current);
                }

                (_current, _used) = (new float[BlockSize], 0);
            }

            var take = Math.Min(samples.Length, _current.Length - _used);
            samples[..take].CopyTo(_current.AsSpan(_used));
            _used += take;
            _count += take;
            samples = samples[take..];
            if (_count > Array.MaxLength)
            {
                throw new InvalidDataException($"audio: more than {Array.MaxLength} samples do not fit one array; cut the file into parts");
            }
        }
    }

    public float[] ToArray()
    {
        if (_blocks.Count == 0 && _used == _current.Length)
        {
            return _current;
        }

        var all = new float[_count];
        var at = 0;
        foreach (var block in _blocks)
        {
            block.CopyTo(all, at);
            at += block.Length;
        }

        _current.AsSpan(0, _used).CopyTo(all.AsSpan(at));
        return all;
    }
}
