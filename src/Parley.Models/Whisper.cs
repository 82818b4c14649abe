using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// Whisper (Radford et al. 2022, arXiv 2212.04356): log-mel audio to text with an encoder-decoder transformer.
// windows: pieces of audio of up to 30 s; rows: token sequences, `beams` of them for each window, those of a window side by side;
// mels: 80 or 128; time: encoder steps of 20 ms; tokens: new tokens; dim: width. All blocks are pre-norm. Names: Hugging Face checkpoints.
// Checked against openai/whisper:whisper/model.py and huggingface/transformers:models/whisper/modeling_whisper.py. Unlike both, the
// beams of one window share its cross-attention keys and values: they are further queries of the same attention. Those keys and values
// are kept in 16 bits (see CompactRows) unless the weights are float32.

/// <summary>Audio encoder and text decoder of one checkpoint. Never changes once built; what a transcription remembers is in <see cref="WhisperState"/>.</summary>
public sealed class Whisper(Weights w, WhisperConfig config)
{
    /// <summary>Sizes.</summary>
    public WhisperConfig Config { get; } = config;

    /// <summary>Audio to features.</summary>
    public AudioEncoder Encoder { get; } = new(w["encoder"], config);

    /// <summary>Features and tokens to logits.</summary>
    public TextDecoder Decoder { get; } = new(w["decoder"], config);

    /// <summary>Starts decoding from features [windows, time, dim], with <paramref name="beams"/> rows for each window.</summary>
    public WhisperState NewState(Tensor features, int beams = 1)
    {
        ArgumentNullException.ThrowIfNull(features);
        return new WhisperState(Config, Decoder.CrossKeysAndValues(features), beams, features.Backend);
    }
}

/// <summary>Log-mel frames to features: two convolutions, then pre-norm transformer blocks (§2.2).</summary>
public sealed class AudioEncoder(Weights w, WhisperConfig c)
{
    private readonly Conv1d _conv1 = new(w["conv1"], c.MelBins, c.Dim, kernel: 3, padding: 1);
    private readonly Conv1d _conv2 = new(w["conv2"], c.Dim, c.Dim, kernel: 3, stride: 2, padding: 1);
    private readonly Tensor _positions = w["embed_positions"].Buffer("weight", [c.AudioPositions, c.Dim]);
    private readonly EncoderBlock[] _blocks = w["layers"].Repeat(c.EncoderLayers, b => new EncoderBlock(b, c));
    private readonly LayerNorm _norm = new(w["layer_norm"], c.Dim);

    /// <summary>Encodes windows of audio.</summary>
    /// <param name="mel">Log-mel spectrogram [windows, mels, 2·time], 10 ms per frame; a full window, as the model was trained on.</param>
    /// <param name="taps">Receives intermediate results; null: none.</param>
    /// <returns>Features [windows, time, dim], 20 ms per step.</returns>
    public Tensor Forward(Tensor mel, Taps? taps = null)
    {
        ArgumentNullException.ThrowIfNull(mel);
        if (mel.Shape.Rank != 3 || mel.Shape[1] != c.MelBins || mel.Shape[2] != c.WindowFrames)
        {
            throw new ShapeException($"whisper encoder: features are {mel.Shape}; the model takes [windows, {c.MelBins}, {c.WindowFrames}]");
        }

        var x = TensorScope.Run(() =>
        {
            var h = _conv1.Forward(mel, Activation.Gelu);             // [windows, dim, 2·time]
            h = _conv2.Forward(h, Activation.Gelu);                   // [windows, dim, time]
            taps?.Add("conv_out", h);
            return h.Transpose(1, 2) + _positions;                    // [windows, time, dim]
        });
        taps?.Add("encoder_embeddings", x);
        for (var i = 0; i < _blocks.Length; i++)
        {
            var (block, input) = (_blocks[i], x);
            x = TensorScope.Run(() => block.Forward(input));
            input.Release();
            taps?.Add($"encoder_layer_{i}", x);
        }

        x = _norm.Forward(x);
        taps?.Add("encoder_last_hidden_state", x);
        return x;
    }
}

/// <summary>Self-attention and feed-forward, each after its norm and around its residual.</summary>
internal sealed class EncoderBlock(Weights w, WhisperConfig c)
{
    private readonly LayerNorm _attentionNorm = new(w["self_attn_layer_norm"], c.Dim);
    private readonly WhisperAttention _attention = new(w["self_attn"], c.Dim, c.EncoderHeads);
    private readonly LayerNorm _norm = new(w["final_layer_norm"], c.Dim);
    private readonly Linear _in = new(w["fc1"], c.Dim, c.EncoderFeedForward);
    private readonly Linear _out = new(w["fc2"], c.EncoderFeedForward, c.Dim);

