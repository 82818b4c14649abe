using Parley.TestSupport;
using Xunit;

namespace Parley.Audio.Tests;

public sealed class StreamingFeaturesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(112)]
    [InlineData(160)]
    [InlineData(1280)]
    [InlineData(1999)]
    public void Log_mel_features_of_a_stream_are_those_of_the_whole_signal(int piece)
    {
        var samples = Noise(16000 / 3);
        var mel = new StreamingLogMel();
        var whole = mel.Extract(samples);
        Assert.Equal(samples.Length / 160, whole.Frames);
        Assert.Equal(FeatureLayout.FramesFirst, whole.Layout);
        var (state, values) = (mel.NewState(), new List<float>());
        for (var at = 0; at < samples.Length; at += piece)
        {
            values.AddRange(mel.Step(samples.AsSpan(at, Math.Min(piece, samples.Length - at)), state).Values);
        }

        Assert.Equal(whole.Values, values);
        state.Reset();
        Assert.Equal(whole.Values, mel.Step(samples, state).Values);
    }

    [Fact]
    public void A_frame_ends_with_its_hop_and_is_what_nemo_has_in_its_middle()
    {
        // NeMo's frame t has its middle at sample 160 t. Ours ends at 160 (t + 1), so its middle is at 160 t − 40: after 120 samples of silence it is NeMo's frame t − 1.
        var samples = Noise(8000);
        float[] later = [.. new float[120], .. samples];
        var ours = new StreamingLogMel().Extract(later);
        var nemo = new NemoMel(new NemoMelOptions(NormalizePerFeature: false)).Extract(samples).As(FeatureLayout.FramesFirst);
        Expect.Close(ours.Values.AsSpan(4 * 80, 40 * 80), nemo.Values.AsSpan(3 * 80, 40 * 80), relative: 1e-4f, absolute: 1e-4f);

        var mel = new StreamingLogMel();
        var changed = samples.ToArray();
        changed[1600] += 1;
        var (before, after) = (mel.Extract(samples), mel.Extract(changed));
        Assert.Equal(before.Values[..800], after.Values[..800]);
        Assert.NotEqual(before.Values[800..880], after.Values[800..880]);
    }

    [Fact]
    public void Damaged_settings_are_refused() =>
        Assert.Contains("a hop of 500", Assert.Throws<ArgumentException>(() => new StreamingLogMel(new StreamingLogMelOptions(HopLength: 500))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1e-3f)]
    [InlineData(1e-4f)]
    public void The_energy_detector_of_a_stream_finds_bursts_over_steady_noise(float noise)
    {
        var vad = new EnergyVadStream();
        float[] samples = [.. Noise(12 * 16000).Select(v => noise * v)];
        for (var i = 8 * 16000; i < 9 * 16000; i++)
        {
            samples[i] += 0.1f * MathF.Sin(i * 0.3f);
        }

        float[] probabilities = [.. samples.Chunk(vad.Window).Where(w => w.Length == vad.Window).Select(w => vad.Next(w))];
        double Share(double from, double to) => probabilities.Skip((int)(from * 62.5)).Take((int)((to - from) * 62.5)).Average(p => p >= 0.5 ? 1.0 : 0.0);
        Assert.Equal(1, Share(8.1, 8.9));
        Assert.InRange(Share(4, 7.9), 0, 0.02);
        Assert.InRange(Share(9.2, 12), 0, 0.02);
        Assert.Throws<ArgumentException>(() => vad.Next(new float[100]));
    }

    private static float[] Noise(int count)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
