using System.Text.Json;

namespace Parley.Training;

/// <summary>What a run has written about itself.</summary>
/// <param name="Steps">Steps that were logged, in order.</param>
/// <param name="Validations">Validations, in order.</param>
public sealed record RunMetrics(IReadOnlyList<StepReport> Steps, IReadOnlyList<ValidationReport> Validations)
{
    /// <summary>Reads the metrics.jsonl of a run's folder; a last line that is not whole yet is left out.</summary>
    /// <exception cref="InvalidDataException">A line is no report; says which.</exception>
    public static RunMetrics Read(string folder)
    {
        var path = Path.Combine(folder, "metrics.jsonl");
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: no such file; give the folder of a training run");
        }

        List<StepReport> steps = [];
        List<ValidationReport> validations = [];
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            try
            {
                using var json = JsonDocument.Parse(line);
                Add(json.RootElement, steps, validations);
            }
            catch (JsonException) when (reader.Peek() < 0)
            {
                break;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
            {
                throw new InvalidDataException($"{path}:{number}: not a line of a run's metrics: {e.Message}", e);
            }
        }

        return new RunMetrics(steps, validations);
    }

    private static void Add(JsonElement json, List<StepReport> steps, List<ValidationReport> validations)
    {
        double Number(string name) => json.GetProperty(name).GetDouble();
        var step = json.GetProperty("step").GetInt64();
        switch (json.GetProperty("kind").GetString())
        {
            case "step":
                steps.Add(new StepReport(step, json.GetProperty("epoch").GetInt32(), Number("loss"), Number("rate"), Number("gradientNorm"), Number("audioSeconds"), Number("speed"), default));
                break;
            case "validation":
                var samples = json.GetProperty("samples").EnumerateArray().Select(s => (s.GetProperty("reference").GetString() ?? "", s.GetProperty("hypothesis").GetString() ?? ""));
                validations.Add(new ValidationReport(
                    step, json.GetProperty("manifest").GetString() ?? "", Number("wer"), Number("cer"), json.GetProperty("utterances").GetInt32(), [.. samples], json.GetProperty("best").GetBoolean()));
                break;
            default:
                throw new FormatException($"kind {json.GetProperty("kind")}");
        }
    }
}
