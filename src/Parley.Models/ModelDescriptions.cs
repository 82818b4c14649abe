namespace Parley.Models;

/// <summary>The published configurations of the families that Parley runs.</summary>
/// <remarks>Sizes: openai/whisper whisper/model.py and the model cards' dims; facebook/*, microsoft/wavlm-* and distil-whisper/* config.json on the hub.</remarks>
public static class ModelDescriptions
{
    private const int EnglishTokens = 51864;
    private const int Tokens = 51865;

    /// <summary>All of them, family by family.</summary>
    public static IReadOnlyList<ModelDescription> All { get; } =
    [
        Whisper("tiny", "39 M", 384, 6, 4), Whisper("tiny.en", "39 M", 384, 6, 4, EnglishTokens),
        Whisper("base", "74 M", 512, 8, 6), Whisper("base.en", "74 M", 512, 8, 6, EnglishTokens),
        Whisper("small", "244 M", 768, 12, 12), Whisper("small.en", "244 M", 768, 12, 12, EnglishTokens),
        Whisper("medium", "769 M", 1024, 16, 24), Whisper("medium.en", "769 M", 1024, 16, 24, EnglishTokens),
        Whisper("large", "1550 M", 1280, 20, 32), Whisper("large-v2", "1550 M", 1280, 20, 32), Whisper("large-v3", "1550 M", 1280, 20, 32, Tokens + 1, mels: 128),
        Whisper("large-v3-turbo", "809 M", 1280, 20, 32, Tokens + 1, mels: 128, decoderLayers: 4),
        Distil("small.en", "166 M", 768, 12, 12, EnglishTokens, decoderLayers: 4), Distil("medium.en", "394 M", 1024, 16, 24, EnglishTokens),
        Distil("large-v2", "756 M", 1280, 20, 32, Tokens), Distil("large-v3", "756 M", 1280, 20, 32, Tokens + 1, mels: 128),
        new("wav2vec2-base", "facebook/wav2vec2-base-960h", "95 M", Wav2Vec2: new Wav2Vec2Config("wav2vec2")),
        new("wav2vec2-large", "facebook/wav2vec2-large-960h", "317 M", Wav2Vec2: Large("wav2vec2")),
        new("wav2vec2-large-lv60", "facebook/wav2vec2-large-960h-lv60-self", "317 M", Wav2Vec2: PreNorm("wav2vec2")),
        new("wav2vec2-conformer-rel-pos-large", "facebook/wav2vec2-conformer-rel-pos-large-960h-ft", "618 M", Wav2Vec2: Conformer("relative")),
        new("wav2vec2-conformer-rope-large", "facebook/wav2vec2-conformer-rope-large-960h-ft", "593 M", Wav2Vec2: Conformer("rotary")),
        new("hubert-base", "facebook/hubert-base-ls960", "95 M", Wav2Vec2: new Wav2Vec2Config("hubert")),
        new("hubert-large", "facebook/hubert-large-ls960-ft", "317 M", Wav2Vec2: PreNorm("hubert")),
        new("hubert-xlarge", "facebook/hubert-xlarge-ls960-ft", "964 M", Wav2Vec2: PreNorm("hubert") with { Dim = 1280, Layers = 48, FeedForward = 5120 }),
        new("wavlm-base", "microsoft/wavlm-base", "94.70 M", Wav2Vec2: new Wav2Vec2Config("wavlm")),
        new("wavlm-base-plus", "microsoft/wavlm-base-plus", "94.70 M", Wav2Vec2: new Wav2Vec2Config("wavlm")),
        new("wavlm-large", "microsoft/wavlm-large", "316.62 M", Wav2Vec2: PreNorm("wavlm") with { ConvBias = false }),
        Paper("s", "10.3 M", 144, 4, 16, 320), Paper("m", "30.7 M", 256, 4, 16, 640), Paper("l", "118.8 M", 512, 8, 17, 640),
        ConformerCtc("s", "13 M", 176, 4, 16), ConformerCtc("m", "30 M", 256, 4, 18), ConformerCtc("l", "121 M", 512, 8, 18), ConformerCtc("xl", "635 M", 1024, 8, 24, kernel: 5),
        Transducer("s", "14 M", 176, 4, 16, 320), Transducer("m", "32 M", 256, 4, 16), Transducer("l", "120 M", 512, 8, 17), Transducer("xl", "644 M", 1024, 8, 24, kernel: 5, predictorLayers: 2),
        new("parakeet-ctc-0.6b", "nvidia/parakeet-ctc-0.6b", "0.6 B", Conformer: new ConformerCtcConfig(new ConformerConfig())),
        new("parakeet-ctc-1.1b", "nvidia/parakeet-ctc-1.1b", "1.1 B", Conformer: new ConformerCtcConfig(new ConformerConfig(Layers: 42))),
    ];

