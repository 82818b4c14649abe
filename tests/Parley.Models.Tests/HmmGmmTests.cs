using System.Text;
using System.Text.Json;
using Parley.Audio;
using Parley.Nn;
using Parley.TestSupport;

namespace Parley.Models.Tests;

/// <summary>Recognition, alignment and the model folder, with words made of tones.</summary>
public sealed class HmmGmmTests : IDisposable
{
    private const int Rate = HmmGmmConfig.SampleRate;

    private static readonly Lazy<HmmGmm> s_tones = new(Train);

    private readonly string _folder = Directory.CreateTempSubdirectory("parley-hmm").FullName;

    [Theory]
    [InlineData("low rise")]
    [InlineData("high low high")]
    [InlineData("rise rise low high")]
    public void Words_in_a_row_are_heard_though_they_were_learned_in_other_rows(string text)
    {
        var alignment = s_tones.Value.Recognize(s_tones.Value.Features(Say(text, seed: 99)));
        Assert.Equal(text, alignment.Text);
        Assert.All(alignment.WordPosteriors ?? [], p => Assert.InRange(p, 0.5, 1));
    }

    [Fact]
    public void An_alignment_covers_every_frame_once_and_finds_the_words_where_they_are()
    {
        var model = s_tones.Value;
        var features = model.Features(Say("high low rise", seed: 7));
        var alignment = model.Align(features, ["high", "low", "rise"]);

        Assert.Equal(["high", "low", "rise"], alignment.Words.Select(w => w.Name));
        for (var i = 0; i < 3; i++)
        {
            // A word lasts 0.3 s, after 0.2 s of silence; slopes of slopes hear 4 frames to either side, and a frame half a window more.
            Assert.InRange(alignment.Words[i].Start, 20 + (50 * i) - 6, 20 + (50 * i) + 6);
            Assert.InRange(alignment.Words[i].End, 50 + (50 * i) - 6, 50 + (50 * i) + 6);
        }

        foreach (var spans in new[] { alignment.Phones, alignment.States })
        {
            Assert.Equal((0, features.Frames), (spans[0].Start, spans[^1].End));
            Assert.All(spans.Zip(spans.Skip(1)), p => Assert.Equal(p.First.End, p.Second.Start));
        }

        Assert.All(alignment.States, s => Assert.StartsWith(alignment.Phones[s.Parent].Name + ".", s.Name, StringComparison.Ordinal));
        Assert.All(alignment.Phones, p => Assert.Equal(p.Name, p.Parent < 0 ? "SIL" : alignment.Words[p.Parent].Name));
        Assert.True(alignment.LogProbability <= model.LogLikelihood(features, ["high", "low", "rise"]));
        Assert.True(model.LogLikelihood(features, ["high", "low", "rise"]) > model.LogLikelihood(features, ["low", "high", "rise"]));
    }

    [Fact]
    public void Words_that_do_not_fit_the_time_are_refused()
    {
        var model = s_tones.Value;
        var features = model.Features(new float[800]);
        Assert.Equal(double.NegativeInfinity, model.LogLikelihood(features, ["low"]));
        Assert.Contains("5 frames are fewer", Assert.Throws<InvalidDataException>(() => model.Align(features, ["low"])).Message, StringComparison.Ordinal);
        Assert.Contains("\"fall\"", Assert.Throws<InvalidDataException>(() => model.Align(features, ["fall"])).Message, StringComparison.Ordinal);
        Assert.Empty(model.Recognize(model.Features([])).Words);
    }

    [Fact]
    public void A_saved_model_is_the_model()
    {
        var model = s_tones.Value;
        model.Save(_folder);
        var loaded = HmmGmm.Load(_folder);
        Assert.Equal(JsonSerializer.Serialize(model.Config), JsonSerializer.Serialize(loaded.Config));
        Assert.Equal(model.Emissions.Means.ToArray(), loaded.Emissions.Means.ToArray());
        Assert.Equal(model.Emissions.Variances.ToArray(), loaded.Emissions.Variances.ToArray());
        Assert.Equal(model.Emissions.Weights.ToArray(), loaded.Emissions.Weights.ToArray());
        Assert.Equal(model.SelfLoops.ToArray(), loaded.SelfLoops.ToArray());
    }

