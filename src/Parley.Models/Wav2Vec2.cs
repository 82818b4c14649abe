using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// wav2vec 2.0 (Baevski et al. 2020, arXiv 2006.11477) and HuBERT (Hsu et al. 2021, arXiv 2106.07447): waveform to contextual features with
// convolutions and a transformer. Base models have a group norm in the first convolution and norms after each part (post-norm); large ones
// have layer norms in every convolution and norms before each part. WavLM and wav2vec2-conformer bring their own blocks (WavLm.cs,
// Wav2Vec2Conformer.cs). batch: utterances; samples: 16 kHz; frames: 20 ms in all published models; dim: width. Names: Hugging Face checkpoints.
// Checked against huggingface/transformers:models/wav2vec2/modeling_wav2vec2.py and models/hubert/modeling_hubert.py.

/// <summary>Waveform to features, without a head. Never changes once built, so threads share it.</summary>
public sealed class Wav2Vec2
{
    private readonly FeatureEncoder _features;
    private readonly FeatureProjection _projection;
    private readonly PositionalConvolution _positions;
    private readonly ISpeechBlock[] _blocks;
    private readonly LayerNorm _norm;
    private readonly Func<int, Tensor>? _relations;
    private readonly Tensor? _maskVector;

    /// <summary>Reads the encoder of a checkpoint: the scope that published names call <see cref="Wav2Vec2Config.Prefix"/>.</summary>
    public Wav2Vec2(Weights w, Wav2Vec2Config config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        _maskVector = MaskVector(w, config);
        _features = new FeatureEncoder(w["feature_extractor"], config);
        _projection = new FeatureProjection(w["feature_projection"], config);
        var encoder = w["encoder"];
        _positions = new PositionalConvolution(encoder["pos_conv_embed"], config);
        _norm = new LayerNorm(encoder["layer_norm"], config.Dim, config.LayerNormEpsilon);
        var layers = encoder["layers"];
        (_blocks, _relations) = config.ModelType switch
        {
            "wavlm" => (layers.Repeat<ISpeechBlock>(config.Layers, b => new WavLmBlock(b, config)), WavLmPositions.Table(layers[0]["attention"], config)),
            "wav2vec2-conformer" => (layers.Repeat<ISpeechBlock>(config.Layers, b => new ConformerBlock(b, config)), ConformerPositions.Table(encoder, config)),
            _ => (layers.Repeat<ISpeechBlock>(config.Layers, b => new TransformerBlock(b, config)), null),
        };
    }

    /// <summary>Sizes and choices.</summary>
    public Wav2Vec2Config Config { get; }

    private bool IsConformer => Config.ModelType == "wav2vec2-conformer";

    private bool NormLast => IsConformer || Config.PreNorm;

    /// <summary>Encodes utterances.</summary>
    /// <param name="waveforms">[batch, samples] at 16 kHz, normalised as the checkpoint's preprocessor says, zeros past each one's end.</param>
    /// <param name="lengths">Valid samples of each; null: all, padding is heard.</param>
    /// <param name="taps">Receives conv_features, feature_projection, pos_conv, hidden_0 …, last_hidden; null: none.</param>
    /// <returns>[batch, frames, dim].</returns>
    public Tensor Forward(Tensor waveforms, int[]? lengths = null, Taps? taps = null)
    {
        ArgumentNullException.ThrowIfNull(waveforms);
        var frames = Frames(waveforms, lengths);
        var x = TensorScope.Run(() => Embed(waveforms, frames, taps));        // [batch, frames, dim]
        var relations = _relations?.Invoke(x.Shape[1]);
        for (var i = 0; i < _blocks.Length; i++)
        {
            taps?.Add($"hidden_{i}", x);
            var (block, input) = (_blocks[i], x);
            x = TensorScope.Run(() => block.Forward(input, relations, frames));
            input.Release();
        }

        x = NormLast ? _norm.Forward(x) : x;
        taps?.Add($"hidden_{_blocks.Length}", x);
        taps?.Add("last_hidden", x);
        return x;
    }

