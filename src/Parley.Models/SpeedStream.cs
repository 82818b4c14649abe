using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// SpeedStream: speech to symbols while it is being spoken. Chunks of log-mel frames go through a causal stem, blocks of causal attention over a window
// and causal convolution, and a CTC head; what a block must remember of the past is a rolling state. Nothing looks ahead, and norms are over a
// frame's own width or on stored statistics, so a stream in pieces of any size gives what the whole recording gives, and padding at the end changes nothing before it.
// There is no paper: the design is this project's own. Its parts are the Conformer's block (Gulati et al. 2020, arXiv 2005.08100) made causal, a
// learned bias for each distance in place of positions (Raffel et al. 2020, arXiv 1910.10683, without buckets), and strided keys beyond the window
// (Child et al. 2019, arXiv 1904.10509). The algorithmic latency is the length of a chunk: the look-ahead is 0.
// batch: streams; mels: bands; frames: mel frames of 10 ms; steps: of the encoder, 40 ms each; dim: width.

/// <summary>A causal encoder with a CTC head. Never changes once built, so streams share it; each has a <see cref="SpeedStreamState"/>.</summary>
public sealed class SpeedStream
{
    private readonly Tensor _mean;
    private readonly Tensor _scale;
    private readonly SpeedStreamStem _stem;
    private readonly SpeedStreamLayer[] _layers;
    private readonly Linear _head;
    private readonly Backend _backend;

    /// <summary>Reads <c>stem</c>, <c>layers</c> and <c>ctc_head</c>.</summary>
    public SpeedStream(Weights w, SpeedStreamConfig config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        (Config, _backend) = (config, w.Backend);
        (_mean, _scale) = (Tensor.Allocate([config.MelBins], _backend), Tensor.Allocate([config.MelBins], _backend));
        _mean.Fill([.. config.Means]);
        _scale.Fill([.. config.Deviations.Select(d => 1 / d)]);
        _stem = new SpeedStreamStem(w["stem"], config);
        _layers = w["layers"].Repeat(config.Layers, b => new SpeedStreamLayer(b, config));
        _head = new Linear(w["ctc_head"], config.Dim, config.VocabSize);
    }

    /// <summary>Sizes and choices.</summary>
    public SpeedStreamConfig Config { get; }

    /// <summary>The state of new streams.</summary>
    /// <param name="batch">Streams that go through the model side by side.</param>
    /// <param name="frames">Most mel frames of one <see cref="Step"/>; 0: a chunk.</param>
    public SpeedStreamState NewState(int batch = 1, int frames = 0)
    {
        var most = SpeedStreamConfig.StepsOf(frames == 0 ? Config.ChunkFrames : frames);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1, nameof(frames));
        return new SpeedStreamState(Config, batch, most, _stem.NewState(batch), [.. _layers.Select(l => l.NewState(batch, most, _backend))]);
    }

    /// <summary>Scores the symbols of whole recordings. Attention holds steps × steps: long ones are for <see cref="Step"/>.</summary>
    /// <param name="features">Log-mel features [batch, frames, mels]; frames after the last whole step are left out.</param>
    /// <param name="lengths">Valid frames of each, which alone count in the statistics of a batch norm in training; null: all.</param>
    /// <param name="pass">Training; null: no dropout.</param>
    /// <returns>Logits [batch, steps, symbols].</returns>
    public Tensor Forward(Tensor features, int[]? lengths = null, TrainingPass? pass = null)
    {
        Check(features);
        var steps = SpeedStreamConfig.StepsOf(features.Shape[1]);
        return Run(features.Slice(1, 0, steps * SpeedStreamConfig.Subsampling), state: null, SpeedStreamWindow.Whole(steps, Config), lengths is null ? null : [.. lengths.Select(SpeedStreamConfig.StepsOf)], pass);
    }

    /// <summary>Scores the symbols of what comes next in streams.</summary>
    /// <param name="features">Log-mel features [batch, frames, mels], frames a multiple of 4 up to what the state was made for.</param>
    /// <param name="state">What came before; it moves on.</param>
    /// <returns>Logits [batch, frames / 4, symbols], those of <see cref="Forward"/> over all frames so far.</returns>
    public Tensor Step(Tensor features, SpeedStreamState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Check(features);
        var (frames, steps) = (features.Shape[1], SpeedStreamConfig.StepsOf(features.Shape[1]));
        if (features.Shape[0] != state.Batch || frames % SpeedStreamConfig.Subsampling != 0 || steps > state.MostSteps)
        {
            throw new ShapeException($"speedstream: a step of {features.Shape}; the state takes [{state.Batch}, a multiple of {SpeedStreamConfig.Subsampling} up to {state.MostSteps * SpeedStreamConfig.Subsampling}, {Config.MelBins}]");
        }

        var logits = Run(features, state, SpeedStreamWindow.Next(state.Steps, steps, state.Capacity, Config), lengths: null, pass: null);
        state.Steps += steps;
        return logits;
    }

    private Tensor Run(Tensor features, SpeedStreamState? state, IntTensor distances, int[]? lengths, TrainingPass? pass) => TensorScope.Run(() =>
    {
        var x = (features - _mean) * _scale;
        x = TensorScope.Run(() => _stem.Forward(x, state?.Stem)).Drop(Config.Dropout, pass);       // [batch, steps, dim]
        for (var i = 0; i < _layers.Length; i++)
        {
            var (layer, input, past) = (_layers[i], x, state?.Layers[i]);
            x = TensorScope.Run(() => layer.Forward(input, past, state?.Steps ?? 0, distances, lengths, pass));
        }

        return _head.Forward(x);                                                                   // [batch, steps, symbols]
    });

    private void Check(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.Shape.Rank != 3 || features.Shape[2] != Config.MelBins || features.Shape[1] < SpeedStreamConfig.Subsampling)
        {
            throw new ShapeException($"speedstream: features are {features.Shape}; the model takes [batch, at least {SpeedStreamConfig.Subsampling} frames, {Config.MelBins}]");
        }
    }
}

