using System.Text.Json;
using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Models.Tests;

public sealed class SileroVadTests
{
    [Fact]
    [Trait("kind", "slow")]
    public void Probabilities_are_those_of_the_published_network()
    {
        var path = SharedData.Find("weights/silero-vad/silero_vad_16k.safetensors");
        using var json = JsonDocument.Parse(File.ReadAllText(SharedData.Find("weights/silero-vad/expected-jfk.json")));
        float[] expected = [.. json.RootElement.GetProperty("probabilities").EnumerateArray().Select(p => p.GetSingle())];
        var samples = AudioFile.LoadMono(SharedData.Find("real/misc/jfk.flac"), cancel: TestContext.Current.CancellationToken);

        // The expected values come from another resampler, rounded to 16 bits; where speech begins and ends that moves them by up to 0.03.
        var vad = SileroVad.Load(path, new SpeechSegmenterOptions(MinSilenceMilliseconds: 0, PadMilliseconds: 0));
        var probabilities = vad.Probabilities(samples);
        Expect.Close(probabilities.AsSpan(0, expected.Length), expected, relative: 0, absolute: 0.03f);
        Assert.Equal(expected.Select(p => p >= 0.5f), probabilities.Take(expected.Length).Select(p => p >= 0.5f));
        (double, double)[] segments = [.. json.RootElement.GetProperty("segments").EnumerateArray().Select(s => (s[0].GetDouble(), s[1].GetDouble()))];
        Assert.Equal(segments, vad.Detect(samples).Select(s => (s.Start / 16_000.0, s.End / 16_000.0)));
        Assert.Empty(vad.Detect(new float[48_000]));
    }

    [Fact]
    public void Both_backends_agree_beyond_one_block_of_chunks()
    {
        var random = new Random(3);
        var samples = new float[(300 * SileroVad.Chunk) + 17];
        foreach (ref var sample in samples.AsSpan())
        {
            sample = (random.NextSingle() - 0.5f) / 4;
        }

        var fast = Make(Backend.Default).Probabilities(samples);
        Assert.Equal(301, fast.Length);
        Expect.Close(fast, Make(Backend.Reference).Probabilities(samples), relative: 1e-4f, absolute: 1e-5f);
    }

    [Fact]
    public void A_stream_has_the_probabilities_of_the_whole()
    {
        var vad = Make(Backend.Default);
        var samples = SpeedStreamTests.Numbers(20 * SileroVad.Chunk, 6);
        var stream = vad.Start();
        Expect.Close([.. samples.Chunk(stream.Window).Select(w => stream.Next(w))], vad.Probabilities(samples), relative: 1e-4f, absolute: 1e-5f);
    }

    [Fact]
    public void No_samples_have_no_speech() => Assert.Empty(Make(Backend.Default).Detect([]));

    private static SileroVad Make(Backend backend) =>
        Weights.Build(new RandomWeights(5), w => new SileroVad(w), new WeightsOptions(backend)).Model;
}
