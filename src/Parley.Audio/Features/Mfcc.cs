using System.Numerics;

namespace Parley.Audio;

/// <summary>torchaudio's mel-frequency cepstra [coefficients, frames]; with linear filters, its linear-frequency cepstra.</summary>
/// <remarks>pytorch/audio:torchaudio/transforms/_transforms.py MFCC and LFCC (0.13.1): ln(x + 1e-6), or 10 log10 of at least 1e-10 and of the peak minus 80 dB.</remarks>
public sealed class Mfcc
{
    private const float Decibels = 4.3429448f;

    private readonly MfccOptions _options;
    private readonly MelSpectrogram _mel;
    private readonly float[] _matrix;

    /// <summary>Prepares the mel spectrogram and the cosine transform.</summary>
    public Mfcc(MfccOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _mel) = (options, new MelSpectrogram(options.Mel));
        _matrix = Dct.Matrix(options.Coefficients, options.Mel.MelBins);
    }

    /// <summary>Cepstra [coefficients, frames] of a signal.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples)
    {
        var mel = _mel.Extract(samples);
        var logs = mel.Values;
        Span<float> lanes = stackalloc float[Vector<float>.Count];
        for (var i = 0; i < logs.Length; i += Vector<float>.Count)
        {
            var part = logs.AsSpan(i, Math.Min(Vector<float>.Count, logs.Length - i));
            part.CopyTo(lanes);
            var x = new Vector<float>(lanes);
            x = _options.LogMels
                ? VectorLog.Natural(x + new Vector<float>(1e-6f))
                : VectorLog.Natural(Vector.Max(x, new Vector<float>(1e-10f))) * Decibels;
            x.CopyTo(lanes);
            lanes[..part.Length].CopyTo(part);
        }

        var floor = _options.LogMels ? float.NegativeInfinity : WhisperLogMel.Largest(logs) - 80;
        var (frames, width) = (mel.Frames, _options.Coefficients);
        var result = new float[width * frames];
        for (var m = 0; m < mel.Bins; m++)
        {
            for (var c = 0; c < width; c++)
            {
                var weight = _matrix[m * width + c];
                for (var f = 0; f < frames; f++)
                {
                    result[c * frames + f] += weight * Math.Max(logs[m * frames + f], floor);
                }
            }
        }

        return new FeatureMatrix(result, frames, width, FeatureLayout.BinsFirst);
    }
}