/// <summary>Two causal convolutions of stride 2 over time and a layer norm: four mel frames become one step.</summary>
internal sealed class SpeedStreamStem(Weights w, SpeedStreamConfig c)
{
    private readonly CausalConv1d _first = new(w["conv1"], c.MelBins, c.Dim, c.StemKernel, stride: 2);
    private readonly CausalConv1d _second = new(w["conv2"], c.Dim, c.Dim, c.StemKernel, stride: 2);
    private readonly LayerNorm _norm = new(w["norm"], c.Dim);

    public (ConvState First, ConvState Second) NewState(int batch) => (_first.NewState(batch), _second.NewState(batch));

    /// <summary>x [batch, frames, mels] to [batch, frames / 4, dim].</summary>
    public Tensor Forward(Tensor x, (ConvState First, ConvState Second)? state)
    {
        x = _first.Forward(x.Transpose(1, 2), state?.First, Activation.Silu);       // [batch, dim, frames / 2]
        return _norm.Forward(_second.Forward(x, state?.Second, Activation.Silu).Transpose(1, 2));
    }
}

/// <summary>The Conformer's block, causal: x + ½ FFN, + attention, + convolution, + ½ FFN, layer norm.</summary>
internal sealed class SpeedStreamLayer(Weights w, SpeedStreamConfig c)
{
    private readonly LayerNorm _firstNorm = new(w["norm_feed_forward1"], c.Dim);
    private readonly SpeedStreamFeedForward _first = new(w["feed_forward1"], c);
    private readonly LayerNorm _attentionNorm = new(w["norm_self_att"], c.Dim);
    private readonly SpeedStreamAttention _attention = new(w["self_attn"], c);
    private readonly LayerNorm _convolutionNorm = new(w["norm_conv"], c.Dim);
    private readonly SpeedStreamConvolution _convolution = new(w["conv"], c);
    private readonly LayerNorm _secondNorm = new(w["norm_feed_forward2"], c.Dim);
    private readonly SpeedStreamFeedForward _second = new(w["feed_forward2"], c);
    private readonly LayerNorm _norm = new(w["norm_out"], c.Dim);

    public (KeyRing Keys, ConvState Convolution) NewState(int batch, int mostSteps, Backend backend) =>
        (new KeyRing(batch, c.Heads, SpeedStreamWindow.Capacity(mostSteps, c), c.Dim / c.Heads, backend), _convolution.NewState(batch));

    /// <summary>x [batch, steps, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x, (KeyRing Keys, ConvState Convolution)? state, long start, IntTensor distances, int[]? lengths, TrainingPass? pass)
    {
        x += _first.Forward(_firstNorm.Forward(x), pass) * 0.5f;
        x += _attention.Forward(_attentionNorm.Forward(x), state?.Keys, start, distances).Drop(c.Dropout, pass);
        x += _convolution.Forward(_convolutionNorm.Forward(x), state?.Convolution, lengths, pass).Drop(c.Dropout, pass);
        x += _second.Forward(_secondNorm.Forward(x), pass) * 0.5f;
        return _norm.Forward(x);
    }
}

/// <summary>Two linear layers with swish and dropout between them.</summary>
internal sealed class SpeedStreamFeedForward(Weights w, SpeedStreamConfig c)
{
    private readonly Linear _in = new(w["linear1"], c.Dim, c.FeedForward);
    private readonly Linear _out = new(w["linear2"], c.FeedForward, c.Dim);

    /// <summary>x [batch, steps, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x, TrainingPass? pass) => _out.Forward(_in.Forward(x, Activation.Silu).Drop(c.Dropout, pass)).Drop(c.Dropout, pass);
}

/// <summary>Multi-head attention over the window and the strided keys: scores are q·k / √(dim/heads) and a bias for the distance.</summary>
internal sealed class SpeedStreamAttention(Weights w, SpeedStreamConfig c)
{
    private readonly Linear _query = new(w["q_proj"], c.Dim, c.Dim);
    private readonly Linear _key = new(w["k_proj"], c.Dim, c.Dim);
    private readonly Linear _value = new(w["v_proj"], c.Dim, c.Dim);
    private readonly Linear _out = new(w["o_proj"], c.Dim, c.Dim);
    private readonly Tensor _bias = w.Get("distance_bias", [c.Keys, c.Heads]);
    private readonly float _scale = 1 / MathF.Sqrt(c.Dim / c.Heads);

