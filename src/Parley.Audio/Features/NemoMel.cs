using System.Numerics;

namespace Parley.Audio;

/// <summary>NeMo's log-mel features [mels, samples / hop]: ln(x + 2^-24), each mel with zero mean and unit deviation over the clip.</summary>
/// <remarks>
/// NVIDIA/NeMo:nemo/collections/asr/parts/preprocessing/features.py FilterbankFeatures; also what huggingface/transformers' Parakeet takes.
/// Symmetric Hann, Slaney filters, deviation with N - 1 plus 1e-5. The frame after the last whole hop, which NeMo masks, is left out.
/// </remarks>
public sealed class NemoMel
{
    private readonly NemoMelOptions _options;
    private readonly Stft _stft;
    private readonly MelFilters _filters;

    /// <summary>Prepares window, transform and filters.</summary>
    public NemoMel(NemoMelOptions? options = null)
    {
        _options = options ?? new NemoMelOptions();
        _options.Validate();
        _stft = new Stft(new StftOptions(_options.FftSize, _options.HopLength, _options.WindowLength, WindowKind.Hann, Periodic: false, Centered: true, _options.Pad));
        _filters = MelFilters.Create(_options.MelBins, _options.FftSize, _options.SampleRate, 0, _options.SampleRate / 2.0);
    }

    /// <summary>Features [mels, samples / hop] of one clip.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples)
    {
        var emphasised = new float[samples.Length];
        for (var t = 0; t < emphasised.Length; t++)
        {
            emphasised[t] = t == 0 ? samples[0] : samples[t] - _options.Preemphasis * samples[t - 1];
        }

        var frames = samples.Length / _options.HopLength;
        var values = new float[_options.MelBins * frames];
        var work = new Stft.Workspace(_stft);
        var mels = new Vector<float>[_options.MelBins];
        var guard = new Vector<float>(MathF.Pow(2, -24));
        for (var first = 0; first < frames; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            _stft.Power(emphasised, emphasised.Length, first, count, work);
            _filters.Apply(work.Real, mels);
            for (var m = 0; m < mels.Length; m++)
            {
                mels[m] = VectorLog.Natural(mels[m] + guard);
            }

            FeatureMatrix.StoreBinsFirst(mels, values, frames, first, count);
        }

        for (var m = 0; m < _options.MelBins; m++)
        {
            var row = values.AsSpan(m * frames, frames);
            if (_options.NormalizePerFeature)
            {
                Normalize(row);
            }
            else if (_options is { Means: { } means, Deviations: { } deviations })
            {
                Normalize(row, means[m], deviations[m]);
            }
        }

        return new FeatureMatrix(values, frames, _options.MelBins, FeatureLayout.BinsFirst);
    }

    private static void Normalize(Span<float> row, float mean, float deviation)
    {
        foreach (ref var value in row)
        {
            value = (value - mean) / deviation;
        }
    }

    private static void Normalize(Span<float> row)
    {
        var (sum, squares) = (0.0, 0.0);
        foreach (var value in row)
        {
            sum += value;
        }

        var mean = sum / row.Length;
        foreach (var value in row)
        {
            squares += (value - mean) * (value - mean);
        }

        // One frame alone has no deviation: it becomes 0.
        var deviation = row.Length > 1 ? Math.Sqrt(squares / (row.Length - 1)) : 0;
        foreach (ref var value in row)
        {
            value = (float)((value - mean) / (deviation + 1e-5));
        }
    }
}
