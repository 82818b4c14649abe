using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// Conformer (Gulati et al. 2020, arXiv 2005.08100): log-mel frames to features with blocks of half a feed-forward module, relative self-attention
// (Dai et al. 2019, arXiv 1901.02860), a convolution module and half a feed-forward module. With a subsampling of 8 by depthwise convolutions it is
// FastConformer (Rekesh et al. 2023, arXiv 2305.05084). batch: utterances; mels: bands; frames: encoder steps of 40 or 80 ms; dim: width.
// Names: Hugging Face's Parakeet checkpoints; NemoNames has NeMo's. Where they differ we follow NeMo: dropout ends every module, as in the paper.
// The paper's even kernel of 32 is padded by 15 on the left and 16 on the right; all open code uses 31.
// Checked against huggingface/transformers:models/parakeet/modeling_parakeet.py and NVIDIA/NeMo:nemo/collections/asr/parts/submodules/conformer_modules.py.

/// <summary>Log-mel frames to features, without a head (§2). Never changes once built, so threads share it.</summary>
public sealed class ConformerEncoder
{
    private readonly ConvolutionSubsampling? _subsampling;
    private readonly ConformerLayer[] _layers;
    private readonly Backend _backend;

    /// <summary>Reads <c>subsampling</c> and <c>layers</c>.</summary>
    public ConformerEncoder(Weights w, ConformerConfig config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        (Config, _backend) = (config, w.Backend);
        _subsampling = config.Stages > 0 ? new ConvolutionSubsampling(w["subsampling"], config) : null;
        _layers = w["layers"].Repeat(config.Layers, b => new ConformerLayer(b, config));
    }

    /// <summary>Sizes and choices.</summary>
    public ConformerConfig Config { get; }

    /// <summary>Encodes utterances; what one gives does not depend on the others, nor on its padding.</summary>
    /// <param name="features">Log-mel features [batch, mel frames, mels].</param>
    /// <param name="lengths">Valid mel frames of each; null: all.</param>
    /// <param name="pass">Training; null: no dropout.</param>
    /// <param name="taps">Receives subsampling, layer_0 …; null: none.</param>
    /// <returns>[batch, frames, dim]; frames past an utterance's own mean nothing.</returns>
    public Tensor Forward(Tensor features, int[]? lengths = null, TrainingPass? pass = null, Taps? taps = null)
    {
        ArgumentNullException.ThrowIfNull(features);
        var padding = Padding.Of(features, lengths, _subsampling is null ? Config.Dim : Config.MelBins);
        var x = _subsampling is null ? features : TensorScope.Run(() => _subsampling.Forward(features, padding));  // [batch, frames, dim]
        taps?.Add("subsampling", x);
        x = (Config.ScaleInput ? x * MathF.Sqrt(Config.Dim) : x).Drop(Config.Dropout, pass);
        padding = padding?.After(Config.FramesOf);
        var positions = Config.Positions == "none" ? null : ConformerPositions.Relative(x.Shape[1], Config.Dim, _backend).Drop(Config.PositionDropout, pass);
        for (var i = 0; i < _layers.Length; i++)
        {
            var (layer, input) = (_layers[i], x);
            x = TensorScope.Run(() => layer.Forward(input, positions, padding, pass));
            taps?.Add($"layer_{i}", x);
        }

        return x;
    }
}

/// <summary>Strided 2-D convolutions over time and frequency, then a linear layer (§2, "convolution subsampling").</summary>
internal sealed class ConvolutionSubsampling
{
    private readonly (Conv2d Strided, Conv2d? Pointwise)[] _stages;
    private readonly Linear _linear;
    private readonly ConformerConfig _config;

    public ConvolutionSubsampling(Weights w, ConformerConfig c)
    {
        // The numbers of the names count activations too: 0, 2, 4 … or, with a pointwise convolution after each depthwise one, 0, 2-3, 5-6 …
        var (layers, channels, depthwise) = (w["layers"], c.SubsamplingChannels, c.Subsampling == "dw_striding");
        _config = c;
        _stages = new (Conv2d, Conv2d?)[c.Stages];
        for (var i = 0; i < _stages.Length; i++)
        {
            var at = depthwise ? (3 * i) - 1 : 2 * i;
            _stages[i] = i == 0 || !depthwise
                ? (new Conv2d(layers[i == 0 ? 0 : at], i == 0 ? 1 : channels, channels, c.SubsamplingKernel, c.SubsamplingStride, c.SubsamplingPadding), null)
                : (new Conv2d(layers[at], channels, channels, c.SubsamplingKernel, c.SubsamplingStride, c.SubsamplingPadding, groups: channels), new Conv2d(layers[at + 1], channels, channels, kernel: 1));
        }

        _linear = new Linear(w["linear"], channels * c.SubsampledBins, c.Dim);
    }

