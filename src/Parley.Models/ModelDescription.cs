using System.Text.Json;
using Parley.Nn;

namespace Parley.Models;

/// <summary>A published configuration: its sizes, and what can be said about it without weights.</summary>
/// <param name="Name">What Parley calls it, such as "whisper-base.en".</param>
/// <param name="HubId">A checkpoint with these sizes on the hub.</param>
/// <param name="PublishedAs">The size that its authors name.</param>
/// <param name="Whisper">Sizes of a Whisper; null for other families.</param>
/// <param name="Wav2Vec2">Sizes of a wav2vec 2.0, HuBERT, WavLM or wav2vec2-conformer; null for other families.</param>
/// <param name="Conformer">Sizes of a Conformer with a CTC head; null for other families.</param>
/// <param name="Transducer">Sizes of a Conformer transducer; null for other families.</param>
public sealed record ModelDescription(
    string Name, string HubId, string PublishedAs, WhisperConfig? Whisper = null, Wav2Vec2Config? Wav2Vec2 = null, ConformerCtcConfig? Conformer = null, ConformerTransducerConfig? Transducer = null)
{
    /// <summary>The family's <c>model_type</c>.</summary>
    public string Family => Wav2Vec2?.ModelType ?? Transducer?.ModelType ?? (Whisper is not null ? "whisper" : "parakeet_ctc");

    private ConformerConfig? EncoderSizes => Conformer?.Encoder ?? Transducer?.Encoder;

    /// <summary>What the model hears, and how often.</summary>
    public string Representation => Whisper is { } w
        ? $"{w.MelBins} log-mel bands of 25 ms windows at 16 kHz, 100 frames a second; windows of {w.WindowFrames / 100} s"
        : EncoderSizes is { } c
        ? $"{c.MelBins} log-mel bands of 25 ms windows at 16 kHz, 100 frames a second, each band with mean 0 and deviation 1"
        : "the waveform itself at 16 kHz, 16,000 samples a second";

    /// <summary>How the rate falls on the way.</summary>
    public string RateReduction => Whisper is { } w
        ? $"2 times, by the stride of the second convolution: 50 steps a second, {w.AudioPositions} a window"
        : EncoderSizes is { } c
        ? $"{c.SubsamplingFactor} times, by {c.Stages} 2-D convolutions{(c.Subsampling == "dw_striding" ? ", depthwise after the first" : "")}: {100.0 / c.SubsamplingFactor} steps a second"
        : $"{Wav2Vec2!.SamplesPerFrame} times, by {Wav2Vec2.Channels.Count} convolutions: {Wav2Vec2Config.SampleRate / Wav2Vec2.SamplesPerFrame} steps a second, each from {Wav2Vec2.ReceptiveField} samples";

    /// <summary>How sound and text are matched.</summary>
    public string Alignment => Whisper is not null
        ? "attention of the decoder to the encoder; time stamp tokens of 20 ms; words by dynamic time warping of the attention"
        : Transducer is { } t
        ? t.Durations is null ? "monotonic: in every step any number of symbols, then a blank (RNN-T)" : "monotonic: every symbol says how many steps to go on (TDT)"
        : "monotonic, frame by frame, summed over all alignments by CTC";

    /// <summary>What comes out.</summary>
    public string Output => Whisper is { } w
        ? $"one of {w.VocabSize} byte-level tokens at a time, up to {w.TextPositions} with the prompt"
        : Transducer is { } t
        ? $"one of {t.VocabSize - 1} symbols or the blank at a time, given the {t.PredictorDim} numbers that an LSTM makes of those before"
        : Conformer is { } c
        ? $"one of {c.VocabSize - 1} symbols or the blank in every step"
        : $"with a CTC head: one of {Wav2Vec2!.VocabSize} symbols or the blank in every step; without: {Wav2Vec2.Dim} features";

    /// <summary>Parameters that are used in two places.</summary>
    public long Tied => Whisper is { } w ? (long)w.VocabSize * w.Dim : 0;

    /// <summary>Every parameter and buffer of the model, of wav2vec 2.0 and its like without a head, by name and shape; nothing is allocated.</summary>
    public IReadOnlyList<Parameter> Parameters() => Conformer is not null || Transducer is not null ? Checkpoint() : Wav2Vec2 is { } config ? Encoder(config with { MaskTimeProb = 0, MaskFeatureProb = 0 }) : Build(Whisper!);

    /// <summary>Every tensor of a checkpoint that can transcribe: with its head, without the mask vector of training.</summary>
    public IReadOnlyList<Parameter> Checkpoint() => Conformer is { } conformer ? Weights.Build(new ShapeSource(), w => new ConformerCtc(w, conformer)).Parameters
        : Transducer is { } transducer ? Weights.Build(new ShapeSource(), w => new ConformerTransducer(w, transducer)).Parameters
        : Wav2Vec2 is { } config ? WithHead(config with { MaskTimeProb = 0, MaskFeatureProb = 0 }) : Build(Whisper!);

    /// <summary>The sizes as <c>config.json</c> has them.</summary>
    public string ConfigJson() => Wav2Vec2 is { } config
        ? JsonSerializer.Serialize(config, Wav2Vec2Json.Default.Wav2Vec2Config)
        : Conformer is { } conformer ? JsonSerializer.Serialize(conformer, ConformerJson.Default.ConformerCtcConfig)
        : Transducer is { } transducer ? JsonSerializer.Serialize(transducer, ConformerJson.Default.ConformerTransducerConfig)
        : JsonSerializer.Serialize(Whisper!, WhisperJson.Default.WhisperConfig);

    /// <summary>Numbers of parameters under other conventions, each with its name.</summary>
    public IReadOnlyList<(string What, long Count)> OtherCounts()
    {
        if (EncoderSizes is { } encoder)
        {
            return [("of these, in the encoder", Trainable(Weights.Build(new ShapeSource(), w => new ConformerEncoder(w["encoder"], encoder)).Parameters))];
        }

        if (Wav2Vec2 is not { } config)
        {
            return [("as Hugging Face counts, with the encoder's sinusoids", Parameters().Sum(p => p.Count))];
        }

        var masked = config with { MaskTimeProb = 0.05 };
        return
        [
            ("with the mask vector of training", Trainable(Encoder(masked))),
            ($"with the mask vector and a CTC head of {config.VocabSize} symbols", Trainable(WithHead(masked))),
            .. config.ConvBias && config.ModelType == "hubert"
                ? new[] { ("without the biases of the convolutions, as torchaudio builds it", Trainable(Encoder(config with { MaskTimeProb = 0, MaskFeatureProb = 0, ConvBias = false }))) }
                : [],
        ];
    }

    /// <summary>Sum over what training changes; tied weights count once.</summary>
    public static long Trainable(IReadOnlyList<Parameter> parameters) => parameters.Where(p => !p.IsBuffer).Sum(p => p.Count);

    private static IReadOnlyList<Parameter> Build(WhisperConfig config) => Weights.Build(new ShapeSource(), w => new Whisper(w["model"], config)).Parameters;

    private static IReadOnlyList<Parameter> WithHead(Wav2Vec2Config config) => Weights.Build(new ShapeSource(), w => new CtcModel(w, config)).Parameters;

    private static IReadOnlyList<Parameter> Encoder(Wav2Vec2Config config) => Weights.Build(new ShapeSource(), w => new Wav2Vec2(w[config.Prefix], config)).Parameters;
}
