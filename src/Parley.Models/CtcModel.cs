using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>A speech encoder with a linear layer that scores symbols in every frame, trained with CTC.</summary>
/// <remarks>Names: Hugging Face's <c>…ForCTC</c> checkpoints of the wav2vec 2.0, HuBERT, WavLM and wav2vec2-conformer families.</remarks>
public sealed class CtcModel
{
    private readonly Linear _head;

    /// <summary>Reads a whole checkpoint: the encoder's scope and <c>lm_head</c>.</summary>
    public CtcModel(Weights w, Wav2Vec2Config config)
    {
        ArgumentNullException.ThrowIfNull(w);
        ArgumentNullException.ThrowIfNull(config);
        Encoder = new Wav2Vec2(w[config.Prefix], config);
        _head = new Linear(w["lm_head"], config.Dim, config.VocabSize);
    }

    /// <summary>Waveform to features.</summary>
    public Wav2Vec2 Encoder { get; }

    /// <summary>Sizes and choices.</summary>
    public Wav2Vec2Config Config => Encoder.Config;

    /// <summary>Scores symbols.</summary>
    /// <param name="waveforms">[batch, samples] at 16 kHz, normalised as the checkpoint's preprocessor says, zeros past each one's end.</param>
    /// <param name="lengths">Valid samples of each; null: all, padding is heard.</param>
    /// <param name="taps">Receives the encoder's results and logits; null: none.</param>
    /// <returns>Logits [batch, frames, symbols].</returns>
    public Tensor Forward(Tensor waveforms, int[]? lengths = null, Taps? taps = null)
    {
        var logits = TensorScope.Run(() => _head.Forward(Encoder.Forward(waveforms, lengths, taps)));
        taps?.Add("logits", logits);
        return logits;
    }

    /// <summary>Builds the model of a folder: <c>config.json</c> and the checkpoint beside it.</summary>
    public static CtcModel Load(string folder, WeightsOptions? options = null)
    {
        using var json = new ModelFolder(folder).Config();
        var config = Wav2Vec2Config.Parse(json.RootElement);
        return Weights.Build(new CheckpointWeights(Checkpoint.Open(folder)), w => new CtcModel(w, config), options).Model;
    }
}
