using System.Numerics;

namespace Parley.Audio;

/// <summary>Kaldi's mel-frequency cepstra [frames, coefficients].</summary>
/// <remarks>kaldi-asr/kaldi:src/feat/feature-mfcc.cc: the cosine transform of the log filter bank, liftered.</remarks>
public sealed class KaldiMfcc
{
    private readonly KaldiMfccOptions _options;
    private readonly KaldiFbankOptions _fbankOptions;
    private readonly KaldiFbank _fbank;

    // The cosine transform with the lifter in it [mels, coefficients].
    private readonly float[] _matrix;

    /// <summary>Prepares the filter bank and the cosine transform.</summary>
    public KaldiMfcc(KaldiMfccOptions? options = null)
    {
        _options = options ?? new KaldiMfccOptions();
        _fbankOptions = _options.Fbank ?? new KaldiFbankOptions();
        _fbank = new KaldiFbank(_fbankOptions with { SubtractMean = false });
        _matrix = Dct.Matrix(_options.Coefficients, _fbankOptions.MelBins);
        for (var m = 0; m < _fbankOptions.MelBins; m++)
        {
            for (var c = 0; c < _options.Coefficients; c++)
            {
                var lifter = _options.Lifter == 0 ? 1 : 1 + 0.5 * _options.Lifter * Math.Sin(Math.PI * c / _options.Lifter);
                _matrix[m * _options.Coefficients + c] *= (float)lifter;
            }
        }
    }

    /// <summary>Frames of a signal of so many samples.</summary>
    public int Frames(int samples) => _fbank.Frames(samples);

    /// <summary>Cepstra [frames, coefficients] of a signal of full scale 1.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples)
    {
        var width = _options.Coefficients;
        var values = new float[Frames(samples.Length) * width];
        var cepstra = new Vector<float>[width];
        var rotated = new Vector<float>[width];
        _fbank.Run(samples, log: true, (mels, energy, first, count) =>
        {
            Dct.Apply(_matrix, mels, cepstra);
            if (_fbankOptions.UseEnergy)
            {
                cepstra[0] = energy;
            }

            if (!_fbankOptions.HtkCompatible)
            {
                FeatureMatrix.StoreFramesFirst(cepstra, values, width, 0, first, count);
                return;
            }

            // HTK has the first one last, and a larger scale on it.
            cepstra.AsSpan(1).CopyTo(rotated);
            rotated[^1] = _fbankOptions.UseEnergy ? cepstra[0] : cepstra[0] * MathF.Sqrt(2);
            FeatureMatrix.StoreFramesFirst(rotated, values, width, 0, first, count);
        });
        if (_fbankOptions.SubtractMean)
        {
            Cmvn.SubtractMean(values, width);
        }

        return new FeatureMatrix(values, values.Length / width, width, FeatureLayout.FramesFirst);
    }
}
