using System.Text.Json;
using Parley.Nn;

namespace Parley.Models;

/// <summary>From what a checkpoint says it is to the code that runs it.</summary>
public static class ModelCatalog
{
    /// <summary>Families that turn sound into text, by their <c>model_type</c>.</summary>
    public static IReadOnlyList<string> SpeechTypes { get; } = ["whisper", "wav2vec2", "wav2vec2-conformer", "hubert", "wavlm", "parakeet_ctc", ConformerTransducerConfig.Rnnt, ConformerTransducerConfig.Tdt, SpeedStreamConfig.Type, HmmGmmConfig.Type];

    internal static (ISpeechModel Model, string Type) LoadSpeech(string path, Checkpoint checkpoint, WeightsOptions options)
    {
        if (checkpoint.Files.Count > 0)
        {
            var nemo = ConformerSpeechModel.FromNemo(checkpoint, options);
            return (nemo, nemo.Type);
        }

        if (!Directory.Exists(path))
        {
            return (WhisperSpeechModel.FromOpenAi(checkpoint, options), "whisper");
        }

        var folder = new ModelFolder(path);
        using var config = folder.Config();
        var type = config.RootElement.ValueKind == JsonValueKind.Object && config.RootElement.TryGetProperty("model_type", out var name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()!
            : throw new InvalidDataException($"{folder["config.json"]}: no \"model_type\"; this is not a model folder as Hugging Face publishes them");
        return type switch
        {
            "whisper" => (WhisperSpeechModel.FromFolder(folder, config.RootElement, checkpoint, options), type),
            "wav2vec2" or "wav2vec2-conformer" or "hubert" or "wavlm" => (CtcSpeechModel.FromFolder(folder, config.RootElement, checkpoint, options), type),
            "parakeet_ctc" => (ConformerSpeechModel.FromFolder(folder, config.RootElement, checkpoint, options), type),
            ConformerTransducerConfig.Rnnt or ConformerTransducerConfig.Tdt => (ConformerSpeechModel.TransducerFromFolder(folder, config.RootElement, checkpoint, options), type),
            SpeedStreamConfig.Type => (SpeedStreamSpeechModel.FromFolder(folder, config.RootElement, checkpoint, options), type),
            HmmGmmConfig.Type => (new HmmGmmSpeechModel(HmmGmm.Load(checkpoint, config.RootElement)), type),
            _ => throw new InvalidDataException($"{folder["config.json"]}: model_type \"{type}\" is not a speech recogniser that Parley knows: {string.Join(", ", SpeechTypes)}"),
        };
    }
}
