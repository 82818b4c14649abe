using System.Text.Json;
using Parley.Audio;

namespace Parley.Models;

/// <summary>Fixtures of Whisper's front end: a waveform, and its log-mel spectrogram at some frames.</summary>
internal static class WhisperFeaturesFixture
{
    public static bool Fits(Fixture fixture)
    {
        using var json = fixture.Folder.PreprocessorConfig();
        return json is not null && json.RootElement.TryGetProperty("feature_extractor_type", out var type) && type.ValueEquals("WhisperFeatureExtractor") && fixture.Inputs.Tensors.ContainsKey("waveform");
    }

    public static void Compute(Fixture fixture, FixtureResults results)
    {
        using var json = fixture.Folder.PreprocessorConfig()!;
        int Setting(string name, int otherwise) => json.RootElement.TryGetProperty(name, out var value)
            ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 1 and <= 1 << 20 ? number : throw new InvalidDataException($"{fixture.Folder["preprocessor_config.json"]}: {name} is {value}")
            : otherwise;
        var published = new WhisperLogMelOptions();
        var options = new WhisperLogMelOptions(
            Setting("feature_size", published.MelBins), Setting("sampling_rate", published.SampleRate), Setting("n_fft", published.FftSize), Setting("hop_length", published.HopLength), Setting("chunk_length", published.ChunkSeconds));
        var mel = new WhisperLogMel(options).ExtractChunk(fixture.Inputs["waveform"].ToSingles());
        results.Add("mel_filters", [options.MelBins, (options.FftSize / 2) + 1], MelFilters.Create(options.MelBins, options.FftSize, options.SampleRate, 0, options.SampleRate / 2.0).ToDense());
        results.Add("max", [], [mel.Values.Max()]);
        results.Add("min", [], [mel.Values.Min()]);
        results.Add("mean", [], [(float)mel.Values.Average(v => (double)v)]);

        // The kept frames are a choice of the fixture, not a result: they hold when our window has all of them.
        if (fixture.Expected.FirstOrDefault(e => e.Name == "frames") is not { } frames || frames.Stored.ToIntegers() is var kept && kept.Any(f => f < 0 || f >= mel.Frames))
        {
            return;
        }

        results.Add("frames", [kept.Length], kept);
        float[] values = [.. from bin in Enumerable.Range(0, mel.Bins) from frame in kept select mel[(int)frame, bin]];
        results.Add("log_mel_torch", [mel.Bins, kept.Length], values);
        results.Add("log_mel_numpy", [mel.Bins, kept.Length], values);
    }
}