    private Tensor Embed(Tensor waveforms, int[]? frames, Taps? taps)
    {
        var x = _features.Forward(waveforms);                                 // [batch, frames, channels]
        taps?.Add("conv_features", x);
        x = _projection.Forward(x);                                           // [batch, frames, dim]
        taps?.Add("feature_projection", x);
        if (taps?.Wants("pos_conv") == true)
        {
            taps.Add("pos_conv", _positions.Forward(x));
        }

        if (frames is not null)
        {
            x *= Mask(frames, x);
        }

        // The conformer's checkpoints hold a positional convolution that its encoder does not use.
        if (IsConformer)
        {
            return x;
        }

        x += _positions.Forward(x);
        return NormLast ? x : _norm.Forward(x);
    }

    private int[]? Frames(Tensor waveforms, int[]? lengths)
    {
        if (waveforms.Shape.Rank != 2)
        {
            throw new ShapeException($"{Config.ModelType}: waveforms are {waveforms.Shape}; the model takes [batch, samples]");
        }

        if (waveforms.Shape[1] < Config.ReceptiveField)
        {
            throw new ShapeException($"{Config.ModelType}: {waveforms.Shape[1]} samples are fewer than the {Config.ReceptiveField} of one frame; pad with zeros");
        }

        if (lengths is null)
        {
            return null;
        }

        if (lengths.Length != waveforms.Shape[0] || lengths.Any(n => n < 0 || n > waveforms.Shape[1]))
        {
            throw new ShapeException($"{Config.ModelType}: lengths [{string.Join(", ", lengths)}] do not fit waveforms {waveforms.Shape}");
        }

        return [.. lengths.Select(Config.FramesOf)];
    }

    /// <summary>1 on each utterance's own frames, 0 after them: [batch, frames, 1].</summary>
    private static Tensor Mask(int[] frames, Tensor x)
    {
        var (batch, time) = (x.Shape[0], x.Shape[1]);
        var mask = new float[batch * time];
        for (var i = 0; i < batch; i++)
        {
            mask.AsSpan(i * time, frames[i]).Fill(1);
        }

        return Tensor.From(mask, [batch, time, 1], x.Backend);
    }

    // A checkpoint tells by having it; where values are made on request, the configuration tells.
    private static Tensor? MaskVector(Weights w, Wav2Vec2Config c) =>
        w.Has("masked_spec_embed") || (c.HasMaskVector && !w.Has("encoder.layer_norm.weight"))
            ? w.Get("masked_spec_embed", [c.Dim], new Init(InitKind.Uniform))
            : null;
}

/// <summary>One block of the encoder.</summary>
internal interface ISpeechBlock
{
    /// <summary>Applies the block to x [batch, frames, dim].</summary>
    /// <param name="x">Input.</param>
    /// <param name="relations">What the family's blocks share about positions; null: nothing.</param>
    /// <param name="frames">Valid frames of each utterance; null: all.</param>
    Tensor Forward(Tensor x, Tensor? relations, int[]? frames);
}

/// <summary>Convolutions from samples to frames; one utterance at a time, because their activations are the largest of the model.</summary>
internal sealed class FeatureEncoder(Weights w, Wav2Vec2Config c)
{
    private readonly FeatureLayer[] _layers = [.. Enumerable.Range(0, c.Channels.Count).Select(i => new FeatureLayer(w["conv_layers"][i], c, i))];

    /// <summary>waveforms [batch, samples] to [batch, frames, channels].</summary>
    public Tensor Forward(Tensor waveforms)
    {
        var (batch, samples) = (waveforms.Shape[0], waveforms.Shape[1]);
        if (batch == 0)
        {
            return Tensor.Empty([0, c.FramesOf(samples), c.Channels[^1]], waveforms.Backend);
        }

        var parts = new Tensor[batch];
        for (var i = 0; i < batch; i++)
        {
            var waveform = waveforms.Slice(0, i, i + 1).Reshape(1, 1, samples);
            parts[i] = TensorScope.Run(() => One(waveform)).Transpose(1, 2);
        }

        return Tensor.Concat(0, parts);
    }

