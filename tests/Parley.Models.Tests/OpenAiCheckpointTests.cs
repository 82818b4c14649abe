using Parley.Nn;
using Parley.TestSupport;

namespace Parley.Models.Tests;

/// <summary>The bundled recogniser written again as OpenAI writes its models.</summary>
public sealed class OpenAiCheckpointTests : IDisposable
{
    private static readonly string Bundled = Path.Combine(Goldens.Repository, "models", "whisper-digits-micro");
    private static readonly TranscriptionOptions Greedy = new(new WhisperOptions(Language: "en", Timestamps: false, Temperatures: [0], ConditionOnPreviousText: false));

    private static readonly (string Name, int Value)[] Dims =
    [
        ("n_mels", 80), ("n_vocab", 51865), ("n_audio_ctx", 200), ("n_audio_state", 96), ("n_audio_head", 3), ("n_audio_layer", 2),
        ("n_text_ctx", 64), ("n_text_state", 96), ("n_text_head", 3), ("n_text_layer", 2),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-openai");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_file_of_openai_says_what_the_folder_says()
    {
        var sample = Path.Combine(Goldens.Repository, "samples", "digits.wav");
        using var folder = SpeechRecognizer.Load(Bundled);
        using var file = SpeechRecognizer.Load(Write(Tensors()));
        var (expected, found) = (folder.Transcribe(sample, Greedy), file.Transcribe(sample, Greedy));
        Assert.Equal("seven eight nine one two three", found.Text);
        Assert.Equal(expected.Segments.SelectMany(s => s.Tokens), found.Segments.SelectMany(s => s.Tokens));
        Assert.Equal(expected.Segments.Select(s => s.AverageLogProb), found.Segments.Select(s => s.AverageLogProb));
    }

    [Fact]
    public void Every_tensor_that_is_missing_misshapen_or_unread_is_reported_at_once()
    {
        var tensors = Tensors();
        tensors.RemoveAll(t => t.Name == "encoder.blocks.1.mlp.0.bias");
        var bias = tensors.FindIndex(t => t.Name == "decoder.blocks.0.cross_attn.query.bias");
        tensors[bias] = tensors[bias] with { Shape = [48], Values = tensors[bias].Values[..48] };
        tensors.Add(("decoder.blocks.2.attn_ln.weight", [96], new float[96]));
        var wrong = Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(Write(tensors)));
        var lines = wrong.Message.Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Contains(lines, l => l.Contains("encoder.layers.1.fc1.bias [384]: missing", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("decoder.layers.0.encoder_attn.q_proj.bias: the model wants [96], the checkpoint has [48]", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("decoder.layers.2.self_attn_layer_norm.weight: in the checkpoint, but this model does not read it", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_without_its_sizes_is_refused()
    {
        var path = Path.Combine(_folder.FullName, "incomplete.pt");
        TorchArchive.Save(path, Dims.Where(d => d.Name != "n_text_head"), Tensors());
        Assert.Contains("n_text_head", Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(path)).Message, StringComparison.Ordinal);
    }

    private string Write(IReadOnlyList<(string Name, int[] Shape, float[] Values)> tensors)
    {
        var path = Path.Combine(_folder.FullName, "digits.pt");
        TorchArchive.Save(path, Dims, tensors);
        return path;
    }

    private static List<(string Name, int[] Shape, float[] Values)> Tensors()
    {
        using var checkpoint = Checkpoint.Open(Bundled);
        return [.. checkpoint.Tensors.Where(t => t.Key != "proj_out.weight").Select(t => (OpenAiName(t.Key), t.Value.Shape.Select(d => (int)d).ToArray(), t.Value.ToSingles()))];
    }

    /// <summary>OpenAI's name of a Hugging Face one: whisper/model.py beside modeling_whisper.py.</summary>
    private static string OpenAiName(string name)
    {
        (string Theirs, string Ours)[] parts =
        [
            ("model.", ""), ("embed_positions.weight", "positional_embedding"), ("embed_tokens", "token_embedding"), ("self_attn_layer_norm", "attn_ln"),
            ("encoder_attn_layer_norm", "cross_attn_ln"), ("final_layer_norm", "mlp_ln"), ("encoder.layer_norm", "encoder.ln_post"), ("decoder.layer_norm", "decoder.ln"),
            ("layers", "blocks"), ("encoder_attn", "cross_attn"), ("self_attn", "attn"), ("q_proj", "query"), ("k_proj", "key"), ("v_proj", "value"), ("out_proj", "out"),
            ("fc1", "mlp.0"), ("fc2", "mlp.2"),
        ];
        return parts.Aggregate(name, (n, part) => n.Replace(part.Theirs, part.Ours, StringComparison.Ordinal));
    }
}