    /// <summary>features [batch, mel frames, mels] to [batch, frames, dim].</summary>
    public Tensor Forward(Tensor features, Padding? padding)
    {
        var x = padding.Silence(features, axis: 1).Unsqueeze(1);              // [batch, 1, mel frames, mels]
        foreach (var (strided, pointwise) in _stages)
        {
            x = pointwise is null ? strided.Forward(x, Activation.Relu) : pointwise.Forward(strided.Forward(x), Activation.Relu);
            padding = padding?.After(_config.After);
            x = padding.Silence(x, axis: 2);                                  // [batch, channels, fewer frames, fewer mels]
        }

        return _linear.Forward(x.Transpose(1, 2).Reshape(x.Shape[0], x.Shape[2], x.Shape[1] * x.Shape[3]));
    }
}

/// <summary>One Conformer block (§2.4): x + ½ FFN, + MHSA, + Conv, + ½ FFN, layer norm.</summary>
internal sealed class ConformerLayer(Weights w, ConformerConfig c)
{
    private readonly LayerNorm _firstNorm = new(w["norm_feed_forward1"], c.Dim);
    private readonly FeedForwardModule _first = new(w["feed_forward1"], c);
    private readonly LayerNorm _attentionNorm = new(w["norm_self_att"], c.Dim);
    private readonly AttentionModule _attention = new(w["self_attn"], c);
    private readonly LayerNorm _convolutionNorm = new(w["norm_conv"], c.Dim);
    private readonly ConvolutionModule _convolution = new(w["conv"], c);
    private readonly LayerNorm _secondNorm = new(w["norm_feed_forward2"], c.Dim);
    private readonly FeedForwardModule _second = new(w["feed_forward2"], c);
    private readonly LayerNorm _norm = new(w["norm_out"], c.Dim);

    /// <summary>x [batch, frames, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x, Tensor? positions, Padding? padding, TrainingPass? pass)
    {
        x += _first.Forward(_firstNorm.Forward(x), pass) * 0.5f;
        x += c.ConvolutionFirst ? Convolve(x, padding, pass) : Attend(x, positions, padding, pass);
        x += c.ConvolutionFirst ? Attend(x, positions, padding, pass) : Convolve(x, padding, pass);
        x += _second.Forward(_secondNorm.Forward(x), pass) * 0.5f;
        return _norm.Forward(x);
    }

    private Tensor Attend(Tensor x, Tensor? positions, Padding? padding, TrainingPass? pass) =>
        _attention.Forward(_attentionNorm.Forward(x), positions, padding, pass).Drop(c.Dropout, pass);

    private Tensor Convolve(Tensor x, Padding? padding, TrainingPass? pass) =>
        _convolution.Forward(_convolutionNorm.Forward(x), padding, pass).Drop(c.Dropout, pass);
}

/// <summary>Two linear layers with swish and dropout between them (§2.3); the norm before and the ½ after are the block's.</summary>
internal sealed class FeedForwardModule(Weights w, ConformerConfig c)
{
    private readonly Linear _in = new(w["linear1"], c.Dim, c.FeedForward, c.Bias);
    private readonly Linear _out = new(w["linear2"], c.FeedForward, c.Dim, c.Bias);
    private readonly Activation _activation = Wav2Vec2Config.ActivationOf("hidden_act", c.HiddenActivation);

    /// <summary>x [batch, frames, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x, TrainingPass? pass) =>
        _out.Forward(_in.Forward(x, _activation).Drop(c.ActivationDropout, pass)).Drop(c.Dropout, pass);
}