    private Tensor One(Tensor x)
    {
        foreach (var layer in _layers)
        {
            var input = x;
            x = TensorScope.Run(() => layer.Forward(input));                  // [1, channels, time]
            if (input.Shape[1] > 1)
            {
                input.Release();
            }
        }

        return x;
    }
}

/// <summary>Convolution, then its norm if it has one, then the activation.</summary>
internal sealed class FeatureLayer(Weights w, Wav2Vec2Config c, int index)
{
    private readonly Conv1d _conv = new(w["conv"], index == 0 ? 1 : c.Channels[index - 1], c.Channels[index], c.Kernels[index], c.Strides[index], bias: c.ConvBias);
    private readonly GroupNorm? _groupNorm = c.FeatureNorm == "group" && index == 0 ? new GroupNorm(w["layer_norm"], c.Channels[0], c.Channels[0]) : null;
    private readonly LayerNorm? _layerNorm = c.FeatureNorm == "layer" ? new LayerNorm(w["layer_norm"], c.Channels[index]) : null;
    private readonly Activation _activation = Wav2Vec2Config.ActivationOf("feat_extract_activation", c.FeatureActivation);

    /// <summary>x [batch, in, time] to [batch, channels, shorter time].</summary>
    public Tensor Forward(Tensor x)
    {
        if (_groupNorm is null && _layerNorm is null)
        {
            return _conv.Forward(x, _activation);
        }

        // The largest activations of the model: each is given back as soon as the next one is there.
        var h = _conv.Forward(x);
        var y = _groupNorm is not null ? _groupNorm.Forward(h, _activation) : _layerNorm!.Forward(h.Transpose(1, 2));
        h.Release();
        return _groupNorm is not null ? y : y.Activate(_activation).Transpose(1, 2);
    }
}

/// <summary>Norm and projection from the convolutions' width to the transformer's.</summary>
internal sealed class FeatureProjection(Weights w, Wav2Vec2Config c)
{
    private readonly LayerNorm? _norm = c.ProjectionNorm ? new LayerNorm(w["layer_norm"], c.Channels[^1], c.LayerNormEpsilon) : null;
    private readonly Linear _projection = new(w["projection"], c.Channels[^1], c.Dim);

    /// <summary>x [batch, frames, channels] to [batch, frames, dim].</summary>
    public Tensor Forward(Tensor x) => _projection.Forward(_norm?.Forward(x) ?? x);
}

/// <summary>A wide grouped convolution that tells frames apart by their surroundings.</summary>
internal sealed class PositionalConvolution
{
    private readonly NormedWeight _weight;
    private readonly Tensor _bias;
    private readonly Conv1dOptions _options;
    private readonly Activation _activation;
    private readonly BatchNorm? _norm;

    public PositionalConvolution(Weights w, Wav2Vec2Config c)
    {
        var (conv, inputs) = (w["conv"], c.Dim / c.PositionGroups);
        Shape shape = [c.Dim, inputs, c.PositionKernel];
        var init = Init.Normal(2 * MathF.Sqrt(1f / (c.PositionKernel * c.Dim)));
        _norm = c.PositionBatchNorm ? new BatchNorm(w["batch_norm"], c.Dim) : null;
        _weight = c.PositionBatchNorm ? new NormedWeight(conv.Get("weight", shape, init)) : conv.WeightNorm("weight", shape, dim: 2, init);
        _bias = conv.Get("bias", [c.Dim]);

        // An even kernel padded on both sides would give one frame too many; the reference drops the last.
        var pad = c.PositionKernel / 2;
        _options = new Conv1dOptions(PadLeft: pad, PadRight: pad - (c.PositionKernel % 2 == 0 ? 1 : 0), Groups: c.PositionGroups);
        _activation = Wav2Vec2Config.ActivationOf("feat_extract_activation", c.FeatureActivation);
    }

