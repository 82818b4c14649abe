using System.Numerics;

namespace Parley.Audio;

/// <summary>What wav2vec 2.0, HuBERT and WavLM take: the waveform itself, usually with zero mean and unit variance.</summary>
/// <remarks>huggingface/transformers:src/transformers/models/wav2vec2/feature_extraction_wav2vec2.py zero_mean_unit_var_norm, do_normalize.</remarks>
public static class Wav2Vec2Input
{
    /// <summary>(x - mean) / sqrt(variance + 1e-7) [samples] over one clip.</summary>
    public static float[] Normalize(ReadOnlySpan<float> samples)
    {
        var result = new float[samples.Length];
        Normalize(samples, samples.Length, result);
        return result;
    }

    /// <summary>The same for a padded clip: statistics over the first valid samples only, and padding zero afterwards.</summary>
    public static void Normalize(ReadOnlySpan<float> samples, int valid, Span<float> result)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(valid);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(valid, samples.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(result.Length, samples.Length);
        var clip = samples[..valid];
        result = result[..samples.Length];
        result[valid..].Clear();
        if (valid == 0)
        {
            return;
        }

        var mean = Sum(clip, 0) / valid;
        var variance = Sum(clip, (float)mean, squared: true) / valid;
        var scale = (float)(1 / Math.Sqrt(variance + 1e-7));
        for (var i = 0; i < clip.Length; i++)
        {
            result[i] = (clip[i] - (float)mean) * scale;
        }
    }

    // In pieces of 4096, added up in double.
    private static double Sum(ReadOnlySpan<float> x, float mean, bool squared = false)
    {
        var total = 0.0;
        var centre = new Vector<float>(mean);
        while (x.Length > 0)
        {
            var piece = x[..Math.Min(4096, x.Length)];
            x = x[piece.Length..];
            var sum = Vector<float>.Zero;
            for (; piece.Length >= Vector<float>.Count; piece = piece[Vector<float>.Count..])
            {
                var d = new Vector<float>(piece) - centre;
                sum += squared ? d * d : d;
            }

            total += Vector.Sum(sum);
            foreach (var value in piece)
            {
                var d = value - mean;
                total += squared ? d * d : d;
            }
        }

        return total;
    }
}
