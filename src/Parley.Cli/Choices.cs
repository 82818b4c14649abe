using Parley.Audio;
using Parley.Models;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Words and numbers of the command line to what they mean.</summary>
internal static class Choices
{
    /// <summary>Names of weight formats.</summary>
    public static string[] Precisions { get; } = ["float32", "bfloat16", "float16", "int8", "int4"];

    /// <summary>The format of a name; null for none.</summary>
    public static WeightFormat? Precision(string? name) => name switch
    {
        null => null,
        "float32" => WeightFormat.Float32,
        "bfloat16" => WeightFormat.BFloat16,
        "float16" => WeightFormat.Float16,
        "int8" => WeightFormat.Int8,
        "int4" => WeightFormat.Int4,
        _ => throw new ArgumentException($"precision {name} is none of {string.Join(", ", Precisions)}"),
    };

    /// <summary>A speech detector: none, energy, or the Silero network from a file.</summary>
    public static IVoiceActivityDetector? Detector(string? name) => name switch
    {
        null or "none" => null,
        "energy" => new EnergyVad(),
        _ => SileroVad.Load(name),
    };

    /// <summary>What makes the speech detector of a stream; null for none.</summary>
    public static Func<IVoiceActivityStream>? Gate(string name) => name switch
    {
        "none" => null,
        "energy" => () => new EnergyVadStream(),
        _ => SileroVad.Load(name, backend: Backend.WithThreads(1)).Start,
    };

    /// <summary>Numbers between commas.</summary>
    public static IReadOnlyList<double>? Numbers(string option, IReadOnlyList<string>? texts) => texts is null or { Count: 0 }
        ? null
        : [.. texts.SelectMany(t => t.Split(',')).Select(t => Number(option, t))];

    /// <summary>Stretches such as 10-20,30.5- in seconds.</summary>
    public static IReadOnlyList<(double Start, double? End)>? Clips(string? text) => text is null ? null : [.. text.Split(',').Select(Clip)];

    private static (double Start, double? End) Clip(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash >= 0
            ? (Number("--clip", text[..dash]), dash == text.Length - 1 ? null : Number("--clip", text[(dash + 1)..]))
            : throw new ArgumentException($"--clip: \"{text}\" is not a stretch such as 10-20 or 30- (seconds)");
    }

    private static double Number(string option, string text) =>
        double.TryParse(text, out var number) ? number : throw new ArgumentException($"{option}: \"{text}\" is not a number");
}
