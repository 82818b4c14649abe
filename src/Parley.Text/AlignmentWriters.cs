using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Parley.Text;

/// <summary>Writes alignments as Praat's TextGrid, NIST's CTM and JSON.</summary>
public static class AlignmentWriters
{
    /// <summary>
    /// A long TextGrid of two interval tiers, words and what they are made of, that cover the recording without gaps: where nothing is said the text
    /// is empty (Praat's manual, "TextGrid file formats").
    /// </summary>
    public static void WriteTextGrid(TextWriter writer, AlignedText alignment)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(alignment);
        var end = Seconds(alignment.Duration);
        writer.Write($"File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = {end}\ntiers? <exists>\nsize = 2\nitem []:\n");
        Tier(writer, 1, "words", end, Tiled(alignment.Words.Select(w => (w.Text, w.Start, w.End)), alignment.Duration));
        Tier(writer, 2, alignment.UnitName, end, Tiled(alignment.Words.SelectMany(w => w.Units).Select(u => (u.Text, u.Start, u.End)), alignment.Duration));
    }

    /// <summary>A line for each word: recording, channel, start, duration, word and its probability where the model has one (NIST's time-marked conversation format).</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="alignment">What.</param>
    /// <param name="recording">Name of the recording; blanks in it become underlines.</param>
    public static void WriteCtm(TextWriter writer, AlignedText alignment, string recording)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(alignment);
        ArgumentException.ThrowIfNullOrEmpty(recording);
        var name = string.Concat(recording.Select(c => char.IsWhiteSpace(c) || char.IsControl(c) ? '_' : c));
        foreach (var word in alignment.Words)
        {
            var sure = word.Probability is { } p ? FormattableString.Invariant($" {p:0.000}") : "";
            writer.Write(FormattableString.Invariant($"{name} 1 {word.Start.TotalSeconds:0.000} {(word.End - word.Start).TotalSeconds:0.000} {word.Text}{sure}\n"));
        }
    }

    /// <summary>One object with <c>duration</c>, <c>log_prob</c> and <c>words</c>; a word has <c>word</c>, <c>line</c>, <c>start</c>, <c>end</c> in seconds, <c>probability</c> or null, and its <c>units</c>.</summary>
    public static string ToJson(AlignedText alignment)
    {
        ArgumentNullException.ThrowIfNull(alignment);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("duration", Rounded(alignment.Duration));
            json.WriteNumber("log_prob", Math.Round(alignment.LogProb, 4));
            json.WriteString("unit_name", alignment.UnitName);
            json.WriteStartArray("words");
            foreach (var word in alignment.Words)
            {
                json.WriteStartObject();
                json.WriteString("word", word.Text);
                json.WriteNumber("line", word.Line);
                Span(json, word.Start, word.End, word.Probability);
                json.WriteStartArray("units");
                foreach (var unit in word.Units)
                {
                    json.WriteStartObject();
                    json.WriteString("unit", unit.Text);
                    Span(json, unit.Start, unit.End, unit.Probability);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Span(Utf8JsonWriter json, TimeSpan start, TimeSpan end, double? probability)
    {
        json.WriteNumber("start", Rounded(start));
        json.WriteNumber("end", Rounded(end));
        if (probability is { } p)
        {
            json.WriteNumber("probability", Math.Round(p, 4));
        }
        else
        {
            json.WriteNull("probability");
        }
    }

    private static void Tier(TextWriter writer, int number, string name, string end, List<(string Text, TimeSpan Start, TimeSpan End)> intervals)
    {
        writer.Write($"    item [{number}]:\n        class = \"IntervalTier\"\n        name = \"{name}\"\n        xmin = 0\n        xmax = {end}\n        intervals: size = {intervals.Count}\n");
        for (var i = 0; i < intervals.Count; i++)
        {
            var (text, start, stop) = intervals[i];
            writer.Write($"        intervals [{i + 1}]:\n            xmin = {Seconds(start)}\n            xmax = {Seconds(stop)}\n            text = \"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"\n");
        }
    }

    private static List<(string Text, TimeSpan Start, TimeSpan End)> Tiled(IEnumerable<(string Text, TimeSpan Start, TimeSpan End)> spans, TimeSpan duration)
    {
        List<(string Text, TimeSpan Start, TimeSpan End)> tiled = [];
        var at = TimeSpan.Zero;
        foreach (var (text, start, end) in spans)
        {
            // The last frame may reach a little over the end of the recording.
            var stop = end < duration ? end : duration;
            if (start > at)
            {
                tiled.Add(("", at, start));
            }

            if (stop > start)
            {
                tiled.Add((text, start, stop));
                at = stop;
            }
        }

        if (duration > at)
        {
            tiled.Add(("", at, duration));
        }

        return tiled;
    }

    private static double Rounded(TimeSpan time) => Math.Round(time.TotalSeconds, 4);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture);
}
