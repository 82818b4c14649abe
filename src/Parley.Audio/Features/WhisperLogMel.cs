using System.Numerics;

namespace Parley.Audio;

/// <summary>Whisper's log-mel spectrogram [mels, frames], a frame every hop (10 ms).</summary>
/// <remarks>
/// openai/whisper:whisper/audio.py log_mel_spectrogram: periodic Hann, centred with reflection, last frame dropped, Slaney filters,
/// log10 of at least 1e-10, nothing lower than the peak minus 8, (x + 4) / 4. The peak is that of the call unless the caller gives one.
/// </remarks>
public sealed class WhisperLogMel
{
    private const float InverseLog10 = 0.43429448f;

    private readonly WhisperLogMelOptions _options;
    private readonly Stft _stft;
    private readonly MelFilters _filters;

    /// <summary>Prepares window, transform and filters.</summary>
    public WhisperLogMel(WhisperLogMelOptions? options = null)
    {
        _options = options ?? new WhisperLogMelOptions();
        _stft = new Stft(new StftOptions(_options.FftSize, _options.HopLength, _options.FftSize));
        _filters = MelFilters.Create(_options.MelBins, _options.FftSize, _options.SampleRate, 0, _options.SampleRate / 2.0);
    }

    /// <summary>The settings.</summary>
    public WhisperLogMelOptions Options => _options;

    /// <summary>The finished features [mels, samples / hop] of a signal that is followed by silence up to padTo samples.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples, int padTo = 0)
    {
        var features = LogMel(samples, padTo);
        Normalize(features.Values);
        return features;
    }

    /// <summary>The finished features [mels, chunk frames] of one window: the samples cut or padded with silence to the chunk.</summary>
    public FeatureMatrix ExtractChunk(ReadOnlySpan<float> samples) =>
        Extract(samples[..Math.Min(samples.Length, _options.ChunkSamples)], _options.ChunkSamples);

    /// <summary>log10 of the mel energies [mels, samples / hop] before the floor and the scaling.</summary>
    public FeatureMatrix LogMel(ReadOnlySpan<float> samples, int padTo = 0)
    {
        var total = Math.Max(samples.Length, padTo);
        var frames = total / _options.HopLength;
        var values = new float[_options.MelBins * frames];
        var work = new Stft.Workspace(_stft);
        var mels = new Vector<float>[_options.MelBins];
        var (least, scale) = (new Vector<float>(1e-10f), new Vector<float>(InverseLog10));

        // Frames that see nothing but the padding are all alike.
        var heard = Math.Min(frames, (int)Math.Min(int.MaxValue, (samples.Length + _options.FftSize / 2L) / _options.HopLength + 1));
        var mirrored = Math.Max(0, (total - samples.Length) < _options.FftSize ? frames : heard);
        for (var first = 0; first < mirrored; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            _stft.Power(samples, total, first, count, work);
            _filters.Apply(work.Real, mels);
            for (var m = 0; m < mels.Length; m++)
            {
                mels[m] = VectorLog.Natural(Vector.Max(mels[m], least)) * scale;
            }

            FeatureMatrix.StoreBinsFirst(mels, values, frames, first, count);
        }

        var done = (mirrored + LaneFrames.Lanes - 1) / LaneFrames.Lanes * LaneFrames.Lanes;
        for (var m = 0; m < _options.MelBins && done < frames; m++)
        {
            values.AsSpan(m * frames + done, frames - done).Fill(-10);
        }

        return new FeatureMatrix(values, frames, _options.MelBins, FeatureLayout.BinsFirst);
    }

    /// <summary>Floors log10 energies at a peak minus 8 and maps them to about [-1, 1], in place; the peak is their own largest unless given.</summary>
    public static void Normalize(Span<float> logMel, float? peak = null)
    {
        var floor = new Vector<float>((peak ?? Largest(logMel)) - 8);
        var quarter = new Vector<float>(0.25f);
        var at = 0;
        for (; at + Vector<float>.Count <= logMel.Length; at += Vector<float>.Count)
        {
            var slice = logMel.Slice(at, Vector<float>.Count);
            Vector.MultiplyAddEstimate(Vector.Max(new Vector<float>(slice), floor), quarter, Vector<float>.One).CopyTo(slice);
        }

        for (; at < logMel.Length; at++)
        {
            logMel[at] = Math.Max(logMel[at], floor[0]) * 0.25f + 1;
        }
    }

    /// <summary>The largest of some log10 energies, for <see cref="Normalize"/> over more than one call.</summary>
    public static float Largest(ReadOnlySpan<float> logMel)
    {
        var lanes = new Vector<float>(float.NegativeInfinity);
        var at = 0;
        for (; at + Vector<float>.Count <= logMel.Length; at += Vector<float>.Count)
        {
            lanes = Vector.Max(lanes, new Vector<float>(logMel[at..]));
        }

        var largest = float.NegativeInfinity;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
        {
            largest = Math.Max(largest, lanes[lane]);
        }

        for (; at < logMel.Length; at++)
        {
            largest = Math.Max(largest, logMel[at]);
        }

        return largest;
    }
}
