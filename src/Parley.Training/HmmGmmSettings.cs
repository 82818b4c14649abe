using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Models;
using Parley.Text;

namespace Parley.Training;

/// <summary>What "model.config" says of an hmm-gmm.</summary>
public sealed record HmmGmmSettings(
    [property: Description("phones (shared by words), word-phones (each word has its own) or words")] HmmUnitKind Units = HmmUnitKind.Phones,
    [property: Description("States of a phone")] int PhoneStates = 3,
    [property: Description("States of a word, where words are units")] int WordStates = 10,
    [property: Description("States of silence")] int SilenceStates = 3,
    [property: Description("Most densities of a state; they are 1, 2, 4 and so on up to here")] int Gaussians = 8,
    [property: Description("Passes with each number of densities; what \"steps\" has more is passes with the last")] int PassesPerSplit = 4,
    [property: Description("Least variance, as a share of that of all frames")] double VarianceFloor = 0.01,
    [property: Description("What beginning one more word costs, a natural logarithm")] double WordPenalty = 0,
    [property: Description("Mel filters beneath the cepstra")] int MelBins = 23,
    [property: Description("Where the lowest filter begins, in Hz")] double LowFrequency = 20,
    [property: Description("Where the highest filter ends, in Hz; 4000 for recordings of 8 kHz")] double HighFrequency = 8000,
    [property: Description("Whether cepstra lose their mean over the recording")] bool SubtractMean = true,
    [property: Description("Whether they are brought to unit variance too")] bool NormalizeVariance = true)
{
    /// <summary>Reads the settings of a run.</summary>
    /// <exception cref="InvalidDataException">A field is not one of these, or cannot be.</exception>
    internal static HmmGmmTrainingOptions Read(TrainingConfig config)
    {
        HmmGmmSettings settings;
        try
        {
            settings = config.Model.Config?.Deserialize(HmmGmmSettingsJson.Default.HmmGmmSettings) ?? new HmmGmmSettings();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"model.config: {e.Message.Split(" Path:")[0]}", e);
        }

        var stages = settings.Gaussians < 1 ? 1 : 1 + (int)Math.Ceiling(Math.Log2(settings.Gaussians));
        var least = stages * settings.PassesPerSplit;
        if (config.Steps < least)
        {
            throw new InvalidDataException($"steps is {config.Steps}; {stages} numbers of densities up to {settings.Gaussians}, with {settings.PassesPerSplit} passes each, are {least}");
        }

        (string Field, bool IsSet)[] others =
        [
            ("model.from", config.Model.From is not null), ("optimizer", config.Optimizer is not null), ("schedule", config.Schedule is not null), ("augment", config.Augment is not null),
            ("accumulate", config.Accumulate != 1), ("average", config.Average != 0),
        ];
        if (Array.Find(others, o => o.IsSet) is { Field: { } field })
        {
            throw new InvalidDataException($"{field}: an hmm-gmm is counted, not trained by gradients, and has no such thing");
        }

        var options = new HmmGmmTrainingOptions(
            settings.Units, config.Model.Dictionary is { } path ? PronunciationDictionary.Load(path) : null, settings.PhoneStates, settings.WordStates, settings.SilenceStates,
            settings.Gaussians, settings.PassesPerSplit, config.Steps - least, settings.VarianceFloor, WordPenalty: settings.WordPenalty, MelBins: settings.MelBins,
            LowFrequency: settings.LowFrequency, HighFrequency: settings.HighFrequency, SubtractMean: settings.SubtractMean, NormalizeVariance: settings.NormalizeVariance);
        if (options.Units != HmmUnitKind.Words && options.Dictionary is null)
        {
            throw new InvalidDataException("model.dictionary: phones need a pronunciation dictionary; name one, or choose \"units\": \"words\"");
        }

        options.Validate();
        return options;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(HmmGmmSettings))]
internal sealed partial class HmmGmmSettingsJson : JsonSerializerContext;
