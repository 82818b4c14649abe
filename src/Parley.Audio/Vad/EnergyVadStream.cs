namespace Parley.Audio;

/// <summary>The energy detector on a stream: the floor is the quietest tenth of the seconds before a window, since those after it are not known yet.</summary>
/// <remarks>A stream begins as if it had been quiet for a moment, so that speech at once is heard; noise from the beginning is taken for speech until it has lasted a few seconds.</remarks>
public sealed class EnergyVadStream(EnergyVadOptions? options = null) : IVoiceActivityStream
{
    private const int Size = 2 * EnergyVad.Hop;
    private const int QuietAtFirst = 16;

    private readonly EnergyVadOptions _options = options ?? new EnergyVadOptions();
    private readonly Stft _stft = new(new StftOptions(Size, EnergyVad.Hop, Size, Centered: false, Pad: PadMode.Zero));
    private readonly int[] _counts = new int[EnergyVad.Levels];
    private readonly float[] _frame = new float[Size];
    private readonly Queue<int> _seen = new();
    private Stft.Workspace? _work;
    private (double Last, double BeforeLast)? _levels;

    /// <inheritdoc/>
    public int Window => EnergyVad.Hop;

    /// <inheritdoc/>
    public float Next(ReadOnlySpan<float> window)
    {
        if (window.Length != Window)
        {
            throw new ArgumentException($"energy detector: a window has {Window} samples, not {window.Length}", nameof(window));
        }

        _frame.AsSpan(Window).CopyTo(_frame);
        window.CopyTo(_frame.AsSpan(Window));
        _work ??= new Stft.Workspace(_stft);
        _stft.Power(_frame, Size, first: 0, count: 1, _work);
        var level = EnergyVad.BandLevel(EnergyVad.BandEnergy(_work.Real)[0]);
        var (last, beforeLast) = _levels ?? (level, level);
        _levels = (level, last);
        level = (beforeLast + (2 * last) + level) / 4;
        Remember(EnergyVad.Level(level));
        return EnergyVad.Probability(level, EnergyVad.Tenth(_counts, _seen.Count), _options);
    }

    private void Remember(int level)
    {
        for (var i = 0; i < QuietAtFirst && _seen.Count < QuietAtFirst; i++)
        {
            Add(EnergyVad.Level(_options.QuietestDecibels));
        }

        Add(level);
        var most = Math.Max(QuietAtFirst + 1, (int)(_options.FloorSeconds * 16000 / Window));
        if (_seen.Count > most)
        {
            _counts[_seen.Dequeue()]--;
        }
    }

    private void Add(int level)
    {
        _seen.Enqueue(level);
        _counts[level]++;
    }
}