/// <summary>Pointwise convolution with a gate, depthwise convolution, norm, swish, pointwise convolution (§2.2).</summary>
internal sealed class ConvolutionModule(Weights w, ConformerConfig c)
{
    private readonly Conv1d _gated = new(w["pointwise_conv1"], c.Dim, 2 * c.Dim, kernel: 1, bias: c.ConvolutionBias);
    private readonly Conv1d _depthwise = new(
        w["depthwise_conv"], c.Dim, c.Dim, c.ConvKernel, new Conv1dOptions(PadLeft: (c.ConvKernel - 1) / 2, PadRight: c.ConvKernel / 2, Groups: c.Dim), c.ConvolutionBias);
    private readonly Func<Tensor, int[]?, TrainingPass?, Tensor> _norm = Norm(w["norm"], c);
    private readonly Conv1d _out = new(w["pointwise_conv2"], c.Dim, c.Dim, kernel: 1, bias: c.ConvolutionBias);
    private readonly Activation _activation = Wav2Vec2Config.ActivationOf("hidden_act", c.HiddenActivation);

    /// <summary>x [batch, frames, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x, Padding? padding, TrainingPass? pass)
    {
        var h = _gated.Forward(x.Transpose(1, 2)).Glu(1);                     // [batch, dim, frames]
        h = c.MaskConvolution ? padding.Silence(h, axis: 2) : h;
        h = _norm(_depthwise.Forward(h), padding?.Lengths, pass).Activate(_activation);
        return _out.Forward(h).Transpose(1, 2);
    }

    // Padding counts in no statistics of the batch; that it becomes zero here matters to none, since what follows keeps frames apart.
    private static Func<Tensor, int[]?, TrainingPass?, Tensor> Norm(Weights w, ConformerConfig c)
    {
        switch (c.ConvNorm)
        {
            case "batch_norm":
                var batch = new BatchNorm(w, c.Dim);
                return (x, lengths, pass) => batch.Forward(x, pass, pass is null ? null : lengths);
            case "group_norm1":
                var group = new GroupNorm(w, groups: 1, c.Dim);
                return (x, _, _) => group.Forward(x);
            default:
                var layer = new LayerNorm(w, c.Dim);
                return (x, _, _) => layer.Forward(x.Transpose(1, 2)).Transpose(1, 2);
        }
    }
}

/// <summary>Multi-head self-attention with relative positions (§2.1): the scores are ((q + u)·k + (q + v)·p) / √(dim/heads), p by distance.</summary>
internal sealed class AttentionModule(Weights w, ConformerConfig c)
{
    private readonly Linear _query = new(w["q_proj"], c.Dim, c.Dim, c.Bias);
    private readonly Linear _key = new(w["k_proj"], c.Dim, c.Dim, c.Bias);
    private readonly Linear _value = new(w["v_proj"], c.Dim, c.Dim, c.Bias);
    private readonly Linear _out = new(w["o_proj"], c.Dim, c.Dim, c.Bias);
    private readonly Linear? _positions = c.Positions == "none" ? null : new Linear(w["relative_k_proj"], c.Dim, c.Dim, bias: false);
    private readonly Tensor? _contentBias = c.Positions == "none" ? null : w.Get("bias_u", [c.Heads, c.Dim / c.Heads]);
    private readonly Tensor? _distanceBias = c.Positions == "none" ? null : w.Get("bias_v", [c.Heads, c.Dim / c.Heads]);
    private readonly float _scale = 1 / MathF.Sqrt(c.Dim / c.Heads);

    /// <summary>x [batch, frames, dim] and sinusoids of distances [2·frames-1, dim], largest first, to [batch, frames, dim].</summary>
    public Tensor Forward(Tensor x, Tensor? sinusoids, Padding? padding, TrainingPass? pass)
    {
        var q = SpeechAttention.Split(_query.Forward(x), c.Heads);            // [batch, heads, frames, dim/heads]
        var k = SpeechAttention.Split(_key.Forward(x), c.Heads);
        var v = SpeechAttention.Split(_value.Forward(x), c.Heads);
        var p = sinusoids is null ? null : SpeechAttention.Split(_positions!.Forward(sinusoids.Unsqueeze(0)), c.Heads).Transpose(2, 3);
        var lengths = padding?.Lengths;
        if (q.Shape[0] <= 1 || p is null || q.NeedsGradient)
        {
            return _out.Forward(SpeechAttention.Merge(Attend(q, k, v, p, lengths, pass)));
        }

        // One utterance at a time: the distance scores are as large as what attention never holds whole. Gradients keep all of them anyway.
        var parts = new Tensor[q.Shape[0]];
        for (var i = 0; i < parts.Length; i++)
        {
            var (query, key, value, length) = (q.Slice(0, i, i + 1), k.Slice(0, i, i + 1), v.Slice(0, i, i + 1), lengths?[i]);
            parts[i] = TensorScope.Run(() => Attend(query, key, value, p, length is { } valid ? [valid] : null, pass));
        }

        return _out.Forward(SpeechAttention.Merge(Tensor.Concat(0, parts)));
    }

