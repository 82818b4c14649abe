using System.Buffers;
using System.Text;
using System.Text.Json;
using Parley.Audio;

namespace Parley.Models;

/// <summary>The front end of a Conformer's folder, in the <c>preprocessor_config.json</c> of Hugging Face's Parakeet.</summary>
/// <remarks>
/// Parakeet's features always have mean 0 and deviation 1 in each utterance. Models that are trained here may have those of their training data instead,
/// under NeMo's key and in its form: <c>normalize</c> with <c>fixed_mean</c> and <c>fixed_std</c> (NVIDIA/NeMo:…/preprocessing/features.py normalize_batch).
/// </remarks>
internal static class ConformerFrontEnd
{
    /// <summary>Name of the file.</summary>
    public const string File = "preprocessor_config.json";

    /// <summary>Longest transform, in samples: a second at 16 kHz. A filter bank of a longer one would fill the memory.</summary>
    private const int MaxTransform = 16_384;

    /// <summary>Reads a folder's file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="mels">Bands that the model hears.</param>
    public static NemoMelOptions Read(Nn.ModelFolder folder, int mels)
    {
        using var json = folder.Json(File);
        var node = new NemoNode(json.RootElement, folder[File]);
        if (node.Int("sampling_rate", SpeechRecognizer.SampleRate) is var rate && rate != SpeechRecognizer.SampleRate)
        {
            throw node.Bad("sampling_rate", $"is {rate}; only {SpeechRecognizer.SampleRate} is supported");
        }

        if (node.Int("feature_size", mels) != mels)
        {
            throw node.Bad("feature_size", $"is not the {mels} bands that the model hears");
        }

        return Normalised(node, new NemoMelOptions(mels, rate, node.Int("n_fft", 512), node.Int("hop_length", 160), node.Int("win_length", 400), node.Real("preemphasis", 0.97f)), otherwise: "per_feature");
    }

    /// <summary>Adds what <c>normalize</c> says: by utterance, by given numbers, or not at all.</summary>
    public static NemoMelOptions Normalised(NemoNode node, NemoMelOptions options, string otherwise)
    {
        if (options.FftSize is < 1 or > MaxTransform)
        {
            throw node.Bad("n_fft", $"is {options.FftSize}; 1 to {MaxTransform} are supported");
        }

        if (options.HopLength < 1 || options.WindowLength < 1 || options.WindowLength > options.FftSize)
        {
            throw node.Bad("n_fft", $"is {options.FftSize}, for windows of {options.WindowLength} samples every {options.HopLength}; a window must be of 1 sample to n_fft, and as many be between two");
        }

        if (node.Json.TryGetProperty("normalize", out var given) && given.ValueKind == JsonValueKind.Object)
        {
            var (means, deviations) = (node["normalize"].Reals("fixed_mean"), node["normalize"].Reals("fixed_std"));
            return means.Length == options.MelBins && deviations.Length == options.MelBins && deviations.All(d => d > 0)
                ? options with { NormalizePerFeature = false, Means = means, Deviations = deviations }
                : throw node.Bad("normalize", $"needs {options.MelBins} numbers in fixed_mean and as many above 0 in fixed_std");
        }

        return (node.Text("normalize") ?? otherwise) switch
        {
            "per_feature" => options,
            "NA" => options with { NormalizePerFeature = false },
            var other => throw node.Bad("normalize", $"is \"{other}\"; per_feature, NA, and fixed_mean with fixed_std are supported"),
        };
    }

    /// <summary>The text of the file.</summary>
    public static string Write(NemoMelOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("feature_extractor_type", "ParakeetFeatureExtractor");
            json.WriteNumber("feature_size", options.MelBins);
            json.WriteNumber("sampling_rate", options.SampleRate);
            json.WriteNumber("n_fft", options.FftSize);
            json.WriteNumber("hop_length", options.HopLength);
            json.WriteNumber("win_length", options.WindowLength);
            json.WriteNumber("preemphasis", options.Preemphasis);
            if (options is { Means: { } means, Deviations: { } deviations })
            {
                json.WriteStartObject("normalize");
                Numbers("fixed_mean", means);
                Numbers("fixed_std", deviations);
                json.WriteEndObject();
            }
            else if (!options.NormalizePerFeature)
            {
                json.WriteString("normalize", "NA");
            }

            json.WriteEndObject();

            void Numbers(string name, IReadOnlyList<float> values)
            {
                json.WriteStartArray(name);
                foreach (var value in values)
                {
                    json.WriteNumberValue(value);
                }

                json.WriteEndArray();
            }
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
