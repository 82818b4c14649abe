using System.Text.Json;

namespace Parley.Training;

/// <summary>metrics.jsonl: one line for each report. What a resumed run had written after its checkpoint is cut off first, so that no step appears twice.</summary>
internal sealed class MetricsLog : IDisposable
{
    private readonly FileStream _file;

    internal MetricsLog(string path, long keep)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        _file.SetLength(Math.Min(keep, _file.Length));
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Bytes written, on the disk.</summary>
    internal long Flush()
    {
        _file.Flush(flushToDisk: true);
        return _file.Length;
    }

    internal void Write(StepReport report) => Line(json =>
    {
        json.WriteString("kind", "step");
        json.WriteNumber("step", report.Step);
        json.WriteNumber("epoch", report.Epoch);
        json.WriteNumber("loss", report.Loss);
        json.WriteNumber("rate", report.Rate);
        json.WriteNumber("gradientNorm", report.GradientNorm);
        json.WriteNumber("audioSeconds", Math.Round(report.AudioSeconds, 3));
        json.WriteNumber("speed", Math.Round(report.Speed, 2));
    });

    internal void Write(ValidationReport report) => Line(json =>
    {
        json.WriteString("kind", "validation");
        json.WriteNumber("step", report.Step);
        json.WriteString("manifest", report.Manifest);
        json.WriteNumber("wer", report.WordErrorRate);
        json.WriteNumber("cer", report.CharacterErrorRate);
        json.WriteNumber("utterances", report.Utterances);
        json.WriteBoolean("best", report.IsBest);
        json.WriteStartArray("samples");
        foreach (var (reference, hypothesis) in report.Samples)
        {
            json.WriteStartObject();
            json.WriteString("reference", reference);
            json.WriteString("hypothesis", hypothesis);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Line(Action<Utf8JsonWriter> write)
    {
        using (var json = new Utf8JsonWriter(_file))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        _file.WriteByte((byte)'\n');
        _file.Flush();
    }
}
