namespace Parley.Audio;

/// <summary>Mel-frequency cepstra, their slopes and the slopes of these: [frames, 3 · coefficients], 39 as usual.</summary>
/// <remarks>
/// Kaldi's MFCC; mean and variance are normalised over the recording before slopes are taken; slopes are the regression of the HTK book, section
/// 5.9, with the ends repeated, and the second ones are slopes of the first (torchaudio.functional.compute_deltas applied twice). Kaldi's
/// add-deltas gives the same but in the first and last four frames, where it repeats the cepstra instead of their slopes.
/// </remarks>
public sealed class CepstralFeatures
{
    private readonly CepstralOptions _options;
    private readonly KaldiMfcc _mfcc;

    /// <summary>Prepares the filter bank.</summary>
    public CepstralFeatures(CepstralOptions? options = null)
    {
        _options = options ?? new CepstralOptions();
        if (_options is { NormalizeVariance: true, SubtractMean: false } or { DeltaWindow: < 3 } || _options.DeltaWindow % 2 == 0)
        {
            throw new ArgumentException($"cepstra: variance is normalised only with the mean, and slopes take 3, 5, 7 … frames, not {_options.DeltaWindow}", nameof(options));
        }

        var mfcc = _options.Mfcc ?? new KaldiMfccOptions();
        (_mfcc, Columns) = (new KaldiMfcc(mfcc), 3 * mfcc.Coefficients);
    }

    /// <summary>Numbers a frame has.</summary>
    public int Columns { get; }

    /// <summary>Features [frames, columns] of a signal of full scale 1.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples)
    {
        var cepstra = _mfcc.Extract(samples);
        if (_options.SubtractMean)
        {
            cepstra = Cmvn.Normalize(cepstra, _options.NormalizeVariance);
        }

        var slopes = Cmvn.Deltas(cepstra, _options.DeltaWindow);
        var curves = Cmvn.Deltas(slopes, _options.DeltaWindow);
        FeatureMatrix[] parts = [cepstra, slopes, curves];
        var values = new float[cepstra.Frames * Columns];
        for (var f = 0; f < cepstra.Frames; f++)
        {
            var row = values.AsSpan(f * Columns, Columns);
            for (var p = 0; p < parts.Length; p++)
            {
                parts[p].Values.AsSpan(f * cepstra.Bins, cepstra.Bins).CopyTo(row[(p * cepstra.Bins)..]);
            }
        }

        return new FeatureMatrix(values, cepstra.Frames, Columns, FeatureLayout.FramesFirst);
    }
}