    /// <summary>x [batch, steps, dim] to the same shape.</summary>
    /// <param name="x">Steps from <paramref name="start"/> on.</param>
    /// <param name="ring">Keys and values of the past; null: there is none.</param>
    /// <param name="start">Steps before these.</param>
    /// <param name="distances">For each step and key [steps, keys], the row of its bias.</param>
    public Tensor Forward(Tensor x, KeyRing? ring, long start, IntTensor distances)
    {
        var q = SpeechAttention.Split(_query.Forward(x), c.Heads);            // [batch, heads, steps, dim/heads]
        var k = SpeechAttention.Split(_key.Forward(x), c.Heads);
        var v = SpeechAttention.Split(_value.Forward(x), c.Heads);
        (k, v) = ring is null ? (k, v) : ring.Push(k, v, start);              // [batch, heads, keys, dim/heads]
        return _out.Forward(SpeechAttention.Merge(Tensor.Attention(q, k, v, new AttentionOptions(_scale, Bias: Bias(distances)))));
    }

    /// <summary>The bias of each distance [heads, steps, keys], −∞ for what is out of sight.</summary>
    private Tensor Bias(IntTensor distances)
    {
        var unseen = new float[c.Heads];
        Array.Fill(unseen, float.NegativeInfinity);
        return Tensor.Concat(0, _bias, Tensor.From(unseen, [1, c.Heads], _bias.Backend)).Gather(distances).Permute(2, 0, 1).Contiguous();
    }
}

/// <summary>Pointwise convolution with a gate, causal depthwise convolution, norm, swish, pointwise convolution.</summary>
internal sealed class SpeedStreamConvolution(Weights w, SpeedStreamConfig c)
{
    private readonly Linear _gated = new(w["pointwise_conv1"], c.Dim, 2 * c.Dim);
    private readonly CausalConv1d _depthwise = new(w["depthwise_conv"], c.Dim, c.Dim, c.ConvKernel, groups: c.Dim);
    private readonly LayerNorm? _layerNorm = c.ConvNorm == "layer_norm" ? new LayerNorm(w["norm"], c.Dim) : null;
    private readonly BatchNorm? _batchNorm = c.ConvNorm == "batch_norm" ? new BatchNorm(w["norm"], c.Dim) : null;
    private readonly Linear _out = new(w["pointwise_conv2"], c.Dim, c.Dim);

    public ConvState NewState(int batch) => _depthwise.NewState(batch);

    /// <summary>x [batch, steps, dim] to the same shape.</summary>
    public Tensor Forward(Tensor x, ConvState? state, int[]? lengths, TrainingPass? pass)
    {
        var h = _depthwise.Forward(_gated.Forward(x).Glu(2).Transpose(1, 2), state);                       // [batch, dim, steps]
        h = _batchNorm is null ? _layerNorm!.Forward(h.Transpose(1, 2)) : _batchNorm.Forward(h, pass, pass is null ? null : lengths).Transpose(1, 2);
        return _out.Forward(h.Silu());
    }
}

/// <summary>Which keys a step sees, as rows of the distance biases: 0 is the step itself; the row after the last stands for what is out of sight.</summary>
internal static class SpeedStreamWindow
{
    /// <summary>For a whole recording: [steps, steps].</summary>
    public static IntTensor Whole(int steps, SpeedStreamConfig c)
    {
        var rows = new int[checked(steps * steps)];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = Row((i / steps) - (i % steps), c);
        }

        return new IntTensor(rows, [steps, steps]);
    }

    /// <summary>For the next steps of a stream over a ring of keys that has them already: [steps, capacity].</summary>
    public static IntTensor Next(long start, int steps, int capacity, SpeedStreamConfig c)
    {
        var (rows, end) = (new int[steps * capacity], start + steps);
        for (var slot = 0; slot < capacity; slot++)
        {
            // The newest step that belongs into this slot; negative: the stream has not been there yet.
            var at = end - 1 - ((end - 1 - slot) % capacity);
            at = at >= end ? at - capacity : at;
            for (var i = 0; i < steps; i++)
            {
                rows[(i * capacity) + slot] = at < 0 ? c.Keys : Row(start + i - at, c);
            }
        }

        return new IntTensor(rows, [steps, capacity]);
    }

    /// <summary>Keys that a ring must hold for the first of some new steps to see as far as it may.</summary>
    public static int Capacity(int mostSteps, SpeedStreamConfig c) => c.Reach + mostSteps - 1;

    private static int Row(long distance, SpeedStreamConfig c)
    {
        if (distance < 0 || distance >= c.Reach)
        {
            return c.Keys;
        }

        var beyond = distance - c.Window + 1;
        return beyond <= 0 ? (int)distance : beyond % c.KeyStride == 0 ? (int)(c.Window + (beyond / c.KeyStride) - 1) : c.Keys;
    }
}