    [Fact]
    public void The_recogniser_opens_the_folder_and_times_the_words()
    {
        s_tones.Value.Save(_folder);
        using var recognizer = SpeechRecognizer.Load(_folder);
        Assert.Equal("hmm-gmm", recognizer.ModelType);
        var segment = Assert.Single(recognizer.Transcribe(Say("low high", seed: 3), new TranscriptionOptions(WordTimestamps: true), cancel: TestContext.Current.CancellationToken).Segments);
        Assert.Equal(" low high", segment.Text);
        Assert.InRange(segment.Words![1].Start.TotalSeconds, 0.66, 0.74);
        Assert.InRange(segment.Words![1].Probability, 0.5, 1);
        Assert.Throws<ArgumentException>(() => recognizer.Transcribe(Say("low", seed: 3), new TranscriptionOptions(new WhisperOptions(Language: "en")), cancel: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_long_recording_is_cut_at_silences()
    {
        s_tones.Value.Save(_folder);
        using var recognizer = SpeechRecognizer.Load(_folder);
        float[] samples = [.. Say("low high", seed: 3), .. Say("", seed: 4, seconds: 30), .. Say("rise", seed: 5)];
        var transcript = recognizer.Transcribe(samples, cancel: TestContext.Current.CancellationToken);
        Assert.Equal("low high rise", transcript.Text);
        Assert.InRange(transcript.Segments[^1].Start.TotalSeconds, (samples.Length / (double)Rate) - 0.6, (samples.Length / (double)Rate) - 0.4);
    }

    [Fact]
    public void Any_damage_to_config_json_is_read_or_refused()
    {
        s_tones.Value.Save(_folder);
        Damage.Check(File.ReadAllBytes(Path.Combine(_folder, "config.json")), bad =>
        {
            try
            {
                using var json = JsonDocument.Parse(bad);
                _ = new CepstralFeatures(HmmGmmConfig.Parse(json.RootElement).Features);
            }
            catch (JsonException e)
            {
                throw new InvalidDataException(e.Message, e);
            }
        });
    }

    [Theory]
    [InlineData("\"silence\":0", "\"silence\":9", "silence is 9; it must be 0 to 3")]
    [InlineData("\"units\":[1]", "\"units\":[7]", "with a unit that does not exist; there are 4")]
    [InlineData("\"states\":8", "\"states\":-8", "states other than 1 to 4096")]
    [InlineData("\"gaussians\":2", "\"gaussians\":3", "mixture_weights: the model wants [27, 3], the checkpoint has [27, 2]")]
    [InlineData("\"gaussians\":2", "\"gaussians\":\"2\"", "gaussians has a value of the wrong kind")]
    [InlineData("\"high_frequency\":8000", "\"high_frequency\":80000", "high_frequency is 80000")]
    public void A_wrong_value_is_named_with_its_folder(string good, string bad, string message)
    {
        s_tones.Value.Save(_folder);
        var path = Path.Combine(_folder, "config.json");
        var text = File.ReadAllText(path);
        Assert.Contains(good, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(good, bad, StringComparison.Ordinal), Encoding.UTF8);
        var error = Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(_folder));
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("means", float.NaN, "a Gaussian with mean NaN")]
    [InlineData("variances", 0f, "variance 0")]
    [InlineData("mixture_weights", 7f, "its mixture weights sum to")]
    [InlineData("self_loops", 1f, "self_loops has 1 for state 0")]
    [InlineData("self_loops", null, "self_loops [27]: missing")]
    public void A_damaged_parameter_is_named_with_its_folder(string name, float? value, string message)
    {
        s_tones.Value.Save(_folder);
        var path = Path.Combine(_folder, "model.safetensors");
        Dictionary<string, TensorData> tensors = [];
        using (var checkpoint = Checkpoint.Open(_folder))
        {
            foreach (var (key, stored) in checkpoint.Tensors)
            {
                var values = stored.ToSingles();
                values[0] = key == name ? value ?? 0 : values[0];
                tensors.Add(key, TensorData.Of(values, [.. stored.Shape]));
            }
        }

        if (value is null)
        {
            tensors.Remove(name);
        }

        SafetensorsFile.Write(path, tensors);
        var error = Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(_folder));
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static HmmGmm Train()
    {
        string[] texts = ["low", "high", "rise", "low rise high", "high rise", "rise low", "low low", "high high", "rise high low"];
        var utterances = texts.SelectMany((text, i) => Enumerable.Range(0, 3).Select(k => new HmmGmmUtterance($"tone {i}", text, () => Say(text, (10 * i) + k))));
        return HmmGmmTrainer.Train(utterances, new HmmGmmTrainingOptions(HmmUnitKind.Words, WordStates: 8, Gaussians: 2));
    }

    // Tones of 0.3 s with 0.2 s of soft noise around each.
    private static float[] Say(string text, int seed, double seconds = 0.2)
    {
        var random = new Random(seed);
        var samples = new List<float>();
        void Add(double length, Func<double, double> pitch, double loudness)
        {
            var phase = 0.0;
            for (var i = 0; i < length * Rate; i++)
            {
                phase += 2 * Math.PI * pitch(i / (length * Rate)) / Rate;
                samples.Add((float)((loudness * (Math.Sin(phase) + (0.3 * Math.Sin(2 * phase)))) + (0.002 * (random.NextDouble() - 0.5))));
            }
        }

        Add(seconds, _ => 100, 0);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var wide = 0.95 + (0.1 * random.NextDouble());
            Add(0.3, x => wide * (word switch { "low" => 400 - (80 * x), "high" => 2000 + (300 * x), _ => 500 + (1800 * x) }), 0.2 + (0.1 * random.NextDouble()));
            Add(0.2, _ => 100, 0);
        }

        return [.. samples];
    }
}