    /// <summary>x [batch, frames, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x)
    {
        x = x.Transpose(1, 2);                                               // [batch, dim, frames]
        return (_norm?.Forward(x) ?? x).Conv1d(_weight.Value, _bias, _options, _activation).Transpose(1, 2);
    }
}

/// <summary>Attention and feed-forward around residuals; norms after (base models) or before them (large models).</summary>
internal sealed class TransformerBlock(Weights w, Wav2Vec2Config c) : ISpeechBlock
{
    private readonly SpeechAttention _attention = new(w["attention"], c);
    private readonly LayerNorm _attentionNorm = new(w["layer_norm"], c.Dim, c.LayerNormEpsilon);
    private readonly SpeechFeedForward _feedForward = new(w["feed_forward"], c);
    private readonly LayerNorm _finalNorm = new(w["final_layer_norm"], c.Dim, c.LayerNormEpsilon);

    public Tensor Forward(Tensor x, Tensor? relations, int[]? frames)
    {
        if (c.PreNorm)
        {
            x = _attention.Forward(_attentionNorm.Forward(x), frames, residual: x);
            return _feedForward.Forward(_finalNorm.Forward(x), residual: x);
        }

        x = _attentionNorm.Forward(_attention.Forward(x, frames, residual: x));
        return _finalNorm.Forward(_feedForward.Forward(x, residual: x));
    }
}

/// <summary>Multi-head attention of every frame to every frame.</summary>
internal sealed class SpeechAttention(Weights w, Wav2Vec2Config c)
{
    private readonly Linear _query = new(w["q_proj"], c.Dim, c.Dim);
    private readonly Linear _key = new(w["k_proj"], c.Dim, c.Dim);
    private readonly Linear _value = new(w["v_proj"], c.Dim, c.Dim);
    private readonly Linear _out = new(w["out_proj"], c.Dim, c.Dim);
    private readonly float _scale = 1 / MathF.Sqrt(c.Dim / c.Heads);

    /// <summary>Attends, adding <paramref name="bias"/> [batch, heads, frames, frames] to the scores, then projects and adds the residual.</summary>
    public Tensor Forward(Tensor x, int[]? frames, Tensor? residual = null, Tensor? bias = null)
    {
        var options = new AttentionOptions(_scale, KeyLengths: frames, Bias: bias);
        var y = Tensor.Attention(Split(_query.Forward(x), c.Heads), Split(_key.Forward(x), c.Heads), Split(_value.Forward(x), c.Heads), options);
        return _out.Forward(Merge(y), residual: residual);
    }

    /// <summary>[batch, frames, dim] seen as [batch, heads, frames, dim/heads].</summary>
    internal static Tensor Split(Tensor x, int heads) => x.Reshape(x.Shape[0], x.Shape[1], heads, x.Shape[2] / heads).Transpose(1, 2);

    /// <summary>[batch, heads, frames, width] to [batch, frames, heads·width].</summary>
    internal static Tensor Merge(Tensor y) => y.Transpose(1, 2).Reshape(y.Shape[0], y.Shape[2], y.Shape[1] * y.Shape[3]);
}

/// <summary>Two linear layers with an activation between them.</summary>
internal sealed class SpeechFeedForward(Weights w, Wav2Vec2Config c)
{
    private readonly Linear _in = new(w["intermediate_dense"], c.Dim, c.FeedForward);
    private readonly Linear _out = new(w["output_dense"], c.FeedForward, c.Dim);
    private readonly Activation _activation = Wav2Vec2Config.ActivationOf("hidden_act", c.HiddenActivation);

    /// <summary>Applies both to x […, dim] and adds the residual.</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null) => _out.Forward(_in.Forward(x, _activation), residual: residual);
}
