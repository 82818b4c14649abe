using System.Numerics;

namespace Parley.Audio;

/// <summary>Log-mel features [frames, mels] of a signal that is still being spoken: ln(x + 2^-24), nothing normalised, and nothing to come is heard.</summary>
/// <remarks>Frame t ends with sample (t + 1) · hop; before the signal there is silence. However a signal is cut into pieces, the numbers are the same. Slaney filters, symmetric Hann.</remarks>
public sealed class StreamingLogMel
{
    private readonly StreamingLogMelOptions _options;
    private readonly Stft _stft;
    private readonly MelFilters _filters;

    // The window stands in the middle of the transform: what is right of it counts nothing.
    private readonly int _before;
    private readonly int _after;

    /// <summary>Prepares window, transform and filters.</summary>
    public StreamingLogMel(StreamingLogMelOptions? options = null)
    {
        _options = options ?? new StreamingLogMelOptions();
        if (_options.HopLength > _options.WindowLength)
        {
            throw new ArgumentException($"log-mel: a hop of {_options.HopLength} leaves out samples between windows of {_options.WindowLength}", nameof(options));
        }

        _stft = new Stft(new StftOptions(_options.FftSize, _options.HopLength, _options.WindowLength, WindowKind.Hann, Periodic: false, Centered: false, PadMode.Zero));
        _filters = MelFilters.Create(_options.MelBins, _options.FftSize, _options.SampleRate, 0, _options.SampleRate / 2.0);
        _after = (_options.FftSize - _options.WindowLength) / 2;
        _before = _options.FftSize - _after - _options.HopLength;
    }

    /// <summary>The settings.</summary>
    public StreamingLogMelOptions Options => _options;

    /// <summary>The state of a new stream.</summary>
    public LogMelState NewState() => new(_before, new Stft.Workspace(_stft), new Vector<float>[_options.MelBins]);

    /// <summary>Features [samples / hop, mels] of a whole signal; samples after the last whole hop are left out.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples) => Step(samples, NewState());

    /// <summary>The frames [frames, mels] that more samples of a stream complete; none when they are too few.</summary>
    public FeatureMatrix Step(ReadOnlySpan<float> samples, LogMelState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var (kept, hop, bins) = (state.Kept.Length, _options.HopLength, _options.MelBins);
        var signal = new float[kept + samples.Length + _after];
        state.Kept.CopyTo(signal, 0);
        for (var t = 0; t < samples.Length; t++)
        {
            signal[kept + t] = samples[t] - (_options.Preemphasis * state.Last);
            state.Last = samples[t];
        }

        var frames = (kept - _before + samples.Length) / hop;
        var values = new float[frames * bins];
        var guard = new Vector<float>(MathF.Pow(2, -24));
        for (var first = 0; first < frames; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            _stft.Power(signal, signal.Length, first, count, state.Work);
            _filters.Apply(state.Work.Real, state.Mels);
            for (var m = 0; m < bins; m++)
            {
                state.Mels[m] = VectorLog.Natural(state.Mels[m] + guard);
            }

            FeatureMatrix.StoreFramesFirst(state.Mels, values, bins, offset: 0, first, count);
        }

        state.Kept = signal[(frames * hop)..(kept + samples.Length)];
        return new FeatureMatrix(values, frames, bins, FeatureLayout.FramesFirst);
    }
}