    private Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor? p, int[]? lengths, TrainingPass? pass)
    {
        var distances = p is null ? null : Shift(((q + _distanceBias!.Unsqueeze(1)) * _scale).MatMul(p));  // [batch, heads, frames, frames]
        q = p is null ? q : q + _contentBias!.Unsqueeze(1);
        if (pass is null || c.AttentionDropout == 0)
        {
            return Tensor.Attention(q, k, v, new AttentionOptions(_scale, KeyLengths: lengths, Bias: distances));
        }

        var scores = (q * _scale).MatMul(k.Transpose(2, 3));
        scores = distances is null ? scores : scores + distances;
        scores = lengths is null ? scores : scores + Hidden(lengths, k.Shape[2], k.Backend);
        return scores.Softmax().Drop(c.AttentionDropout, pass).MatMul(v);
    }

    /// <summary>From scores by distance, largest first, [batch, heads, frames, 2·frames-1] to scores by key: row i starts at frames-1-i.</summary>
    private static Tensor Shift(Tensor scores)
    {
        var (batch, heads, frames) = (scores.Shape[0], scores.Shape[1], scores.Shape[2]);
        if (frames == 1)
        {
            return scores;
        }

        // Without the first frames-1 numbers, rows of 2·frames-2 numbers begin where they should.
        var count = frames * ((2 * frames) - 1);
        var flat = scores.Reshape(batch, heads, count).Slice(2, frames - 1, count - 1);
        return flat.Reshape(batch, heads, frames, (2 * frames) - 2).Slice(3, 0, frames);
    }

    /// <summary>−∞ for keys of padding and 0 elsewhere: [batch, 1, 1, keys].</summary>
    private static Tensor Hidden(int[] lengths, int keys, Backend backend)
    {
        var mask = new float[lengths.Length * keys];
        for (var i = 0; i < lengths.Length; i++)
        {
            mask.AsSpan((i * keys) + lengths[i], keys - lengths[i]).Fill(float.NegativeInfinity);
        }

        return Tensor.From(mask, [lengths.Length, 1, 1, keys], backend);
    }
}

/// <summary>A Conformer with a head that scores symbols in every frame, trained with CTC.</summary>
public sealed class ConformerCtc
{
    private readonly Conv1d _head;

    /// <summary>Reads a whole checkpoint: <c>encoder</c> and <c>ctc_head</c>.</summary>
    public ConformerCtc(Weights w, ConformerCtcConfig config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        Encoder = new ConformerEncoder(w["encoder"], config.Encoder);
        _head = new Conv1d(w["ctc_head"], config.Encoder.Dim, config.VocabSize, kernel: 1);
    }

    /// <summary>Sizes and choices.</summary>
    public ConformerCtcConfig Config { get; }

    /// <summary>Log-mel frames to features.</summary>
    public ConformerEncoder Encoder { get; }

    /// <summary>Scores symbols.</summary>
    /// <param name="features">Log-mel features [batch, mel frames, mels].</param>
    /// <param name="lengths">Valid mel frames of each; null: all.</param>
    /// <param name="pass">Training; null: no dropout.</param>
    /// <param name="taps">Receives the encoder's results, encoder_output and logits; null: none.</param>
    /// <returns>Logits [batch, frames, symbols].</returns>
    public Tensor Forward(Tensor features, int[]? lengths = null, TrainingPass? pass = null, Taps? taps = null)
    {
        var logits = TensorScope.Run(() =>
        {
            var x = Encoder.Forward(features, lengths, pass, taps);
            taps?.Add("encoder_output", x);
            return _head.Forward(x.Transpose(1, 2)).Transpose(1, 2);
        });
        taps?.Add("logits", logits);
        return logits;
    }

    /// <summary>Builds the model of a folder as Hugging Face publishes it: <c>config.json</c> and the checkpoint beside it.</summary>
    public static ConformerCtc Load(string folder, WeightsOptions? options = null)
    {
        using var json = new ModelFolder(folder).Config();
        var config = ConformerCtcConfig.Parse(json.RootElement);
        return Weights.Build(new CheckpointWeights(Checkpoint.Open(folder)), w => new ConformerCtc(w, config), options).Model;
    }
}
