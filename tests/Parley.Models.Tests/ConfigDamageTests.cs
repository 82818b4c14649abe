using System.Text;
using System.Text.Json;
using Parley.Nn;
using Parley.TestSupport;

namespace Parley.Models.Tests;

/// <summary>Settings of a model that somebody has tampered with.</summary>
public sealed class ConfigDamageTests
{
    private static readonly string Bundled = Path.Combine(Goldens.Repository, "models", "whisper-digits-micro");

    [Theory]
    [InlineData("whisper_80")]
    [InlineData("wav2vec2_base_ctc")]
    [InlineData("hubert_large_ctc")]
    [InlineData("wavlm_base_ctc")]
    [InlineData("wav2vec2_conformer_rotary")]
    public void Any_damage_to_config_json_is_read_or_refused(string golden)
    {
        var good = File.ReadAllBytes(Path.Combine(Goldens.Folder(golden), "config.json"));
        Damage.Check(good, bad =>
        {
            using var json = Parse(bad);
            if (golden == "whisper_80")
            {
                WhisperConfig.Parse(json.RootElement);
            }
            else
            {
                Wav2Vec2Config.Parse(json.RootElement);
            }
        });
    }

    [Theory]
    [InlineData("whisper")]
    [InlineData("wav2vec2_base_ctc")]
    [InlineData("wavlm_base_ctc")]
    [InlineData("wav2vec2_conformer_rotary")]
    [InlineData("parakeet_ctc")]
    public void No_size_of_a_model_costs_memory(string name)
    {
        var good = name == "whisper" ? Bundled : Goldens.Folder(name);
        Damage.Enlarge(File.ReadAllText(Path.Combine(good, "config.json")), bad =>
        {
            using var folder = new Model(good, ("config.json", bad));
            if (name == "whisper")
            {
                SpeechRecognizer.Load(folder.Path).Dispose();
            }
            else if (name == "parakeet_ctc")
            {
                ConformerCtc.Load(folder.Path);
            }
            else
            {
                CtcModel.Load(folder.Path);
            }
        });
    }

    [Fact]
    public void Any_damage_to_generation_config_json_is_read_or_refused()
    {
        using var config = new ModelFolder(Bundled).Config();
        var sizes = WhisperConfig.Parse(config.RootElement);
        var good = File.ReadAllBytes(Path.Combine(Bundled, "generation_config.json"));
        Damage.Check(good, bad =>
        {
            using var json = Parse(bad);
            var ids = WhisperVocabulary.From(json.RootElement, sizes);
            Assert.InRange(ids.NoSpeech, 0, sizes.VocabSize - 1);
        });
    }

    [Theory]
    [InlineData("""{"no_timestamps_token_id": 0}""", "no_timestamps_token_id - 1, no speech, is -1")]
    [InlineData("""{"task_to_id": {"transcribe": 999999, "translate": 1}}""", "task_to_id transcribe is 999999")]
    [InlineData("""{"task_to_id": {"transcribe": 1, "translate": -4}}""", "task_to_id translate is -4")]
    [InlineData("""{"lang_to_id": {"en": 50259, "<|en|>": 50260}}""", "names en twice")]
    [InlineData("""{"lang_to_id": {"<|en|>": 99999999}}""", "lang_to_id en is 99999999")]
    [InlineData("""{"alignment_heads": [[-1, 0]]}""", "alignment_heads has [-1, 0]")]
    [InlineData("""{"suppress_tokens": ["x"]}""", "suppress_tokens has \"x\"")]
    public void An_id_that_cannot_be_is_named(string generation, string message)
    {
        using var folder = new Model(("generation_config.json", generation));
        var error = Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(folder.Path));
        Assert.StartsWith(folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model_type": "whisper", "d_model": 96}""", "'num_mel_bins'")]
    [InlineData("""{"model_type": "whisper", "num_mel_bins": "x"}""", "num_mel_bins has a value of the wrong kind")]
    [InlineData("""{"model_type": "whisper", "num_mel_bins": 1e300}""", "num_mel_bins has a value of the wrong kind or out of range")]
    public void A_wrong_key_of_config_json_is_named_with_its_folder(string config, string message)
    {
        using var folder = new Model(("config.json", config));
        var error = Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(folder.Path));
        Assert.StartsWith(folder.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Parley.Models", error.Message, StringComparison.Ordinal);
    }

    // As a model is loaded: the folder's reader checks the text first.
    private static JsonDocument Parse(byte[] text)
    {
        var folder = Directory.CreateTempSubdirectory("parley-models-").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "config.json"), text);
            return new ModelFolder(folder).Config();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A model's folder, else the bundled one, with one file of another content.</summary>
    private sealed class Model : IDisposable
    {
        public Model((string Name, string Text) changed)
            : this(Bundled, changed)
        {
        }

        public Model(string good, (string Name, string Text) changed)
        {
            foreach (var file in Directory.GetFiles(good).Where(f => System.IO.Path.GetFileName(f) != changed.Name))
            {
                File.CreateSymbolicLink(System.IO.Path.Combine(Path, System.IO.Path.GetFileName(file)), file);
            }

            File.WriteAllText(System.IO.Path.Combine(Path, changed.Name), changed.Text, Encoding.UTF8);
        }

        public string Path { get; } = Directory.CreateTempSubdirectory("parley-models-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
