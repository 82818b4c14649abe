using System.Text.Json;

namespace Parley.Text;

/// <summary>Writes transcripts as text, subtitles, tables and JSON.</summary>
/// <remarks>The formats of openai/whisper whisper/utils.py at v20250625.</remarks>
public static class TranscriptWriters
{
    /// <summary>The file extension of a format, without the dot.</summary>
    public static string Extension(TranscriptFormat format) => format switch
    {
        TranscriptFormat.Text => "txt",
        TranscriptFormat.Srt => "srt",
        TranscriptFormat.Vtt => "vtt",
        TranscriptFormat.Tsv => "tsv",
        TranscriptFormat.Json => "json",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "no such transcript format"),
    };

    /// <summary>Writes a transcript in a format.</summary>
    public static void Write(TextWriter writer, Transcript transcript, TranscriptFormat format, TranscriptWriterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(transcript);
        options ??= TranscriptWriterOptions.Default;
        switch (format)
        {
            case TranscriptFormat.Text:
                foreach (var segment in transcript.Segments)
                {
                    writer.Write($"{segment.Text.Trim()}\n");
                }

                break;
            case TranscriptFormat.Srt:
                var number = 0;
                foreach (var (start, end, text) in SubtitleLayout.Arrange(transcript.Segments, options))
                {
                    writer.Write($"{++number}\n{Srt(start)} --> {Srt(end)}\n{text}\n\n");
                }

                break;
            case TranscriptFormat.Vtt:
                writer.Write("WEBVTT\n\n");
                foreach (var (start, end, text) in SubtitleLayout.Arrange(transcript.Segments, options))
                {
                    writer.Write($"{Vtt(start)} --> {Vtt(end)}\n{text}\n\n");
                }

                break;
            case TranscriptFormat.Tsv:
                writer.Write("start\tend\ttext\n");
                foreach (var segment in transcript.Segments)
                {
                    writer.Write($"{Milliseconds(segment.Start)}\t{Milliseconds(segment.End)}\t{segment.Text.Trim().Replace('\t', ' ')}\n");
                }

                break;
            case TranscriptFormat.Json:
                writer.Write(ToJson(transcript));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "no such transcript format");
        }
    }

    /// <summary>A time as 01:02.345, with hours in front where there are any or where they are asked for.</summary>
    public static string FormatTimestamp(TimeSpan time, bool alwaysHours = false, char decimalMarker = '.')
    {
        var total = Milliseconds(time);
        ArgumentOutOfRangeException.ThrowIfNegative(total, nameof(time));
        var hours = total / 3_600_000;
        var front = alwaysHours || hours > 0 ? $"{hours:00}:" : "";
        return $"{front}{total / 60_000 % 60:00}:{total / 1000 % 60:00}{decimalMarker}{total % 1000:000}";
    }

    private static string Srt(TimeSpan time) => FormatTimestamp(time, alwaysHours: true, decimalMarker: ',');

    private static string Vtt(TimeSpan time) => FormatTimestamp(time);

    private static long Milliseconds(TimeSpan time) => (long)Math.Round(time.TotalMilliseconds, MidpointRounding.ToEven);

    private static string ToJson(Transcript transcript)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("text", transcript.Text);
            json.WriteStartArray("segments");
            foreach (var segment in transcript.Segments)
            {
                WriteSegment(json, segment);
            }

            json.WriteEndArray();
            json.WriteString("language", transcript.Language);
            json.WriteNumber("duration", Seconds(transcript.Duration));
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void WriteSegment(Utf8JsonWriter json, TranscriptSegment segment)
    {
        json.WriteStartObject();
        json.WriteNumber("id", segment.Id);
        json.WriteNumber("seek", segment.Seek);
        json.WriteNumber("start", Seconds(segment.Start));
        json.WriteNumber("end", Seconds(segment.End));
        json.WriteString("text", segment.Text);
        json.WriteStartArray("tokens");
        foreach (var token in segment.Tokens)
        {
            json.WriteNumberValue(token);
        }

        json.WriteEndArray();
        WriteFinite(json, "temperature", segment.Temperature);
        WriteFinite(json, "avg_logprob", segment.AverageLogProb);
        WriteFinite(json, "compression_ratio", segment.CompressionRatio);
        WriteFinite(json, "no_speech_prob", segment.NoSpeechProb);
        if (segment.Words is { } words)
        {
            json.WriteStartArray("words");
            foreach (var word in words)
            {
                json.WriteStartObject();
                json.WriteString("word", word.Text);
                json.WriteNumber("start", Seconds(word.Start));
                json.WriteNumber("end", Seconds(word.End));
                WriteFinite(json, "probability", word.Probability);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    // JSON has no infinities; null says that there is no number.
    private static void WriteFinite(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);
}
