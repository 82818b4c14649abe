using System.Text.Json;

namespace Parley.Training;

/// <summary>One line of a NeMo-style manifest.</summary>
/// <param name="Manifest">Path of the manifest.</param>
/// <param name="Line">Number of the line, from 1.</param>
/// <param name="Json">The line as it was.</param>
/// <param name="Audio">Path of the recording.</param>
/// <param name="Text">What is said.</param>
/// <param name="Offset">Start within the recording in seconds.</param>
/// <param name="Duration">Length in seconds; null: to the end, and with an offset of 0 the whole file.</param>
public sealed record ManifestEntry(string Manifest, int Line, string Json, string Audio, string Text, double Offset, double? Duration)
{
    /// <summary>Manifest and line, for messages.</summary>
    public string Where => $"{Manifest}:{Line}";

    /// <summary>Reads a manifest; paths in it are relative to its folder. Without <paramref name="needsText"/> texts are not read.</summary>
    /// <exception cref="InvalidDataException">A line is not what it should be; the message has its number.</exception>
    public static IReadOnlyList<ManifestEntry> Read(string path, bool needsText = true)
    {
        if (Directory.Exists(path))
        {
            throw new InvalidDataException($"{path}: this is a folder; give a manifest (JSON lines)");
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: no such file; give a manifest (JSON lines)");
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        List<ManifestEntry> lines = [];
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                lines.Add(Parse(line, number, path, folder, needsText));
            }
        }

        return lines.Count > 0 ? lines : throw new InvalidDataException($"{path}: the manifest has no lines");
    }

    /// <summary>The samples that this line means.</summary>
    public ReadOnlyMemory<float> Cut(float[] samples, int rate)
    {
        var start = (long)Math.Round(Offset * rate);
        if (start > samples.Length)
        {
            throw new InvalidDataException($"{Where}: offset {Offset} s lies behind the end of {Audio} ({(double)samples.Length / rate:0.###} s)");
        }

        // Written durations are rounded: a cut that goes a little over the end means the end.
        var rest = samples.Length - (int)start;
        var length = Duration is { } seconds && (Offset > 0 || seconds * rate < rest - (0.01 * rate)) ? (int)Math.Min(rest, Math.Round(seconds * rate)) : rest;
        return samples.AsMemory((int)start, length);
    }

    private static ManifestEntry Parse(string line, int number, string path, string folder, bool needsText)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            string Text(string name) => root.TryGetProperty(name, out var value) && value.GetString() is { } text ? text : throw new InvalidDataException($"no \"{name}\"");
            double? Number(string name) => root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
                ? value.GetDouble() is var seconds and >= 0 and < 1e7 ? seconds : throw new InvalidDataException($"{name} is out of range")
                : null;
            var audio = Text("audio_filepath") is var name && !name.Contains('\0') ? name : throw new InvalidDataException("\"audio_filepath\" is no path");
            return new ManifestEntry(path, number, line, Path.Combine(folder, audio), needsText ? Text("text") : "", Number("offset") ?? 0, Number("duration"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or InvalidDataException or ArgumentException)
        {
            throw new InvalidDataException($"{path}:{number}: not a line of a manifest such as {{\"audio_filepath\": \"a.wav\", \"text\": \"one two\"}}: {e.Message}", e);
        }
    }
}
