using System.Text.Json;
using System.Text.Json.Serialization;
using Parley.Audio;

namespace Parley.Models;

/// <summary>What an HMM-GMM recogniser hears and knows, as its <c>config.json</c> has it.</summary>
/// <param name="Units">Models of phones or words; their states are numbered through.</param>
/// <param name="Words">The vocabulary, made of units.</param>
/// <param name="Silence">The unit of what is no speech.</param>
/// <param name="Gaussians">Most densities that a state mixes.</param>
/// <param name="Cepstra">Cepstra of a frame, a third of its numbers.</param>
/// <param name="MelBins">Mel filters beneath the cepstra.</param>
/// <param name="LowFrequency">Where the lowest filter begins, in Hz.</param>
/// <param name="HighFrequency">Where the highest filter ends, in Hz.</param>
/// <param name="FrameLength">Milliseconds that a frame hears.</param>
/// <param name="FrameShift">Milliseconds from one frame to the next.</param>
/// <param name="SubtractMean">Whether cepstra lose their mean over the recording.</param>
/// <param name="NormalizeVariance">Whether they are brought to unit variance too.</param>
/// <param name="WordPenalty">Natural logarithm of what beginning one more word costs, 0 for nothing; larger means fewer words.</param>
/// <param name="ModelType">"hmm-gmm".</param>
public sealed record HmmGmmConfig(
    [property: JsonPropertyName("units")] IReadOnlyList<HmmUnit> Units,
    [property: JsonPropertyName("words")] IReadOnlyList<HmmWord> Words,
    [property: JsonPropertyName("silence")] int Silence,
    [property: JsonPropertyName("gaussians")] int Gaussians,
    [property: JsonPropertyName("cepstra")] int Cepstra = 13,
    [property: JsonPropertyName("mel_bins")] int MelBins = 23,
    [property: JsonPropertyName("low_frequency")] double LowFrequency = 20,
    [property: JsonPropertyName("high_frequency")] double HighFrequency = 8000,
    [property: JsonPropertyName("frame_length_ms")] double FrameLength = 25,
    [property: JsonPropertyName("frame_shift_ms")] double FrameShift = 10,
    [property: JsonPropertyName("subtract_mean")] bool SubtractMean = true,
    [property: JsonPropertyName("normalize_variance")] bool NormalizeVariance = true,
    [property: JsonPropertyName("word_penalty")] double WordPenalty = 0,
    [property: JsonPropertyName("model_type")] string ModelType = HmmGmmConfig.Type)
{
    /// <summary>The family.</summary>
    public const string Type = "hmm-gmm";

    /// <summary>Samples a second that the front end takes, in Hz.</summary>
    public const int SampleRate = 16_000;

    // Nothing that anybody trains comes near these; they bound what a file can make the program allocate.
    private const int MaxStates = 1 << 20;
    private const int MaxUnits = 1 << 18;
    private const int MaxNumbers = 1 << 28;

    /// <summary>States of all units.</summary>
    [JsonIgnore]
    public int States => Units.Sum(u => u.States);

    /// <summary>Numbers of a frame: cepstra, slopes, slopes of these.</summary>
    [JsonIgnore]
    public int Dim => 3 * Cepstra;

    /// <summary>The front end.</summary>
    [JsonIgnore]
    public CepstralOptions Features => new(
        new KaldiMfccOptions(Cepstra, Fbank: new KaldiFbankOptions(
            MelBins, SampleRate, FrameLength, FrameShift, LowFrequency, HighFrequency, SnipEdges: false)), SubtractMean, NormalizeVariance);

    /// <summary>Reads a <c>config.json</c>.</summary>
    public static HmmGmmConfig Parse(JsonElement json)
    {
        HmmGmmConfig config;
        try
        {
            config = json.Deserialize(HmmGmmJson.Default.HmmGmmConfig) ?? throw new InvalidDataException("hmm-gmm config: empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"hmm-gmm config: {ConfigError.Why(e)}", e);
        }

        config.Validate();
        return config;
    }

    /// <summary>Throws, naming the key, when a value cannot be.</summary>
    public void Validate()
    {
        Require(ModelType == Type, $"model_type is \"{ModelType}\"; it must be \"{Type}\"");
        (string Key, double Value, double Least, double Most)[] ranges =
        [
            ("the number of units", Units.Count, 1, MaxUnits), ("the number of words", Words.Count, 1, MaxUnits), ("silence", Silence, 0, Units.Count - 1),
            ("gaussians", Gaussians, 1, 1024), ("mel_bins", MelBins, 1, 512), ("cepstra", Cepstra, 1, MelBins), ("frame_length_ms", FrameLength, 1, 1000), ("frame_shift_ms", FrameShift, 1, 1000),
            ("low_frequency", LowFrequency, 0, (SampleRate / 2) - 1), ("high_frequency", HighFrequency, LowFrequency + 1, SampleRate / 2), ("word_penalty", WordPenalty, -1e6, 1e6),
        ];
        foreach (var (key, value, least, most) in ranges)
        {
            Require(value >= least && value <= most, $"{key} is {value}; it must be {least} to {most}");
        }

        Require(SubtractMean || !NormalizeVariance, "normalize_variance needs subtract_mean");
        for (var i = 0; i < Units.Count; i++)
        {
            Require(Units[i] is { Phone.Length: > 0, States: >= 1 and <= 4096 }, $"units has as number {i} one without a phone, or with states other than 1 to 4096");
        }

        for (var i = 0; i < Words.Count; i++)
        {
            Require(Words[i] is { Text.Length: > 0, Units.Length: >= 1 and <= 1024 }, $"words has as number {i} one without text, or with units other than 1 to 1024");
            var outside = Array.FindIndex(Words[i].Units, u => u < 0 || u >= Units.Count);
            Require(outside < 0, $"words has \"{Words[i].Text}\" with a unit that does not exist; there are {Units.Count}");
        }

        var states = Units.Sum(u => (long)u.States);
        Require(states <= MaxStates && states * Gaussians * Dim <= MaxNumbers, $"units have {states} states of {Gaussians} Gaussians in {Dim} dimensions; that is more than this program holds");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidDataException($"hmm-gmm config: {message}");
        }
    }
}

[JsonSerializable(typeof(HmmGmmConfig))]
[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, MaxDepth = 32, WriteIndented = false)]
internal sealed partial class HmmGmmJson : JsonSerializerContext;
