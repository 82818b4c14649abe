using System.Globalization;
using System.Text.Json;
using Parley.Audio;
using Parley.Models;
using Parley.TestSupport;

namespace Parley.Cli.Tests;

/// <summary><c>parley align</c> with an HMM-GMM of two tones, and with CTC models of random weights.</summary>
public sealed class AlignTests : IDisposable
{
    private static readonly Lazy<HmmGmm> s_tones = new(() => HmmGmmTrainer.Train(
        Enumerable.Range(0, 24).Select(i => new HmmGmmUtterance($"{i}", i % 2 == 0 ? "low high" : "high low", () => Say(i % 2 == 0 ? [300, 1500] : [1500, 300], i))),
        new HmmGmmTrainingOptions(HmmUnitKind.Words, WordStates: 3, Gaussians: 1)));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Words_are_found_where_they_were_said()
    {
        Tones();
        WavFile.Write(_folder["said.wav"], Say([1500, 300, 300], seed: 99), 16000);
        File.WriteAllText(_folder["said.txt"], "High low\n\nlow\n");
        var run = CommandRun.Of("align", _folder["said.wav"], _folder["said.txt"], "--model", _folder["model"], "--format", "ctm");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var lines = run.Output.Trim().Split('\n').Select(l => l.Split(' ')).ToArray();
        Assert.Equal(["High", "low", "low"], lines.Select(l => l[4]));
        foreach (var (index, line) in lines.Index())
        {
            Assert.Equal(0.3 + (0.6 * index), double.Parse(line[2], CultureInfo.InvariantCulture), 0.06);
            Assert.Equal(0.3, double.Parse(line[3], CultureInfo.InvariantCulture), 0.1);
        }
    }

    [Fact]
    public void All_formats_are_written_to_a_folder()
    {
        Tones();
        WavFile.Write(_folder["said.wav"], Say([300, 1500], seed: 5), 16000);
        File.WriteAllText(_folder["said.txt"], "low high");
        var run = CommandRun.Of("align", _folder["said.wav"], _folder["said.txt"], "-m", _folder["model"], "-f", "all", "-o", _folder["out"]);
        Assert.Equal((0, "", ""), (run.Code, run.Output, run.Error));
        Assert.Equal(["said.TextGrid", "said.ctm", "said.html", "said.json"], Directory.EnumerateFiles(_folder["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("name = \"phones\"", File.ReadAllText(_folder["out/said.TextGrid"]), StringComparison.Ordinal);
        var page = File.ReadAllText(_folder["out/said.html"]);
        Assert.Contains(">high</text>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.Contains("several files", CommandRun.Of("align", _folder["said.wav"], _folder["said.txt"], "-m", _folder["model"], "-f", "all").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_ctc_model_aligns_and_words_keep_their_order()
    {
        Letters();
        WavFile.Write(_folder["noise.wav"], Say([700, 2000], seed: 3), 16000);
        File.WriteAllText(_folder["text.txt"], "tea at\nten");
        var run = CommandRun.Of("align", _folder["noise.wav"], _folder["text.txt"], "-m", _folder.Path, "-f", "json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        using var json = JsonDocument.Parse(run.Output);
        var words = json.RootElement.GetProperty("words").EnumerateArray().ToArray();
        Assert.Equal([("tea", 1), ("at", 1), ("ten", 2)], words.Select(w => (w.GetProperty("word").GetString()!, w.GetProperty("line").GetInt32())));
        Assert.Equal(["T", "E", "A"], words[0].GetProperty("units").EnumerateArray().Select(u => u.GetProperty("unit").GetString()));
        Assert.All(words.Zip(words.Skip(1)), p => Assert.True(p.First.GetProperty("end").GetDouble() <= p.Second.GetProperty("start").GetDouble()));
        Assert.All(words, w => Assert.InRange(w.GetProperty("probability").GetDouble(), 0, 1));
    }

    [Theory]
    [InlineData("tea\nt2 at", "text.txt:2: \"t2\": the model has no symbol for \"2\"")]
    [InlineData("tea\ncafé", "text.txt:2: \"café\": the model has no symbol for \"é\"")]
    [InlineData(" \n\n", "there are no words")]
    public void A_text_that_the_model_cannot_write_is_one_line_with_its_place(string text, string says)
    {
        Letters();
        WavFile.Write(_folder["noise.wav"], Say([700], seed: 3), 16000);
        File.WriteAllText(_folder["text.txt"], text);
        Fails(says, _folder["noise.wav"], _folder["text.txt"], "-m", _folder.Path);
    }

    [Fact]
    public void Other_mistakes_are_one_line_too()
    {
        Tones();
        WavFile.Write(_folder["said.wav"], Say([300], seed: 3), 16000);
        File.WriteAllText(_folder["text.txt"], "low\nmiddle");
        Fails("text.txt:2: the model does not know the word \"middle\"", _folder["said.wav"], _folder["text.txt"], "-m", _folder["model"]);
        File.WriteAllText(_folder["text.txt"], string.Join(' ', Enumerable.Repeat("low", 100)));
        Fails("cannot have been said", _folder["said.wav"], _folder["text.txt"], "-m", _folder["model"]);
        Fails("none.txt", _folder["said.wav"], _folder["none.txt"], "-m", _folder["model"]);
        Fails("none.wav", _folder["none.wav"], _folder["text.txt"], "-m", _folder["model"]);
        Fails("does not align", _folder["said.wav"], _folder["text.txt"], "-m", Path.Combine(Goldens.Repository, "models", "whisper-digits-micro"));
    }

    public void Dispose() => _folder.Dispose();

    private static void Fails(string says, params string[] args)
    {
        var run = CommandRun.Of(["align", .. args]);
        Assert.Equal((1, "", 1), (run.Code, run.Output, run.Error.Trim().Split('\n').Length));
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    private void Tones() => s_tones.Value.Save(_folder["model"]);

    // The golden with the letters that wav2vec 2.0 has.
    private void Letters()
    {
        foreach (var name in (string[])["config.json", "model.safetensors", "preprocessor_config.json"])
        {
            File.Copy(Path.Combine(Goldens.Folder("wav2vec2_base_ctc"), name), _folder[name], overwrite: true);
        }

        var letters = "<pad> <s> </s> <unk> | E T A O N I H S R D L U M W C F G Y P B V K X J Q Z '".Split(' ');
        File.WriteAllText(_folder["vocab.json"], $"{{{string.Join(", ", letters.Select((l, i) => $"\"{l}\": {i}"))}}}");
    }

    // Each tone 0.3 s, after 0.3 s of silence and before as much.
    private static float[] Say(double[] tones, int seed)
    {
        var random = new Random(seed);
        var samples = new float[((2 * tones.Length) + 1) * 4800];
        for (var t = 0; t < samples.Length; t++)
        {
            var part = t / 4800;
            samples[t] = (float)(((part & 1) == 1 ? 0.3 * Math.Sin(2 * Math.PI * tones[part / 2] * t / 16000) : 0) + (0.01 * (random.NextDouble() - 0.5)));
        }

        return samples;
    }
}
