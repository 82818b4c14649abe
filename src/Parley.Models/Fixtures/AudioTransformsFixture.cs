using Parley.Audio;

namespace Parley.Models;

/// <summary>Fixtures of torchaudio's transforms: two rates of sound in, and what each named transform makes of them.</summary>
/// <remarks>The names stand for settings, which the fixture does not repeat.</remarks>
internal sealed class AudioTransformsFixture
{
    private const int Rate = 16000;
    private const int Resampled = 1500;
    private const int Cepstra = 5;

    private static readonly StftOptions s_frames = new(400, 160, 400);

    private readonly float[][] _clips;
    private readonly FixtureResults _results;

    private AudioTransformsFixture(float[][] clips, FixtureResults results) => (_clips, _results) = (clips, results);

    public static bool Fits(Fixture fixture) => fixture.Inputs.Tensors.TryGetValue("x16", out var clips) && clips.Shape.Count == 2 && clips.Shape[0] > 0
        && clips.Shape[1] >= Resampled && fixture.Inputs.Tensors.ContainsKey("x44");

    public static void Compute(Fixture fixture, FixtureResults results)
    {
        var stored = fixture.Inputs["x16"];
        var run = new AudioTransformsFixture([.. stored.ToSingles().Chunk(checked((int)stored.Shape[1]))], results);
        run.Rates(fixture.Inputs["x44"].ToSingles());
        run.Filters();
        run.Spectra();
        run.Features();
        if (fixture.Expected.FirstOrDefault(e => e.Name == "mu_law") is { Stored.Shape: [_, var count] })
        {
            run.MuLaws((int)Math.Min(count, stored.Shape[1]));
        }

        results.CannotCompute("", "Parley has no such transform");
    }

    private void Rates(float[] x44)
    {
        var clip = _clips[0];
        var kaiser = new ResamplerOptions(Width: 16, Rolloff: 0.9, ResamplerWindow.Kaiser, Beta: 8);
        Row("resample_44100_16000", new Resampler(44100, Rate).Apply(x44));
        Row("resample_16000_8000", new Resampler(Rate, 8000).Apply(clip));
        Row("resample_16000_22050", new Resampler(Rate, 22050).Apply(clip.AsSpan(0, Resampled)));
        Row("resample_16000_24000_kaiser", new Resampler(Rate, 24000, kaiser).Apply(clip.AsSpan(0, Resampled)));

        void Row(string name, float[] samples) => _results.Add(name, [1, samples.Length], samples);
    }

    private void Filters()
    {
        const int Bins = 20, Coefficients = 7, Fft = 128, Lines = (Fft / 2) + 1;
        Turned("melscale_fbanks_htk", MelFilters.Create(Bins, Fft, Rate, 0, Rate / 2.0, MelScale.Htk, normalized: false));
        Turned("melscale_fbanks_slaney", MelFilters.Create(Bins, Fft, Rate, 0, Rate / 2.0));
        _results.Add("create_dct_ortho", [Bins, Coefficients], Dct.Matrix(Coefficients, Bins));

        void Turned(string name, MelFilters filters) =>
            _results.Add(name, [Lines, Bins], new FeatureMatrix(filters.ToDense(), Lines, Bins, FeatureLayout.BinsFirst).As(FeatureLayout.FramesFirst).Values);
    }

    private void Spectra()
    {
        var wide = new Stft(s_frames);
        Lines("spectrogram", s_frames.FftSize, clip => wide.Power(clip).Values);
        const int Window = 200;
        var narrow = new Stft(new StftOptions(256, 100, Window));
        var norm = MathF.Sqrt(Windows.Make(WindowKind.Hann, Window).Sum(w => w * w));
        Lines("spectrogram_magnitude_norm", 256, clip => [.. narrow.Power(clip).Values.Select(p => MathF.Sqrt(p) / norm)]);

        void Lines(string name, int fft, Func<float[], float[]> compute)
        {
            float[][] values = [.. _clips.Select(compute)];
            var lines = (fft / 2) + 1;
            _results.Add(name, [values.Length, lines, values[0].Length / lines], [.. values.SelectMany(v => v)]);
        }
    }

    private void Features()
    {
        var mel = new MelSpectrogramOptions(Rate, s_frames, 40);
        Each("mel_htk", clip => new MelSpectrogram(mel).Extract(clip));
        Each("mel_slaney", clip => new MelSpectrogram(new MelSpectrogramOptions(Rate, s_frames with { FftSize = 512 }, 80, 20, 7600, MelScale.Slaney, NormalizedFilters: true)).Extract(clip));
        Each("mel_power1_nocenter", clip => new MelSpectrogram(new MelSpectrogramOptions(Rate, new StftOptions(400, 200, 400, Centered: false), 24, Power: 1)).Extract(clip));
        var mfcc = new Mfcc(new MfccOptions(mel, 13));
        Each("mfcc", clip => mfcc.Extract(clip));
        Each("mfcc_logmels", clip => new Mfcc(new MfccOptions(mel, 20, LogMels: true)).Extract(clip));
        Each("lfcc", clip => new Mfcc(new MfccOptions(mel with { MelBins = 32, Scale = MelScale.Linear }, 12)).Extract(clip));
        Each("deltas", clip => Cmvn.Deltas(First(clip)));
        Each("cmn", clip => Cmvn.Sliding(First(clip), 9, 5, centered: true, variance: true).As(FeatureLayout.FramesFirst));

        var energy = new KaldiFbankOptions(40, Window: WindowKind.Hann, UseEnergy: true, SnipEdges: false, HtkCompatible: true);
        One("kaldi_fbank", new KaldiFbank().Extract(_clips[0]));
        One("kaldi_fbank_80_povey", new KaldiFbank(new KaldiFbankOptions(80)).Extract(_clips[0]));
        One("kaldi_fbank_hanning_energy", new KaldiFbank(energy).Extract(_clips[0]));
        One("kaldi_mfcc", new KaldiMfcc().Extract(_clips[0]));

        FeatureMatrix First(float[] clip)
        {
            var all = mfcc.Extract(clip);
            return new FeatureMatrix(all.As(FeatureLayout.BinsFirst).Values[..(Cepstra * all.Frames)], all.Frames, Cepstra, FeatureLayout.BinsFirst);
        }

        void One(string name, FeatureMatrix features) => _results.Add(name, Sizes(features), features.Values);

        void Each(string name, Func<float[], FeatureMatrix> extract)
        {
            FeatureMatrix[] features = [.. _clips.Select(extract)];
            _results.Add(name, [features.Length, .. Sizes(features[0])], [.. features.SelectMany(f => f.Values)]);
        }

        static int[] Sizes(FeatureMatrix f) => f.Layout == FeatureLayout.BinsFirst ? [f.Bins, f.Frames] : [f.Frames, f.Bins];
    }

    private void MuLaws(int count)
    {
        int[] codes = [.. _clips.SelectMany(c => c.Take(count)).Select(s => (int)MuLaw.Encode(s))];
        _results.Add("mu_law", [_clips.Length, count], [.. codes.Select(c => (long)c)]);
        _results.Add("mu_law_decoded", [_clips.Length, count], [.. codes.Select(c => MuLaw.Decode(c))]);
    }
}
