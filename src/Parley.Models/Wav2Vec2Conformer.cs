using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// wav2vec2-conformer (fairseq S2T, Wang et al. 2020, arXiv 2010.05171, with Conformer blocks, Gulati et al. 2020, arXiv 2005.08100): wav2vec 2.0
// whose blocks are half a feed-forward, attention, a convolution and half a feed-forward. Positions are relative (Transformer-XL, Dai et al. 2019,
// arXiv 1901.02860) or rotary (Su et al. 2021, arXiv 2104.09864). Names: Hugging Face checkpoints. Unlike in other rotary models, the input of
// the query and key projections is turned, not their output. Checked against
// huggingface/transformers:models/wav2vec2_conformer/modeling_wav2vec2_conformer.py.

/// <summary>One Conformer block.</summary>
internal sealed class ConformerBlock(Weights w, Wav2Vec2Config c) : ISpeechBlock
{
    private readonly LayerNorm _firstNorm = new(w["ffn1_layer_norm"], c.Dim);
    private readonly SpeechFeedForward _first = new(w["ffn1"], c);
    private readonly LayerNorm _attentionNorm = new(w["self_attn_layer_norm"], c.Dim);
    private readonly ConformerAttention _attention = new(w["self_attn"], c);
    private readonly ConformerConvolution _convolution = new(w["conv_module"], c);
    private readonly LayerNorm _secondNorm = new(w["ffn2_layer_norm"], c.Dim);
    private readonly SpeechFeedForward _second = new(w["ffn2"], c);
    private readonly LayerNorm _norm = new(w["final_layer_norm"], c.Dim);

    public Tensor Forward(Tensor x, Tensor? relations, int[]? frames)
    {
        x += _first.Forward(_firstNorm.Forward(x)) * 0.5f;
        x = _attention.Forward(_attentionNorm.Forward(x), relations, frames, residual: x);
        x += _convolution.Forward(x);
        x += _second.Forward(_secondNorm.Forward(x)) * 0.5f;
        return _norm.Forward(x);
    }
}

/// <summary>Norm, gated projection, depthwise convolution, batch norm, projection.</summary>
internal sealed class ConformerConvolution(Weights w, Wav2Vec2Config c)
{
    private readonly LayerNorm _norm = new(w["layer_norm"], c.Dim);
    private readonly Conv1d _gated = new(w["pointwise_conv1"], c.Dim, 2 * c.Dim, kernel: 1, bias: false);
    private readonly Conv1d _depthwise = new(w["depthwise_conv"], c.Dim, c.Dim, c.DepthwiseKernel, padding: (c.DepthwiseKernel - 1) / 2, groups: c.Dim, bias: false);
    private readonly BatchNorm _batchNorm = new(w["batch_norm"], c.Dim);
    private readonly Conv1d _out = new(w["pointwise_conv2"], c.Dim, c.Dim, kernel: 1, bias: false);
    private readonly Activation _activation = Wav2Vec2Config.ActivationOf("hidden_act", c.HiddenActivation);

    /// <summary>x [batch, frames, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x)
    {
        var h = _gated.Forward(_norm.Forward(x).Transpose(1, 2)).Glu(1);      // [batch, dim, frames]
        h = _batchNorm.Forward(_depthwise.Forward(h));
        return _out.Forward(h.Activate(_activation)).Transpose(1, 2);
    }
}

/// <summary>Attention with relative, rotary or no positions.</summary>
internal sealed class ConformerAttention(Weights w, Wav2Vec2Config c)
{
    private readonly Linear _query = new(w["linear_q"], c.Dim, c.Dim);
    private readonly Linear _key = new(w["linear_k"], c.Dim, c.Dim);
    private readonly Linear _value = new(w["linear_v"], c.Dim, c.Dim);
    private readonly Linear _out = new(w["linear_out"], c.Dim, c.Dim);
    private readonly RelativeScores? _relative = c.PositionType == "relative" ? new RelativeScores(w, c) : null;
    private readonly float _scale = 1 / MathF.Sqrt(c.Dim / c.Heads);

    /// <summary>Attends, projects and adds the residual.</summary>
    public Tensor Forward(Tensor x, Tensor? relations, int[]? frames, Tensor residual)
    {
        var turned = c.PositionType == "rotary" ? ConformerPositions.Turn(x, relations!, c.Heads) : x;
        var q = SpeechAttention.Split(_query.Forward(turned), c.Heads);       // [batch, heads, frames, dim/heads]
        var k = SpeechAttention.Split(_key.Forward(turned), c.Heads);
        var v = SpeechAttention.Split(_value.Forward(x), c.Heads);
        var y = _relative?.Forward(q, k, v, relations!, frames, _scale) ?? Tensor.Attention(q, k, v, new AttentionOptions(_scale, KeyLengths: frames));
        return _out.Forward(SpeechAttention.Merge(y), residual: residual);
    }
}

