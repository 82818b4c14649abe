using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", §2.3): a decoder of pre-norm transformer blocks, learned positions,
// a norm after the last block, and the token table again as the output projection. rows: texts; tokens: of each; dim: width.
// Names: Hugging Face checkpoints, with or without their "transformer." in front; weights of linear layers are stored [in, out].
// Checked against openai/gpt-2:src/model.py and huggingface/transformers:models/gpt2/modeling_gpt2.py.

/// <summary>Tokens to scores of the tokens that follow. Never changes once built.</summary>
public sealed class Gpt2
{
    private readonly Embedding _tokens;
    private readonly Tensor _positions;
    private readonly Gpt2Block[] _blocks;
    private readonly LayerNorm _norm;

    /// <summary>Reads <c>wte</c>, <c>wpe</c>, <c>h</c> and <c>ln_f</c>.</summary>
    public Gpt2(Weights w, Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        var root = w.Has("wte.weight") ? w : w["transformer"];
        _tokens = new Embedding(root["wte"], config.VocabSize, config.Dim);
        _positions = root["wpe"].Get("weight", [config.Positions, config.Dim], Init.Normal(0.02f));
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new Gpt2Block(root["h"][i], config, i))];
        _norm = new LayerNorm(root["ln_f"], config.Dim, config.Epsilon);

        // The table again, where it is stored twice.
        w.Ignore("lm_head.weight");
    }

    /// <summary>Sizes and choices.</summary>
    public Gpt2Config Config { get; }

    /// <summary>Builds the model of a folder: <c>config.json</c> and the checkpoint beside it.</summary>
    public static Gpt2 Load(string folder, WeightsOptions? options = null)
    {
        using var json = new ModelFolder(folder).Config();
        var config = Gpt2Config.Parse(json.RootElement);
        return Weights.Build(new CheckpointWeights(Checkpoint.Open(folder)), w => new Gpt2(w, config), options).Model;
    }

    /// <summary>Scores what follows each token. Padding belongs at the end, where no other token sees it.</summary>
    /// <param name="ids">[rows, tokens], at most <see cref="Gpt2Config.Positions"/> of them.</param>
    /// <param name="pass">Training; null: no dropout.</param>
    /// <param name="taps">Receives hidden_0 (what enters the first block), hidden_1 …, last_hidden and logits; null: none.</param>
    /// <returns>Logits [rows, tokens, vocabulary].</returns>
    public Tensor Forward(IntTensor ids, TrainingPass? pass = null, Taps? taps = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.Shape.Rank != 2 || ids.Shape[1] > Config.Positions)
        {
            throw new ShapeException($"gpt2: tokens are {ids.Shape}; the model takes [rows, up to {Config.Positions} tokens]");
        }

        var x = TensorScope.Run(() => (_tokens.Forward(ids) + _positions.Slice(0, 0, ids.Shape[1])).Drop(Config.EmbeddingDropout, pass));  // [rows, tokens, dim]
        for (var i = 0; i < _blocks.Length; i++)
        {
            taps?.Add($"hidden_{i}", x);
            var (block, input) = (_blocks[i], x);
            x = TensorScope.Run(() => block.Forward(input, pass));
        }

        x = _norm.Forward(x);
        taps?.Add("last_hidden", x);
        var logits = _tokens.Logits(x);
        taps?.Add("logits", logits);
        return logits;
    }
}

/// <summary>Self-attention and feed-forward, each after its norm and around its residual.</summary>
internal sealed class Gpt2Block
{
    private readonly Gpt2Config _c;
    private readonly float _scale;
    private readonly LayerNorm _attentionNorm;
    private readonly TransposedLinear _queryKeyValue;
    private readonly TransposedLinear _out;
    private readonly LayerNorm _norm;
    private readonly TransposedLinear _up;
    private readonly TransposedLinear _down;

    public Gpt2Block(Weights w, Gpt2Config c, int layer)
    {
        // What is added to the residual stream starts smaller, so that its variance does not grow with the depth (§2.3).
        var residual = 0.02f / MathF.Sqrt(2 * c.Layers);
        _c = c;
        _scale = 1 / MathF.Sqrt(c.Dim / c.Heads) / (c.ScaleByLayer ? layer + 1 : 1);
        _attentionNorm = new LayerNorm(w["ln_1"], c.Dim, c.Epsilon);
        _queryKeyValue = new TransposedLinear(w["attn"]["c_attn"], c.Dim, 3 * c.Dim);
        _out = new TransposedLinear(w["attn"]["c_proj"], c.Dim, c.Dim, residual);
        _norm = new LayerNorm(w["ln_2"], c.Dim, c.Epsilon);
        _up = new TransposedLinear(w["mlp"]["c_fc"], c.Dim, c.FeedForward);
        _down = new TransposedLinear(w["mlp"]["c_proj"], c.FeedForward, c.Dim, residual);

        // The causal mask and its −10,000, in older files.
        w["attn"].Ignore("bias");
        w["attn"].Ignore("masked_bias");
    }

    /// <summary>x [rows, tokens, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x, TrainingPass? pass)
    {
        x += Attend(_attentionNorm.Forward(x), pass).Drop(_c.ResidualDropout, pass);
        return x + _down.Forward(_up.Forward(_norm.Forward(x), _c.Activation)).Drop(_c.ResidualDropout, pass);
    }

    private Tensor Attend(Tensor x, TrainingPass? pass)
    {
        var (rows, tokens, width) = (x.Shape[0], x.Shape[1], _c.Dim / _c.Heads);
        var parts = _queryKeyValue.Forward(x).Reshape(rows, tokens, 3, _c.Heads, width).Permute(2, 0, 3, 1, 4);  // [3, rows, heads, tokens, dim/heads]
        var (q, k, v) = (parts.Select(0, 0), parts.Select(0, 1), parts.Select(0, 2));
        var y = pass is null || _c.AttentionDropout == 0
            ? Tensor.Attention(q, k, v, new AttentionOptions(_scale, Causal: true))
            : Seen((q * _scale).MatMul(k.Transpose(2, 3))).Softmax().Drop(_c.AttentionDropout, pass).MatMul(v);
        return _out.Forward(y.Transpose(1, 2).Reshape(rows, tokens, _c.Dim));
    }

    /// <summary>Scores [rows, heads, tokens, tokens] with −∞ for keys that come after their query.</summary>
    private static Tensor Seen(Tensor scores)
    {
        var tokens = scores.Shape[2];
        var mask = new float[tokens * tokens];
        for (var i = 0; i < tokens; i++)
        {
            mask.AsSpan((i * tokens) + i + 1, tokens - i - 1).Fill(float.NegativeInfinity);
        }

        return scores + Tensor.From(mask, [1, 1, tokens, tokens], scores.Backend);
    }
}
