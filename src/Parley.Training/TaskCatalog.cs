using Parley.Models;

namespace Parley.Training;

/// <summary>From the type in a configuration to the code that trains it.</summary>
public static class TaskCatalog
{
    /// <summary>Families that can be trained.</summary>
    public static IReadOnlyList<string> Types { get; } = ["whisper", "conformer", "conformer-transducer", "ctc", SpeedStreamConfig.Type, HmmGmmConfig.Type];

    /// <summary>Builds the model of a configuration that is trained by gradients; an hmm-gmm is not, <see cref="HmmGmmRun"/> counts it.</summary>
    public static ITrainingTask Create(TrainingConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Model.Type switch
        {
            "whisper" => new WhisperTask(config.Model),
            "conformer" => new ConformerTask(config),
            "conformer-transducer" => new ConformerTransducerTask(config),
            "ctc" => new CtcTask(config),
            SpeedStreamConfig.Type => new SpeedStreamTask(config),
            var type => throw new InvalidDataException($"model.type: \"{type}\" cannot be trained; known are {string.Join(", ", Types)}"),
        };
    }
}
