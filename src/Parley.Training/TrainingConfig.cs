using System.ComponentModel;
using System.Text.Json.Serialization;
using Parley.Nn;

namespace Parley.Training;

/// <summary>Everything a training run depends on, as in its JSON file. Descriptions are what <c>parley train --fields</c> prints.</summary>
public sealed record TrainingConfig(
    [property: Description("What is trained")] ModelSettings Model,
    [property: Description("What it is trained on")] DataSettings Data,
    [property: Description("Folder of the run: checkpoints, metrics, the finished model")] string Output,
    [property: Description("Steps of the optimiser")] int Steps,
    [property: Description("How gradients become steps")] OptimizerSettings? Optimizer = null,
    [property: Description("Learning rate by step")] ScheduleSettings? Schedule = null,
    [property: Description("How recordings are varied")] AugmentSettings? Augment = null,
    [property: Description("All randomness comes from this number")] int Seed = 1,
    [property: Description("Batches whose gradients make one step")] int Accumulate = 1,
    [property: Description("Share of the old value in the running average of the parameters that is validated and saved, such as 0.999; 0: no average")] float Average = 0,
    [property: Description("Steps between validations")] int ValidateEvery = 500,
    [property: Description("Steps between checkpoints")] int CheckpointEvery = 500,
    [property: Description("Newest checkpoints that are kept, besides the best model")] int KeepCheckpoints = 2,
    [property: Description("Steps between lines of metrics.jsonl")] int LogEvery = 10,
    [property: Description("A loss so many times its lowest running average stops the run; 0: never")] double DivergedAt = 4)
{
    /// <summary>Throws when values contradict each other or cannot be.</summary>
    public void Validate()
    {
        Require(Steps >= 1, "steps", Steps, "at least 1");
        Require(Accumulate >= 1, "accumulate", Accumulate, "at least 1");
        Require(Average is >= 0 and < 1, "average", Average, "at least 0 and below 1");
        Require(ValidateEvery >= 1, "validateEvery", ValidateEvery, "at least 1");
        Require(CheckpointEvery >= 1, "checkpointEvery", CheckpointEvery, "at least 1");
        Require(KeepCheckpoints >= 1, "keepCheckpoints", KeepCheckpoints, "at least 1");
        Require(LogEvery >= 1, "logEvery", LogEvery, "at least 1");
        Require(DivergedAt is 0 or > 1, "divergedAt", DivergedAt, "0 or above 1");
        Require(Data.Train.Count > 0, "data.train", "[]", "at least one manifest");
        Require(Data.BatchSeconds > 0, "data.batchSeconds", Data.BatchSeconds, "above 0");
        Require(Data.MinSeconds >= 0 && Data.MaxSeconds > Data.MinSeconds, "data.maxSeconds", Data.MaxSeconds, $"above data.minSeconds {Data.MinSeconds}");
        var optimizer = Optimizer ?? new OptimizerSettings();
        Require(optimizer.Clip >= 0, "optimizer.clip", optimizer.Clip, "at least 0");
        Require(optimizer.Beta1 is >= 0 and < 1 && optimizer.Beta2 is >= 0 and < 1, "optimizer.beta1, beta2", $"{optimizer.Beta1}, {optimizer.Beta2}", "at least 0 and below 1");
        var schedule = Schedule ?? new ScheduleSettings();
        Require(schedule.Rate > 0, "schedule.rate", schedule.Rate, "above 0");
        Require(schedule.Warmup >= 0 && schedule.Hold >= 0, "schedule.warmup, hold", $"{schedule.Warmup}, {schedule.Hold}", "at least 0");
    }

    private static void Require(bool holds, string field, object value, string wanted)
    {
        if (!holds)
        {
            throw new InvalidDataException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{field} is {value}; it must be {wanted}"));
        }
    }
}

/// <summary>What is trained.</summary>
public sealed record ModelSettings(
    [property: Description("Family: whisper, ctc (wav2vec 2.0, HuBERT, WavLM), conformer, conformer-transducer, speedstream, hmm-gmm")] string Type,
    [property: Description("Checkpoint folder to start from; null: from nothing, with the sizes in \"config\"")] string? From = null,
    [property: Description("Sizes of a new model, as in its config.json")] System.Text.Json.JsonElement? Config = null,
    [property: Description("Parameters that stay as they are: names with * for any text")] IReadOnlyList<string>? Freeze = null,
    [property: Description("Whisper: language token of the texts")] string Language = "en",
    [property: Description("hmm-gmm: pronunciation dictionary in the format of CMU's")] string? Dictionary = null,
    [property: Description("A new Conformer's features: mean 0 and deviation 1 in each utterance, or by the numbers of the whole training data")] FeatureNormalization Normalize = FeatureNormalization.Utterance);

/// <summary>What log-mel features have mean 0 and deviation 1 over.</summary>
public enum FeatureNormalization
{
    /// <summary>Each utterance, as in NeMo; it has to be heard to its end.</summary>
    [JsonStringEnumMemberName("utterance")]
    Utterance,