/// <summary>Transformer-XL's scores: (q + u)·k for content and (q + v)·p for the distance.</summary>
internal sealed class RelativeScores(Weights w, Wav2Vec2Config c)
{
    private readonly Linear _positions = new(w["linear_pos"], c.Dim, c.Dim, bias: false);
    private readonly Tensor _contentBias = w.Get("pos_bias_u", [c.Heads, c.Dim / c.Heads]);
    private readonly Tensor _distanceBias = w.Get("pos_bias_v", [c.Heads, c.Dim / c.Heads]);

    public Tensor Forward(Tensor q, Tensor k, Tensor v, Tensor sinusoids, int[]? frames, float scale)
    {
        var p = SpeechAttention.Split(_positions.Forward(sinusoids.Unsqueeze(0)), c.Heads).Transpose(2, 3);  // [1, heads, width, 2·frames-1]

        // One utterance at a time: the distance scores are as large as what attention never holds whole.
        var parts = new Tensor[q.Shape[0]];
        for (var i = 0; i < parts.Length; i++)
        {
            var (query, key, value, length) = (q.Slice(0, i, i + 1), k.Slice(0, i, i + 1), v.Slice(0, i, i + 1), frames?[i]);
            parts[i] = TensorScope.Run(() =>
            {
                var distances = Shift(((query + _distanceBias.Unsqueeze(1)) * scale).MatMul(p));             // [1, heads, frames, frames]
                var options = new AttentionOptions(scale, KeyLengths: length is { } valid ? [valid] : null, Bias: distances);
                return Tensor.Attention(query + _contentBias.Unsqueeze(1), key, value, options);
            });
        }

        return Tensor.Concat(0, parts);
    }

    /// <summary>From scores by distance, largest first, [1, heads, frames, 2·frames-1] to scores by key: row i starts at frames-1-i.</summary>
    private static Tensor Shift(Tensor scores)
    {
        var (heads, frames) = (scores.Shape[1], scores.Shape[2]);
        if (frames == 1)
        {
            return scores;
        }

        // Without the first frames-1 numbers, rows of 2·frames-2 numbers begin where they should.
        var count = frames * ((2 * frames) - 1);
        var flat = scores.Reshape(1, heads, count).Slice(2, frames - 1, count - 1);
        return flat.Reshape(1, heads, frames, (2 * frames) - 2).Slice(3, 0, frames);
    }
}

/// <summary>Tables of positions that all blocks share.</summary>
internal static class ConformerPositions
{
    /// <summary>From a number of frames to sinusoids of distances [2·frames-1, dim], or cosines and sines [2, frames, dim/heads].</summary>
    public static Func<int, Tensor>? Table(Weights encoder, Wav2Vec2Config c)
    {
        encoder.Ignore("embed_positions.inv_freq");
        return c.PositionType switch
        {
            "relative" => frames => Relative(frames, c.Dim, encoder.Backend),
            "rotary" => frames => Rotary(frames, c.Dim / c.Heads, c.RotaryBase, encoder.Backend),
            _ => null,
        };
    }

    /// <summary>Turns x [batch, frames, dim], head by head, by each frame's angles: the first half of a head with the second half.</summary>
    public static Tensor Turn(Tensor x, Tensor angles, int heads)
    {
        var (width, half) = (x.Shape[2] / heads, x.Shape[2] / heads / 2);
        var split = x.Reshape(x.Shape[0], x.Shape[1], heads, width);
        var (first, second) = (split.Slice(3, 0, half), split.Slice(3, half, width));
        var (cos, sin) = (angles.Select(0, 0).Unsqueeze(1).Slice(2, 0, half), angles.Select(0, 1).Unsqueeze(1).Slice(2, 0, half));  // [frames, 1, half]
        return Tensor.Concat(3, (first * cos) - (second * sin), (second * cos) + (first * sin)).Reshape(x.Shape.Dims);
    }

    internal static Tensor Relative(int frames, int dim, Backend backend)
    {
        var values = new float[((2 * frames) - 1) * dim];
        for (var row = 0; row < (2 * frames) - 1; row++)
        {
            var distance = frames - 1 - row;
            for (var i = 0; i < dim; i += 2)
            {
                var angle = distance * MathF.Exp(i * -(MathF.Log(10_000f) / dim));
                values[(row * dim) + i] = MathF.Sin(angle);
                if (i + 1 < dim)
                {
                    values[(row * dim) + i + 1] = MathF.Cos(angle);
                }
            }
        }

        return Tensor.From(values, [(2 * frames) - 1, dim], backend);
    }

    private static Tensor Rotary(int frames, int width, double rotaryBase, Backend backend)
    {
        var (half, values) = (width / 2, new float[2 * frames * width]);
        for (var t = 0; t < frames; t++)
        {
            for (var i = 0; i < width; i++)
            {
                var angle = t * (float)(1 / Math.Pow(rotaryBase, 2.0 * (i % half) / width));
                values[(t * width) + i] = MathF.Cos(angle);
                values[((frames + t) * width) + i] = MathF.Sin(angle);
            }
        }

        return Tensor.From(values, [2, frames, width], backend);
    }
}
