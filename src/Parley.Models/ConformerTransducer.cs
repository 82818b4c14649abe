using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// Conformer transducer: RNN-T (Graves 2012, arXiv 1211.3711) with a Conformer encoder, an LSTM over the symbols so far and a joint network; with
// scores for durations beside those for symbols it is a token-and-duration transducer (Xu et al. 2023, arXiv 2304.06795). batch: utterances;
// frames: encoder steps; labels: symbols of a target; joint: width of the joint network; outputs: symbols, the blank among them, then durations.
// Names: Hugging Face's Parakeet checkpoints; NemoNames has NeMo's. Before the first symbol stands the blank's embedding, as in Hugging Face's; in
// NeMo it is a vector of zeros, which that row of its checkpoints holds and which it never trains.
// Checked against huggingface/transformers:models/parakeet/convert_nemo_to_hf.py and NVIDIA/NeMo:nemo/collections/asr/modules/rnnt.py.

/// <summary>Encoder, prediction network and joint network. Never changes once built, so threads share it.</summary>
public sealed class ConformerTransducer
{
    private readonly Linear _projector;

    /// <summary>Reads a whole checkpoint: <c>encoder</c>, <c>encoder_projector</c>, <c>decoder</c> and <c>joint</c>.</summary>
    public ConformerTransducer(Weights w, ConformerTransducerConfig config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        Encoder = new ConformerEncoder(w["encoder"], config.Encoder);
        _projector = new Linear(w["encoder_projector"], config.Encoder.Dim, config.JointDim);
        Prediction = new PredictionNetwork(w["decoder"], config);
        Joint = new JointNetwork(w["joint"], config);
    }

    /// <summary>Sizes and choices.</summary>
    public ConformerTransducerConfig Config { get; }

    /// <summary>Log-mel frames to features.</summary>
    public ConformerEncoder Encoder { get; }

    /// <summary>Symbols so far to features.</summary>
    public PredictionNetwork Prediction { get; }

    /// <summary>Both to scores.</summary>
    public JointNetwork Joint { get; }

    /// <summary>What the joint network reads of the sound.</summary>
    /// <param name="features">Log-mel features [batch, mel frames, mels].</param>
    /// <param name="lengths">Valid mel frames of each; null: all.</param>
    /// <param name="pass">Training; null: no dropout.</param>
    /// <returns>[batch, frames, joint].</returns>
    public Tensor Hear(Tensor features, int[]? lengths = null, TrainingPass? pass = null) =>
        TensorScope.Run(() => _projector.Forward(Encoder.Forward(features, lengths, pass)));

    /// <summary>The loss of a batch: RNN-T's, or with durations the token-and-duration transducer's.</summary>
    /// <param name="features">Log-mel features [batch, mel frames, mels].</param>
    /// <param name="lengths">Valid mel frames of each.</param>
    /// <param name="targets">Symbols of each, without blanks.</param>
    /// <param name="reduction">How the batch becomes one number.</param>
    /// <param name="zeroInfinity">Count utterances that have no path as 0.</param>
    /// <param name="pass">Training; null: no dropout.</param>
    /// <returns>[].</returns>
    public Tensor Loss(Tensor features, int[] lengths, IReadOnlyList<int[]> targets, LossReduction reduction, bool zeroInfinity = false, TrainingPass? pass = null)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(targets);
        var heard = Hear(features, lengths, pass);                            // [batch, frames, joint]
        var said = Prediction.Forward(targets, pass);                         // [batch, labels + 1, joint]
        int[] frames = [.. lengths.Select(Config.Encoder.FramesOf)];
        var scores = new TransducerScores(heard, said, (h, s) => Joint.Score(h.Unsqueeze(1) + s.Unsqueeze(0), pass), frames, targets);
        return Config.Durations is { } durations
            ? TdtLoss.Compute(scores, Config.Blank, durations, reduction, zeroInfinity)
            : RnntLoss.Compute(scores, Config.Blank, reduction, zeroInfinity);
    }
}

/// <summary>The prediction network: an embedding and an LSTM (Graves 2012, §2.3).</summary>
public sealed class PredictionNetwork
{
    private readonly Embedding _embedding;
    private readonly Lstm _lstm;
    private readonly Linear _projector;
    private readonly ConformerTransducerConfig _config;

    internal PredictionNetwork(Weights w, ConformerTransducerConfig c)
    {
        _embedding = new Embedding(w["embedding"], c.VocabSize, c.PredictorDim);
        _lstm = new Lstm(w["lstm"], c.PredictorDim, c.PredictorDim, c.PredictorLayers, dropout: c.Dropout);
        _projector = new Linear(w["decoder_projector"], c.PredictorDim, c.JointDim);
        _config = c;
    }

    /// <summary>What the joint network reads before the first symbol and after each: [batch, labels + 1, joint], past a target's end anything.</summary>
    public Tensor Forward(IReadOnlyList<int[]> targets, TrainingPass? pass = null)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var positions = 1 + targets.Max(t => t.Length);
        var symbols = new int[targets.Count * positions];
        Array.Fill(symbols, _config.Blank);
        for (var i = 0; i < targets.Count; i++)
        {
            targets[i].CopyTo(symbols, (i * positions) + 1);
        }

        var x = _embedding.Forward(new IntTensor(symbols, [targets.Count, positions]));
        return _projector.Forward(_lstm.Forward(x, pass: pass).Output.Drop(_config.Dropout, pass));
    }

    /// <summary>The same before the first symbol [batch, joint], and the state after it.</summary>
    public RecurrentOutput Start(int batch) => Step([.. Enumerable.Repeat(_config.Blank, batch)], state: null);

    /// <summary>The same after one more symbol for each row.</summary>
    public RecurrentOutput Step(int[] symbols, RecurrentState? state)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        var (output, next) = _lstm.Step(_embedding.Forward(new IntTensor(symbols, [symbols.Length])), state);
        return new RecurrentOutput(_projector.Forward(output), next);
    }
}

/// <summary>Scores from what was heard and what was said: an activation and a linear layer over the sum of both (Graves et al. 2013, arXiv 1303.5778).</summary>
public sealed class JointNetwork
{
    private readonly Linear _head;
    private readonly Activation _activation;
    private readonly float _dropout;

    internal JointNetwork(Weights w, ConformerTransducerConfig c)
    {
        _head = new Linear(w["head"], c.JointDim, c.Outputs);
        (_activation, _dropout) = (Wav2Vec2Config.ActivationOf("hidden_act", c.JointActivation), c.Dropout);
    }

    /// <summary>From the sum of both […, joint] to logits […, outputs].</summary>
    public Tensor Score(Tensor sum, TrainingPass? pass = null)
    {
        ArgumentNullException.ThrowIfNull(sum);
        return _head.Forward(sum.Activate(_activation).Drop(_dropout, pass));
    }
}