    public Tensor Forward(Tensor x)
    {
        x = _attention.Forward(_attentionNorm.Forward(x), residual: x);
        return _out.Forward(_in.Forward(_norm.Forward(x), Activation.Gelu), residual: x);
    }
}

/// <summary>Multi-head attention; the key projection has no bias.</summary>
internal sealed class WhisperAttention(Weights w, int dim, int heads)
{
    private readonly Linear _query = new(w["q_proj"], dim, dim);
    private readonly Linear _key = new(w["k_proj"], dim, dim, bias: false);
    private readonly Linear _value = new(w["v_proj"], dim, dim);
    private readonly Linear _out = new(w["out_proj"], dim, dim);
    private readonly float _scale = 1 / MathF.Sqrt(dim / heads);

    /// <summary>Every position attends to every position of <paramref name="source"/>, or of x itself; causal: to none after its own.</summary>
    public Tensor Forward(Tensor x, Tensor residual, Tensor? source = null, bool causal = false)
    {
        var (q, k, v) = (_query.Forward(x), _key.Forward(source ?? x), _value.Forward(source ?? x));
        var y = Tensor.Attention(Heads(q), Heads(k), Heads(v), new AttentionOptions(_scale, causal));
        return _out.Forward(Merge(y), residual: residual);
    }

    /// <summary>New positions attend to the cached ones and to themselves up to their own place.</summary>
    public Tensor Step(Tensor x, LayerCache cache, Tensor residual)
    {
        var (q, k, v) = (_query.Forward(x), _key.Forward(x), _value.Forward(x));
        var (keys, values) = cache.Append(k, v);                      // [rows, so far, dim]
        var y = Tensor.Attention(Heads(q), Heads(keys), Heads(values), new AttentionOptions(_scale, Causal: x.Shape[1] > 1));
        return _out.Forward(Merge(y), residual: residual);
    }

    /// <summary>The keys and values of features that stay the same for all tokens.</summary>
    public WhisperCrossMemory KeysAndValues(Tensor features)
    {
        using var scope = new TensorScope();
        return new WhisperCrossMemory(Heads(_key.Forward(features)), Heads(_value.Forward(features)), compact: _key.Format != WeightFormat.Float32);
    }

    /// <summary>Rows x [rows, tokens, dim] attend to the features of their windows; the beams of a window are further queries.</summary>
    public Tensor Cross(Tensor x, WhisperCrossMemory heard, Tensor residual, Action<Tensor>? weights)
    {
        var (windows, rows, tokens) = (heard.Windows, x.Shape[0], x.Shape[1]);
        var q = Heads(_query.Forward(x).Reshape(windows, rows / windows * tokens, dim));
        if (weights is not null)
        {
            var looks = heard.Weights(q, _scale);
            weights(looks.Reshape(rows, heads, tokens, looks.Shape[3]));
        }

        return _out.Forward(Merge(heard.Attend(q, _scale)).Reshape(rows, tokens, dim), residual: residual);
    }

    private Tensor Heads(Tensor x) => x.Reshape(x.Shape[0], x.Shape[1], heads, dim / heads).Transpose(1, 2);

    private static Tensor Merge(Tensor y) => y.Transpose(1, 2).Reshape(y.Shape[0], y.Shape[2], y.Shape[1] * y.Shape[3]);
}

/// <summary>Tokens to logits over the next ones, given the features of a window.</summary>
public sealed class TextDecoder(Weights w, WhisperConfig c)
{
    private readonly Embedding _tokens = new(w["embed_tokens"], c.VocabSize, c.Dim);
    private readonly Tensor _positions = w["embed_positions"].Get("weight", [c.TextPositions, c.Dim], Init.Normal(0.02f));
    private readonly DecoderBlock[] _blocks = w["layers"].Repeat(c.DecoderLayers, b => new DecoderBlock(b, c));
    private readonly LayerNorm _norm = new(w["layer_norm"], c.Dim);

    /// <summary>Tokens in the vocabulary.</summary>
    public int VocabSize => c.VocabSize;

    /// <summary>Most tokens a state holds.</summary>
    public int Positions => c.TextPositions;

