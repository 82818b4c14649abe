using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// Conformer transducer: RNN-T (Graves 2012, arXiv 1211.3711) with a Conformer encoder, an LSTM over the symbols so far and a joint network; with
// scores for durations beside those for symbols it is a token-and-duration transducer (Xu et al. 2023, arXiv 2304.06795). batch: utterances;
// frames: encoder steps; labels: symbols of a target; outputs: symbols, the blank, durations. Names: NeMo's (decoder.prediction, joint) beside
// Hugging Face's of the encoder. As in NeMo, what stands before the first symbol is a vector of zeros, not the blank's embedding.
// Checked against NVIDIA/NeMo:nemo/collections/asr/modules/rnnt.py RNNTDecoder and RNNTJoint.

/// <summary>Encoder, prediction network and joint network. Never changes once built, so threads share it.</summary>
public sealed class ConformerTransducer
{
    /// <summary>Reads a whole checkpoint: <c>encoder</c>, <c>decoder</c> and <c>joint</c>.</summary>
    public ConformerTransducer(Weights w, ConformerTransducerConfig config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        Encoder = new ConformerEncoder(w["encoder"], config.Encoder);
        Prediction = new PredictionNetwork(w["decoder"]["prediction"], config);
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

    /// <summary>Scores for training, of every frame after every number of symbols.</summary>
    /// <param name="features">Log-mel features [batch, mel frames, mels].</param>
    /// <param name="lengths">Valid mel frames of each; null: all.</param>
    /// <param name="targets">Symbols [batch, labels]; what pads them is any symbol.</param>
    /// <param name="pass">Training; null: no dropout.</param>
    /// <returns>Logits [batch, frames, labels + 1, outputs].</returns>
    public Tensor Forward(Tensor features, int[]? lengths, IntTensor targets, TrainingPass? pass = null)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var heard = Encoder.Forward(features, lengths, pass);                 // [batch, frames, dim]
        var said = Prediction.Forward(targets, pass);                         // [batch, labels + 1, predictor]
        return Joint.Forward(heard, said, pass);
    }
}

/// <summary>The prediction network: an embedding and an LSTM (Graves 2012, §2.3).</summary>
public sealed class PredictionNetwork
{
    private readonly Embedding _embedding;
    private readonly Lstm _lstm;
    private readonly ConformerTransducerConfig _config;
    private readonly Backend _backend;

    internal PredictionNetwork(Weights w, ConformerTransducerConfig c)
    {
        // The last row is the blank's, which nothing reads: a step before any symbol is zeros.
        _embedding = new Embedding(w["embed"], c.VocabSize + 1, c.PredictorDim);
        _lstm = new Lstm(w["dec_rnn"]["lstm"], c.PredictorDim, c.PredictorDim, c.PredictorLayers, dropout: c.Dropout);
        (_config, _backend) = (c, w.Backend);
    }

    /// <summary>Features before the first symbol and after each: targets [batch, labels] to [batch, labels + 1, predictor].</summary>
    public Tensor Forward(IntTensor targets, TrainingPass? pass = null)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var nothing = Tensor.Zeros([targets.Shape[0], 1, _config.PredictorDim], _backend);
        var x = Tensor.Concat(1, nothing, _embedding.Forward(targets));       // [batch, labels + 1, predictor]
        return _lstm.Forward(x, pass: pass).Output.Drop(_config.Dropout, pass);
    }

    /// <summary>What the joint network reads before the first symbol [batch, predictor], and the state after it.</summary>
    public RecurrentOutput Start(int batch) => _lstm.Step(Tensor.Zeros([batch, _config.PredictorDim], _backend), state: null);

    /// <summary>The same after one more symbol for each row.</summary>
    public RecurrentOutput Step(int[] symbols, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        return _lstm.Step(_embedding.Forward(new IntTensor(symbols, [symbols.Length])), state);
    }
}

/// <summary>Scores from what was heard and what was said: a hidden layer over the sum of both (Graves et al. 2013, arXiv 1303.5778).</summary>
public sealed class JointNetwork
{
    private readonly Linear _heard;
    private readonly Linear _said;
    private readonly Linear _out;
    private readonly Activation _activation;
    private readonly float _dropout;

    internal JointNetwork(Weights w, ConformerTransducerConfig c)
    {
        _said = new Linear(w["pred"], c.PredictorDim, c.JointDim);
        _heard = new Linear(w["enc"], c.Encoder.Dim, c.JointDim);

        // Activation, dropout if there is any, linear: the number counts them.
        var net = w["joint_net"];
        _out = new Linear(net.Has("1.weight") ? net[1] : net[2], c.JointDim, c.Outputs);
        (_activation, _dropout) = (Wav2Vec2Config.ActivationOf("joint activation", c.JointActivation), c.Dropout);
    }

    /// <summary>heard [batch, frames, dim] and said [batch, labels, predictor] to logits [batch, frames, labels, outputs].</summary>
    public Tensor Forward(Tensor heard, Tensor said, TrainingPass? pass = null) => Score(Heard(heard).Unsqueeze(2) + Said(said).Unsqueeze(1), pass);

    /// <summary>The part of the sum that an encoder step gives: […, dim] to […, joint].</summary>
    public Tensor Heard(Tensor heard) => _heard.Forward(heard);

    /// <summary>The part that the prediction network gives: […, predictor] to […, joint].</summary>
    public Tensor Said(Tensor said) => _said.Forward(said);

    /// <summary>From the sum of both […, joint] to logits […, outputs].</summary>
    public Tensor Score(Tensor sum, TrainingPass? pass = null)
    {
        ArgumentNullException.ThrowIfNull(sum);
        return _out.Forward(sum.Activate(_activation).Drop(_dropout, pass));
    }
}
