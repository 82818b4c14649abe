using System.Numerics;

namespace Parley.Audio;

/// <summary>torchaudio's mel spectrogram [bins, frames], not logarithmic.</summary>
/// <remarks>pytorch/audio:torchaudio/transforms/_transforms.py MelSpectrogram (0.13.1).</remarks>
public sealed class MelSpectrogram
{
    private readonly MelSpectrogramOptions _options;
    private readonly Stft _stft;
    private readonly MelFilters _filters;

    /// <summary>Prepares window, transform and filters.</summary>
    public MelSpectrogram(MelSpectrogramOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Power is not (1 or 2))
        {
            throw new ArgumentException($"mel: a power of {options.Power}; 1 gives magnitudes, 2 powers", nameof(options));
        }

        _options = options;
        _stft = new Stft(options.Frames);
        var high = options.HighFrequency > 0 ? options.HighFrequency : options.SampleRate / 2.0;
        _filters = MelFilters.Create(options.MelBins, options.Frames.FftSize, options.SampleRate, options.LowFrequency, high, options.Scale, options.NormalizedFilters);
    }

    /// <summary>Filters of the result.</summary>
    public int Bins => _options.MelBins;

    /// <summary>Mel energies [bins, frames] of a signal.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples)
    {
        var frames = _stft.Frames(samples.Length);
        var values = new float[Bins * frames];
        Run(samples, (mels, first, count) => FeatureMatrix.StoreBinsFirst(mels, values, frames, first, count));
        return new FeatureMatrix(values, frames, Bins, FeatureLayout.BinsFirst);
    }

    /// <summary>Takes filter outputs [bins] of some frames, one in each lane.</summary>
    internal delegate void Sink(Span<Vector<float>> mels, int first, int count);

    internal int Run(ReadOnlySpan<float> samples, Sink sink)
    {
        var frames = _stft.Frames(samples.Length);
        var work = new Stft.Workspace(_stft);
        var mels = new Vector<float>[Bins];
        for (var first = 0; first < frames; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            _stft.Power(samples, samples.Length, first, count, work);
            for (var k = 0; k < work.Real.Length && _options.Power == 1; k++)
            {
                work.Real[k] = Vector.SquareRoot(work.Real[k]);
            }

            _filters.Apply(work.Real, mels);
            sink(mels, first, count);
        }

        return frames;
    }
}
