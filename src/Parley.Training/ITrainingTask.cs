using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>One utterance, ready for the model.</summary>
/// <param name="Where">Manifest and line, for messages.</param>
/// <param name="Features">What the model hears, in the task's own layout.</param>
/// <param name="Frames">Length of the features in the task's own steps.</param>
/// <param name="Targets">Ids of what is said.</param>
public sealed record TrainingExample(string Where, float[] Features, int Frames, int[] Targets);

/// <summary>The loss of a batch.</summary>
/// <param name="Mean">Mean loss, [].</param>
/// <param name="Weight">What it is the mean over: tokens or utterances; batches are joined by it.</param>
public readonly record struct BatchLoss(Tensor Mean, double Weight);

/// <summary>What the trainer needs to know of a model: the loop itself knows none.</summary>
public interface ITrainingTask : IDisposable
{
    /// <summary>Everything the model consists of; those that are trained have a tensor that is a parameter.</summary>
    IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Samples a second that <see cref="Prepare"/> takes.</summary>
    int SampleRate { get; }

    /// <summary>Ids of a text.</summary>
    /// <exception cref="InvalidDataException">The text has symbols that the model does not know, or is too long.</exception>
    int[] Encode(string text);

    /// <summary>Turns sound into what the model hears; called on background threads.</summary>
    /// <param name="where">Manifest and line.</param>
    /// <param name="samples">Mono, ±1.</param>
    /// <param name="targets">From <see cref="Encode"/>.</param>
    /// <param name="random">Source of all draws for this utterance; null: no SpecAugment.</param>
    TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random);

    /// <summary>The loss of a batch, recorded.</summary>
    BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass);

    /// <summary>Text of a recording by the model as it is now, as a user of the finished model would get it.</summary>
    string Transcribe(ReadOnlyMemory<float> samples);

    /// <summary>Writes the model as a folder that <c>parley transcribe --model</c> opens.</summary>
    void Save(string folder);
}
