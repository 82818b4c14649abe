using Parley.TestSupport;

namespace Parley.Audio.Tests;

public sealed class AudioGoldenTests
{
    [Theory]
    [InlineData("whisper_features_80", 80)]
    [InlineData("whisper_features_128", 128)]
    public void Whisper_features_equal_the_reference(string golden, int mels)
    {
        var folder = Goldens.Folder(golden);
        var wave = new TensorFile(Path.Combine(folder, "inputs.safetensors")).Floats("waveform");
        var expected = new TensorFile(Path.Combine(folder, "expected.safetensors"));
        var features = new WhisperLogMel(new WhisperLogMelOptions(mels)).ExtractChunk(wave);

        Assert.Equal((mels, 3000), (features.Bins, features.Frames));
        var frames = expected.Integers("frames");
        float[] kept = [.. from m in Enumerable.Range(0, mels) from f in frames select features[(int)f, m]];
        Expect.Close(kept, expected.Floats("log_mel_torch"), 1e-4f, 2e-4f, "log_mel_torch");
        Expect.Close(kept, expected.Floats("log_mel_numpy"), 1e-4f, 2e-4f, "log_mel_numpy");
        Expect.Close([features.Values.Max()], expected.Floats("max"), 1e-4f, 7e-4f, "max");
        Expect.Close([features.Values.Min()], expected.Floats("min"), 1e-4f, 3e-4f, "min");
        Expect.Close([features.Values.Average()], expected.Floats("mean"), 1e-4f, 2e-4f, "mean");

        var filters = MelFilters.Create(mels, 400, 16000, 0, 8000).ToDense();
        Expect.Close(filters, expected.Floats("mel_filters"), 1e-4f, 6e-7f, "mel_filters");
    }

    [Fact]
    public void Resampling_equals_torchaudio()
    {
        var x44 = Transforms.Input("x44");
        var x16 = Transforms.Input("x16").AsSpan(0, 4000);
        Transforms.Close("resample_44100_16000", new Resampler(44100, 16000).Apply(x44), 7e-5f);
        Transforms.Close("resample_16000_8000", new Resampler(16000, 8000).Apply(x16), 4e-6f);
        Transforms.Close("resample_16000_22050", new Resampler(16000, 22050).Apply(x16[..1500]), 2e-4f);
        var kaiser = new ResamplerOptions(Width: 16, Rolloff: 0.9, ResamplerWindow.Kaiser, Beta: 8);
        Transforms.Close("resample_16000_24000_kaiser", new Resampler(16000, 24000, kaiser).Apply(x16[..1500]), 5e-6f);
    }

    [Fact]
    public void Spectrograms_equal_torchaudio()
    {
        var stft = new Stft(new StftOptions(400, 160, 400));
        Transforms.Close("spectrogram", [.. stft.Power(Transforms.Clip(0)).Values, .. stft.Power(Transforms.Clip(1)).Values], 0.01f);
    }
}