    /// <summary>The configuration of a name, also without "whisper-" and by other usual names; null if there is none.</summary>
    public static ModelDescription? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        name = name.ToLowerInvariant() switch
        {
            "turbo" or "whisper-turbo" or "large-v3-turbo" => "whisper-large-v3-turbo",
            "large-v1" or "whisper-large-v1" => "whisper-large",
            var other => other,
        };
        return All.FirstOrDefault(d => d.Name == name || d.Name == $"whisper-{name}" || (d.HubId.Length > 0 && d.HubId == name));
    }

    private static ModelDescription Whisper(string size, string published, int dim, int heads, int layers, int tokens = Tokens, int mels = 80, int? decoderLayers = null) =>
        new($"whisper-{size}", $"openai/whisper-{size}", published, Sizes(dim, heads, layers, decoderLayers ?? layers, tokens, mels));

    private static ModelDescription Distil(string size, string published, int dim, int heads, int layers, int tokens, int mels = 80, int decoderLayers = 2) =>
        new($"distil-{size}", $"distil-whisper/distil-{size}", published, Sizes(dim, heads, layers, decoderLayers, tokens, mels));

    private static WhisperConfig Sizes(int dim, int heads, int layers, int decoderLayers, int tokens, int mels) =>
        new(mels, dim, layers, decoderLayers, heads, heads, 4 * dim, 4 * dim, AudioPositions: 1500, TextPositions: 448, tokens);

    // Gulati et al. 2020, table 1, with the vocabulary of 1,024 that its size S suggests.
    private static ModelDescription Paper(string size, string published, int dim, int heads, int layers, int predictor) =>
        new($"conformer-{size}", "", published, Transducer: new ConformerTransducerConfig(Encoder(dim, heads, layers, kernel: 32), 1025, 1024, predictor, PredictorLayers: 1));

    // NVIDIA/NeMo:examples/asr/conf/conformer/conformer_ctc_bpe.yaml and conformer_transducer_bpe.yaml.
    private static ModelDescription ConformerCtc(string size, string published, int dim, int heads, int layers, int kernel = 31) =>
        new($"conformer-ctc-{size}", $"nvidia/stt_en_conformer_ctc_{Word(size)}", published, Conformer: new ConformerCtcConfig(Encoder(dim, heads, layers, kernel), 129, 128));

    private static ModelDescription Transducer(string size, string published, int dim, int heads, int layers, int predictor = 640, int kernel = 31, int predictorLayers = 1) =>
        new($"conformer-transducer-{size}", $"nvidia/stt_en_conformer_transducer_{Word(size)}", published, Transducer: new ConformerTransducerConfig(Encoder(dim, heads, layers, kernel), 1025, 1024, predictor, predictorLayers));

    private static string Word(string size) => size switch
    {
        "s" => "small",
        "m" => "medium",
        "l" => "large",
        _ => "xlarge",
    };

    private static ConformerConfig Encoder(int dim, int heads, int layers, int kernel) =>
        new(dim, layers, heads, 4 * dim, ConvKernel: kernel, SubsamplingFactor: 4, SubsamplingChannels: dim, Subsampling: "striding");

    private static Wav2Vec2Config Large(string type) => new(type, Dim: 1024, Layers: 24, Heads: 16, FeedForward: 4096);

    private static Wav2Vec2Config PreNorm(string type) => Large(type) with { FeatureNorm = "layer", ConvBias = true, PreNorm = true };

    private static Wav2Vec2Config Conformer(string positions) =>
        PreNorm("wav2vec2-conformer") with { HiddenActivation = "swish", PositionType = positions };
}