    /// <summary>Keys and values of every layer for features [windows, time, dim].</summary>
    internal WhisperCrossMemory[] CrossKeysAndValues(Tensor features) => [.. _blocks.Select(b => b.CrossKeysAndValues(features))];

    /// <summary>Scores of each next token of whole texts at once, as in training.</summary>
    /// <param name="tokens">Ids [texts, tokens].</param>
    /// <param name="features">Features of each text's audio [texts, time, dim].</param>
    /// <returns>Logits [texts, tokens, vocabulary].</returns>
    public Tensor Forward(IntTensor tokens, Tensor features)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(features);
        if (tokens.Shape[1] > c.TextPositions)
        {
            throw new ArgumentException($"whisper decoder: {tokens.Shape[1]} tokens do not fit its {c.TextPositions} positions", nameof(tokens));
        }

        var x = _tokens.Forward(tokens) + _positions.Slice(0, 0, tokens.Shape[1]);                       // [texts, tokens, dim]
        foreach (var block in _blocks)
        {
            var input = x;
            x = TensorScope.Run(() => block.Forward(input, features));
        }

        return _tokens.Logits(_norm.Forward(x));
    }

    /// <summary>Takes new tokens and moves the state on by them.</summary>
    /// <param name="tokens">Ids [rows, tokens]; several at once are a prompt.</param>
    /// <param name="state">The conversation; rows as many as it was made for.</param>
    /// <param name="at">Which of the new tokens to give logits for; null: the last only.</param>
    /// <param name="taps">Receives intermediate results and the cross-attention weights; null: none.</param>
    /// <returns>Logits [rows, tokens asked for, vocabulary].</returns>
    public Tensor Step(IntTensor tokens, WhisperState state, int[]? at = null, Taps? taps = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(state);
        var (rows, count) = (tokens.Shape[0], tokens.Shape[1]);
        state.Begin(tokens);
        return TensorScope.Run(() =>
        {
            var x = _tokens.Forward(tokens) + _positions.Slice(0, state.Length, state.Length + count);   // [rows, tokens, dim]
            taps?.Add("decoder_embeddings", x);
            for (var i = 0; i < _blocks.Length; i++)
            {
                var (block, input, layer) = (_blocks[i], x, i);
                Action<Tensor>? weights = taps is null ? null : a => taps.Add($"cross_attention_{layer}", a);
                x = TensorScope.Run(() => block.Step(input, state.Layers[layer], weights));
                taps?.Add($"decoder_layer_{i}", x);
            }

            state.Advance(count);
            var asked = at ?? [count - 1];
            x = _norm.Forward(asked.Length == count ? x : Tensor.Concat(1, [.. asked.Select(t => x.Slice(1, t, t + 1))]));
            taps?.Add("decoder_last_hidden_state", x);
            return _tokens.Logits(x);
        });
    }
}

/// <summary>Causal self-attention, attention to the audio, feed-forward.</summary>
internal sealed class DecoderBlock(Weights w, WhisperConfig c)
{
    private readonly LayerNorm _attentionNorm = new(w["self_attn_layer_norm"], c.Dim);
    private readonly WhisperAttention _attention = new(w["self_attn"], c.Dim, c.DecoderHeads);
    private readonly LayerNorm _crossNorm = new(w["encoder_attn_layer_norm"], c.Dim);
    private readonly WhisperAttention _cross = new(w["encoder_attn"], c.Dim, c.DecoderHeads);
    private readonly LayerNorm _norm = new(w["final_layer_norm"], c.Dim);
    private readonly Linear _in = new(w["fc1"], c.Dim, c.DecoderFeedForward);
    private readonly Linear _out = new(w["fc2"], c.DecoderFeedForward, c.Dim);

    public WhisperCrossMemory CrossKeysAndValues(Tensor features) => _cross.KeysAndValues(features);

    public Tensor Forward(Tensor x, Tensor features)
    {
        x = _attention.Forward(_attentionNorm.Forward(x), residual: x, causal: true);
        x = _cross.Forward(_crossNorm.Forward(x), residual: x, source: features);
        return _out.Forward(_in.Forward(_norm.Forward(x), Activation.Gelu), residual: x);
    }

    public Tensor Step(Tensor x, LayerCache cache, Action<Tensor>? weights)
    {
        x = _attention.Step(_attentionNorm.Forward(x), cache, residual: x);
        x = _cross.Cross(_crossNorm.Forward(x), cache.Cross, residual: x, weights);
        return _out.Forward(_in.Forward(_norm.Forward(x), Activation.Gelu), residual: x);
    }
}
