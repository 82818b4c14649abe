namespace Parley.Audio;

/// <summary>Hides bands and stretches of time of a spectrogram from a model in training (Park et al. 2019, arXiv 1904.08779), without time warping.</summary>
public static class SpecAugment
{
    /// <summary>Sets random masks of features [frames, bins] to their mean, which is 0 after normalisation.</summary>
    /// <param name="features">Changed in place.</param>
    /// <param name="bins">Values of a frame.</param>
    /// <param name="frequencyMasks">Masks over bins.</param>
    /// <param name="frequencyWidth">Each hides 0 to so many bins.</param>
    /// <param name="timeMasks">Masks over frames.</param>
    /// <param name="timeShare">Each hides 0 to such a share of all frames.</param>
    /// <param name="next">Source of random numbers.</param>
    /// <param name="mean">What masks set each bin to; none: 0.</param>
    public static void Apply(Span<float> features, int bins, int frequencyMasks, int frequencyWidth, int timeMasks, double timeShare, Func<ulong> next, ReadOnlySpan<float> mean = default)
    {
        ArgumentNullException.ThrowIfNull(next);
        mean = mean.IsEmpty ? new float[bins] : mean;
        var frames = features.Length / bins;
        for (var i = 0; i < frequencyMasks; i++)
        {
            var width = Below(Math.Min(frequencyWidth, bins) + 1);
            var first = Below(bins - width + 1);
            for (var t = 0; t < frames; t++)
            {
                mean.Slice(first, width).CopyTo(features[((t * bins) + first)..]);
            }
        }

        for (var i = 0; i < timeMasks; i++)
        {
            var length = Below((int)(timeShare * frames) + 1);
            var first = Below(frames - length + 1);
            for (var t = first; t < first + length; t++)
            {
                mean.CopyTo(features[(t * bins)..]);
            }
        }

        int Below(int count) => (int)(next() % (ulong)Math.Max(1, count));
    }
}
