namespace Parley.Audio.Tests;

/// <summary>Cepstra with their slopes.</summary>
public sealed class CepstralFeaturesTests
{
    private static readonly float[] Clip = [.. Enumerable.Range(0, 12000).Select(i => (0.3f * MathF.Sin(i * i / 90000f)) + (0.01f * MathF.Sin(i * 7.7f)))];

    [Fact]
    public void A_frame_is_cepstra_slopes_and_slopes_of_slopes()
    {
        var features = new CepstralFeatures(new CepstralOptions(SubtractMean: false)).Extract(Clip);
        var cepstra = new KaldiMfcc().Extract(Clip);
        Assert.Equal((cepstra.Frames, 39, FeatureLayout.FramesFirst), (features.Frames, features.Bins, features.Layout));
        for (var f = 0; f < features.Frames; f++)
        {
            float Part(int frame, int part, int c) => features[Math.Clamp(frame, 0, features.Frames - 1), (13 * part) + c];
            for (var c = 0; c < 13; c++)
            {
                Assert.Equal(cepstra[f, c], Part(f, 0, c));
                for (var part = 1; part < 3; part++)
                {
                    var slope = (Part(f + 1, part - 1, c) - Part(f - 1, part - 1, c) + (2 * (Part(f + 2, part - 1, c) - Part(f - 2, part - 1, c)))) / 10;
                    Assert.InRange(Part(f, part, c), slope - 1e-4, slope + 1e-4);
                }
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Normalised_cepstra_have_no_mean_and_where_asked_for_unit_variance(bool variance)
    {
        var features = new CepstralFeatures(new CepstralOptions(NormalizeVariance: variance)).Extract(Clip);
        for (var c = 0; c < 13; c++)
        {
            var column = Enumerable.Range(0, features.Frames).Select(f => (double)features[f, c]).ToArray();
            Assert.InRange(column.Average(), -1e-4, 1e-4);
            Assert.Equal(variance, Math.Abs(column.Average(x => x * x) - 1) < 1e-3);
        }
    }

    [Fact]
    public void No_sound_has_no_frames() => Assert.Equal((0, 39), (new CepstralFeatures().Extract([]).Frames, new CepstralFeatures().Columns));

    [Theory]
    [InlineData(false, true, 5)]
    [InlineData(true, true, 4)]
    [InlineData(true, true, 1)]
    public void Settings_that_do_not_fit_are_refused(bool mean, bool variance, int window) =>
        Assert.Throws<ArgumentException>(() => new CepstralFeatures(new CepstralOptions(SubtractMean: mean, NormalizeVariance: variance, DeltaWindow: window)));
}
