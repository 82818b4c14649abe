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

    [Fact]
    public void Normalised_magnitudes_equal_torchaudio()
    {
        var stft = new Stft(new StftOptions(256, 100, 200));
        var norm = MathF.Sqrt(Windows.Make(WindowKind.Hann, 200).Sum(w => w * w));
        float[] power = [.. stft.Power(Transforms.Clip(0)).Values, .. stft.Power(Transforms.Clip(1)).Values];
        Transforms.Close("spectrogram_magnitude_norm", [.. power.Select(p => MathF.Sqrt(p) / norm)], 1e-5f);
    }

    [Fact]
    public void Mel_filters_equal_torchaudio()
    {
        var htk = MelFilters.Create(20, 128, 16000, 0, 8000, MelScale.Htk, normalized: false);
        Transforms.Close("melscale_fbanks_htk", Turned(htk), 4e-5f);
        Transforms.Close("melscale_fbanks_slaney", Turned(MelFilters.Create(20, 128, 16000, 0, 8000)), 7e-8f);
        Transforms.Close("create_dct_ortho", Dct.Matrix(7, 20), 5e-6f);

        static float[] Turned(MelFilters filters) => new FeatureMatrix(filters.ToDense(), 65, 20, FeatureLayout.BinsFirst).As(FeatureLayout.FramesFirst).Values;
    }

    [Fact]
    public void Mel_spectrograms_equal_torchaudio()
    {
        var frames = new StftOptions(400, 160, 400);
        Transforms.Close("mel_htk", Mel(new MelSpectrogramOptions(16000, frames, 40)), 0.06f);
        Transforms.Close("mel_slaney", Mel(new MelSpectrogramOptions(16000, frames with { FftSize = 512 }, 80, 20, 7600, MelScale.Slaney, NormalizedFilters: true)), 0.002f);
        Transforms.Close("mel_power1_nocenter", Mel(new MelSpectrogramOptions(16000, new StftOptions(400, 200, 400, Centered: false), 24, Power: 1)), 8e-4f);

        static float[] Mel(MelSpectrogramOptions options)
        {
            var mel = new MelSpectrogram(options);
            return [.. mel.Extract(Transforms.Clip(0)).Values, .. mel.Extract(Transforms.Clip(1)).Values];
        }
    }

    [Fact]
    public void Cepstra_equal_torchaudio()
    {
        var mel = new MelSpectrogramOptions(16000, new StftOptions(400, 160, 400), 40);
        Transforms.Close("mfcc", Cepstra(new MfccOptions(mel, 13)), 0.002f);
        Transforms.Close("mfcc_logmels", Cepstra(new MfccOptions(mel, 20, LogMels: true)), 5e-4f);
        Transforms.Close("lfcc", Cepstra(new MfccOptions(mel with { MelBins = 32, Scale = MelScale.Linear }, 12)), 4e-4f);

        static float[] Cepstra(MfccOptions options)
        {
            var mfcc = new Mfcc(options);
            return [.. mfcc.Extract(Transforms.Clip(0)).Values, .. mfcc.Extract(Transforms.Clip(1)).Values];
        }
    }

    [Fact]
    public void Kaldi_features_equal_torchaudio()
    {
        var clip = Transforms.Clip(0);
        Transforms.Close("kaldi_fbank", new KaldiFbank().Extract(clip).Values, 4e-4f);
        Transforms.Close("kaldi_fbank_80_povey", new KaldiFbank(new KaldiFbankOptions(80)).Extract(clip).Values, 5e-3f);
        var energy = new KaldiFbankOptions(40, Window: WindowKind.Hann, UseEnergy: true, SnipEdges: false, HtkCompatible: true);
        Transforms.Close("kaldi_fbank_hanning_energy", new KaldiFbank(energy).Extract(clip).Values, 7e-4f);
        Transforms.Close("kaldi_mfcc", new KaldiMfcc().Extract(clip).Values, 6e-3f);
    }

    [Fact]
    public void Deltas_and_sliding_means_equal_torchaudio()
    {
        var mfcc = Transforms.Floats("mfcc");
        var (deltas, normalised) = (new List<float>(), new List<float>());
        for (var clip = 0; clip < 2; clip++)
        {
            var five = new FeatureMatrix(mfcc[(clip * 13 * 26)..(clip * 13 * 26 + 5 * 26)], 26, 5, FeatureLayout.BinsFirst);
            deltas.AddRange(Cmvn.Deltas(five).Values);
            normalised.AddRange(Cmvn.Sliding(five, 9, 5, centered: true, variance: true).As(FeatureLayout.FramesFirst).Values);
        }

        Transforms.Close("deltas", [.. deltas], 3e-4f);
        Transforms.Close("cmn", [.. normalised], 1e-3f);
    }

    [Fact]
    public void Mu_law_equals_torchaudio()
    {
        float[] samples = [.. Transforms.Clip(0)[..500], .. Transforms.Clip(1)[..500]];
        Assert.Equal(Transforms.Integers("mu_law"), samples.Select(s => (long)MuLaw.Encode(s)));
        Transforms.Close("mu_law_decoded", [.. Transforms.Integers("mu_law").Select(c => MuLaw.Decode((int)c))], 3e-6f);
    }
}