    /// <summary>The training data, so that loudness and colour of an utterance are heard.</summary>
    [JsonStringEnumMemberName("corpus")]
    Corpus,
}

/// <summary>What a model is trained on.</summary>
public sealed record DataSettings(
    [property: Description("Manifests, paths relative to this file: JSON lines with audio_filepath, text and duration")] IReadOnlyList<string> Train,
    [property: Description("Manifests whose word error rate is measured; the first chooses the best model")] IReadOnlyList<string>? Validation = null,
    [property: Description("Most utterances of a validation manifest that are transcribed; 0: all")] int ValidationLimit = 0,
    [property: Description("Seconds of audio in a batch, padding counted")] double BatchSeconds = 60,
    [property: Description("Shortest utterance")] double MinSeconds = 0.1,
    [property: Description("Longest utterance")] double MaxSeconds = 30,
    [property: Description("Utterances outside these lengths: an error, or skipped")] OutsideLengths Outside = OutsideLengths.Error,
    [property: Description("First epoch from short to long (SortaGrad, Deep Speech 2)")] bool SortFirstEpoch = false,
    [property: Description("Batches prepared ahead")] int Prefetch = 4);

/// <summary>What happens to utterances that are too short or too long.</summary>
public enum OutsideLengths
{
    /// <summary>The run does not begin.</summary>
    [JsonStringEnumMemberName("error")]
    Error,

    /// <summary>They are left out, and counted.</summary>
    [JsonStringEnumMemberName("skip")]
    Skip,
}

/// <summary>How gradients become steps.</summary>
public sealed record OptimizerSettings(
    [property: Description("adamw, adam, sgd or novograd")] OptimizerKind Kind = OptimizerKind.AdamW,
    [property: Description("Decay of the first moment; momentum of sgd")] float Beta1 = 0.9f,
    [property: Description("Decay of the second moment")] float Beta2 = 0.98f,
    [property: Description("Added to the root of the second moment")] float Epsilon = 1e-8f,
    [property: Description("Pull of matrices towards zero; biases and norms are left alone")] float WeightDecay = 0,
    [property: Description("Nesterov's momentum")] bool Nesterov = false,
    [property: Description("Longest gradient, all parameters together; 0: any")] float Clip = 1);

/// <summary>Optimisers by name.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    [JsonStringEnumMemberName("adamw")]
    AdamW,

    /// <summary>Adam.</summary>
    [JsonStringEnumMemberName("adam")]
    Adam,

    /// <summary>Gradient descent with momentum.</summary>
    [JsonStringEnumMemberName("sgd")]
    Sgd,

    /// <summary>Layer-wise second moments.</summary>
    [JsonStringEnumMemberName("novograd")]
    NovoGrad,
}

/// <summary>Learning rate by step.</summary>
public sealed record ScheduleSettings(
    [property: Description("constant, linear, cosine, inverse-sqrt, polynomial, noam or tri-stage")] ScheduleKind Kind = ScheduleKind.Cosine,
    [property: Description("Highest learning rate; the factor of noam")] double Rate = 1e-3,
    [property: Description("Steps of the rise from 0")] int Warmup = 0,
    [property: Description("Lowest learning rate")] double Floor = 0,
    [property: Description("Steps at the highest rate; tri-stage only")] int Hold = 0,
    [property: Description("Model width; noam only")] int Dim = 1,
    [property: Description("Exponent; polynomial only")] double Power = 1,
    [property: Description("Validations without improvement after which the rate is halved; 0: never")] int Patience = 0);

/// <summary>How recordings are varied; all draws come from the seed, the epoch and the utterance.</summary>
public sealed record AugmentSettings(
    [property: Description("Speeds of which one is drawn for each utterance, such as [0.9, 1.0, 1.1]")] IReadOnlyList<double>? Speeds = null,
    [property: Description("Lowest and highest gain in decibels")] IReadOnlyList<double>? Gain = null,
    [property: Description("Manifest of noises (its texts are not read)")] string? Noise = null,
    [property: Description("Share of utterances with noise")] double NoiseShare = 0.5,
    [property: Description("Lowest and highest signal-to-noise ratio in decibels")] IReadOnlyList<double>? NoiseLevel = null,
    [property: Description("Manifest of room impulse responses")] string? Rooms = null,
    [property: Description("Share of utterances put into a room")] double RoomShare = 0.3,
    [property: Description("Share of utterances that go through an 8 kHz telephone line")] double TelephoneShare = 0,
    [property: Description("SpecAugment: masks over frequency")] int FrequencyMasks = 0,
    [property: Description("SpecAugment: widest mask in bands")] int FrequencyWidth = 27,
    [property: Description("SpecAugment: masks over time")] int TimeMasks = 0,
    [property: Description("SpecAugment: longest mask as a share of the utterance")] double TimeShare = 0.05);
