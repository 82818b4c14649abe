using System.Text.Json;
using Parley.Nn;
using Xunit;

namespace Parley.Models.Tests;

public sealed class Wav2Vec2ConfigTests
{
    private static readonly Wav2Vec2Config Base = new("wav2vec2");
    private static readonly Wav2Vec2Config Large = Base with { Dim = 1024, Layers = 24, Heads = 16, FeedForward = 4096 };
    private static readonly Wav2Vec2Config LargeLv60 = Large with { PreNorm = true, FeatureNorm = "layer", ConvBias = true };

    // Reference facts, §0; the mask vector is counted as transformers does, when training masks.
    [Fact]
    public void Parameter_counts_are_the_published_ones()
    {
        Assert.Equal(94_371_712, Encoder(Base));
        Assert.Equal(94_370_944, Encoder(Base with { MaskTimeProb = 0 }));
        Assert.Equal(94_396_320, Whole(Base));
        Assert.Equal(315_428_992, Encoder(Large));
        Assert.Equal(315_461_792, Whole(Large));
        Assert.Equal(315_438_720, Encoder(LargeLv60));
        Assert.Equal(315_471_520, Whole(LargeLv60));
        Assert.Equal(94_370_944, Encoder(Base with { ModelType = "hubert", MaskTimeProb = 0 }));
        Assert.Equal(315_438_720, Encoder(LargeLv60 with { ModelType = "hubert" }));
        Assert.Equal(962_497_408, Encoder(LargeLv60 with { ModelType = "hubert", Dim = 1280, Layers = 48, FeedForward = 5120 }));
    }

    [Theory]
    [InlineData("\"hidden_act\": \"gelu_fast\"", "hidden_act")]
    [InlineData("\"feat_extract_norm\": \"batch\"", "feat_extract_norm")]
    [InlineData("\"feat_extract_activation\": \"mish\"", "feat_extract_activation")]
    [InlineData("\"add_adapter\": true", "add_adapter")]
    [InlineData("\"adapter_attn_dim\": 16", "adapter_attn_dim")]
    [InlineData("\"position_embeddings_type\": \"alibi\"", "position_embeddings_type")]
    [InlineData("\"num_feat_extract_layers\": 5", "num_feat_extract_layers")]
    [InlineData("\"conv_kernel\": [3, 3]", "conv_kernel")]
    [InlineData("\"conv_stride\": [0, 2, 2, 2, 2, 2, 2]", "conv_stride")]
    [InlineData("\"hidden_size\": 770", "num_attention_heads")]
    [InlineData("\"num_hidden_layers\": 2000000000", "num_hidden_layers")]
    [InlineData("\"pad_token_id\": 32", "pad_token_id")]
    [InlineData("\"ctc_loss_reduction\": \"none\"", "ctc_loss_reduction")]
    [InlineData("\"conv_pos_batch_norm\": true", "conv_pos_batch_norm")]
    [InlineData("\"hidden_size\": \"wide\"", "hidden_size")]
    public void Settings_that_cannot_be_honoured_are_refused_by_name(string setting, string key)
    {
        using var json = JsonDocument.Parse($"{{\"model_type\": \"wav2vec2\", {setting}}}");
        var e = Assert.Throws<InvalidDataException>(() => Wav2Vec2Config.Parse(json.RootElement));
        Assert.Contains(key, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_keys_take_the_documented_defaults()
    {
        using var json = JsonDocument.Parse("{\"model_type\": \"hubert\", \"position_embeddings_type\": null}");
        var config = Wav2Vec2Config.Parse(json.RootElement);
        Assert.Equal(Base with { ModelType = "hubert", PositionType = null }, config);
        Assert.Equal((320, 400), (config.SamplesPerFrame, config.ReceptiveField));
    }

    // 16,000 samples give 49 frames; one sample less than a frame gives none.
    [Theory]
    [InlineData(399, 0)]
    [InlineData(400, 1)]
    [InlineData(719, 1)]
    [InlineData(720, 2)]
    [InlineData(16_000, 49)]
    public void Frames_follow_the_convolutions(int samples, int frames) => Assert.Equal(frames, Base.FramesOf(samples));

    // Edges worked out by hand from the formula: 16 exact distances on each side, then logarithmic up to 40 (32 buckets).
    [Theory]
    [InlineData(0, 0)]
    [InlineData(-7, 7)]
    [InlineData(7, 23)]
    [InlineData(-8, 8)]
    [InlineData(-40, 15)]
    [InlineData(-400, 15)]
    [InlineData(400, 31)]
    public void Positions_fall_into_buckets(int distance, int bucket) =>
        Assert.Equal(bucket, WavLmPositions.Bucket(distance, new Wav2Vec2Config("wavlm", Buckets: 32, MaxBucketDistance: 40)));

    private static long Encoder(Wav2Vec2Config config) => Count(Weights.Build(new ShapeSource(), w => new Wav2Vec2(w[config.Prefix], config)).Parameters);

    private static long Whole(Wav2Vec2Config config) => Count(Weights.Build(new ShapeSource(), w => new CtcModel(w, config)).Parameters);

    private static long Count(IEnumerable<Parameter> parameters) => parameters.Where(p => !p.IsBuffer).Sum(p => p.Shape.Count);
}
