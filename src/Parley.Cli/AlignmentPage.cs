using System.Net;
using System.Text;
using Parley.Text;

namespace Parley.Cli;

/// <summary>An alignment as an HTML page: the waveform in rows of some seconds, with words and what they are made of beneath; nothing is loaded from elsewhere.</summary>
internal static class AlignmentPage
{
    private const double RowSeconds = 8;
    private const double Width = 1200;
    private const double Left = 4;
    private const double WaveHeight = 96;
    private const double WordTop = WaveHeight + 8;
    private const double UnitTop = WordTop + 48;
    private const double Height = UnitTop + 44;
    private const double LetterWidth = 7.5;

    /// <summary>Writes the page.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="alignment">Words with times.</param>
    /// <param name="samples">The recording, mono, ±1.</param>
    /// <param name="rate">Samples a second.</param>
    /// <param name="name">Its name.</param>
    public static void Write(TextWriter writer, AlignedText alignment, ReadOnlySpan<float> samples, int rate, string name)
    {
        writer.Write($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(name)} – Parley alignment</title>
            <style>{Style}</style></head><body><main>
            <h1>{Text(name)}</h1>
            <p>{FormattableString.Invariant($"{alignment.Duration.TotalSeconds:0.00} s, {alignment.Words.Count} words")}; above the words, beneath their {Text(alignment.UnitName)}.</p>

            """);

        // The loudest sample fills the row, so that quiet recordings can be seen too.
        var peak = 1e-6f;
        foreach (var sample in samples)
        {
            peak = Math.Max(peak, Math.Abs(sample));
        }

        for (var start = 0.0; start < alignment.Duration.TotalSeconds; start += RowSeconds)
        {
            Row(writer, alignment, samples, rate, peak, start);
        }

        writer.Write("</main></body></html>\n");
    }

    private static void Row(TextWriter writer, AlignedText alignment, ReadOnlySpan<float> samples, int rate, float peak, double start)
    {
        double X(double seconds) => Left + ((Width - (2 * Left)) * Math.Clamp((seconds - start) / RowSeconds, 0, 1));
        var row = new StringBuilder();
        row.Append(Invariant($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{start:0} to {start + RowSeconds:0} seconds\">"));
        for (var second = 0; second <= RowSeconds; second++)
        {
            row.Append(Invariant($"<line class=\"grid\" x1=\"{X(start + second):0.#}\" x2=\"{X(start + second):0.#}\" y1=\"0\" y2=\"{UnitTop + 24}\"/>"));
            row.Append(Invariant($"<text class=\"tick\" text-anchor=\"{(second == 0 ? "start" : second == RowSeconds ? "end" : "middle")}\" x=\"{X(start + second):0.#}\" y=\"{Height - 4}\">{start + second:0} s</text>"));
        }

        Wave(row, samples, rate, peak, start);
        var (words, free) = (alignment.Words.Where(w => Overlaps(w.Start, w.End, start)), new double[2]);
        foreach (var (index, word) in words.Index())
        {
            // Narrow words have their names in two levels, so that neighbours do not cover each other.
            var (x, wide) = (X(word.Start.TotalSeconds), X(word.End.TotalSeconds) - X(word.Start.TotalSeconds));
            var level = free[0] <= x ? 0 : 1;
            row.Append(Invariant($"<rect class=\"word w{index % 2}\" x=\"{x:0.##}\" y=\"0\" width=\"{Math.Max(1, wide):0.##}\" height=\"{WaveHeight}\"><title>{Title(word.Text, word.Start, word.End, word.Probability)}</title></rect>"));
            row.Append(Invariant($"<line class=\"mark\" x1=\"{x:0.##}\" x2=\"{x:0.##}\" y1=\"{WaveHeight}\" y2=\"{WordTop + 4 + (20 * level)}\"/>"));
            row.Append(Invariant($"<text class=\"name\" x=\"{x + 2:0.##}\" y=\"{WordTop + 12 + (20 * level)}\">{Text(word.Text)}</text>"));
            free[level] = x + 6 + (LetterWidth * word.Text.Length);
        }

        var last = 0.0;
        foreach (var unit in alignment.Words.SelectMany(w => w.Units).Where(u => Overlaps(u.Start, u.End, start)))
        {
            var (x, wide) = (X(unit.Start.TotalSeconds), X(unit.End.TotalSeconds) - X(unit.Start.TotalSeconds));
            row.Append(Invariant($"<rect class=\"unit\" x=\"{x:0.##}\" y=\"{UnitTop}\" width=\"{Math.Max(1, wide - 0.5):0.##}\" height=\"20\"><title>{Title(unit.Text, unit.Start, unit.End, unit.Probability)}</title></rect>"));
            if (x >= last)
            {
                row.Append(Invariant($"<text class=\"part\" x=\"{x + 2:0.##}\" y=\"{UnitTop + 14}\">{Text(unit.Text)}</text>"));
                last = x + 2 + (LetterWidth * unit.Text.Length);
            }
        }

        writer.Write($"{row}</svg>\n");
    }

    // The lowest and highest sample of each column.
    private static void Wave(StringBuilder row, ReadOnlySpan<float> samples, int rate, float peak, double start)
    {
        row.Append("<path class=\"wave\" d=\"");
        var (columns, each) = ((int)(Width - (2 * Left)), RowSeconds / (Width - (2 * Left)));
        for (var column = 0; column < columns; column++)
        {
            var from = (int)((start + (column * each)) * rate);
            if (from >= samples.Length)
            {
                break;
            }

            var to = Math.Min(samples.Length, Math.Max(from + 1, (int)((start + ((column + 1) * each)) * rate)));
            var (low, high) = (0f, 0f);
            foreach (var sample in samples[from..to])
            {
                (low, high) = (Math.Min(low, sample), Math.Max(high, sample));
            }

            row.Append(Invariant($"M{Left + column:0.#} {(WaveHeight / 2) * (1 - (high / peak)):0.#}V{((WaveHeight / 2) * (1 - (low / peak))) + 0.5:0.#}"));
        }

        row.Append("\"/>");
    }

    private static bool Overlaps(TimeSpan start, TimeSpan end, double row) => end.TotalSeconds > row && start.TotalSeconds < row + RowSeconds;

    private static string Title(string text, TimeSpan start, TimeSpan end, double? probability) =>
        Text(text) + Invariant($" {start.TotalSeconds:0.000} to {end.TotalSeconds:0.000} s") + (probability is { } p ? Invariant($", probability {p:0.000}") : "");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private const string Style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --soft: #667080; --paper: #ffffff; --card: #f5f6f8; --grid: #dfe3e8; --a: #2f6fde; --b: #d1495b; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #9aa3af; --paper: #14171b; --card: #1e2228; --grid: #333a43; --a: #7aa7ff; --b: #ff8b98; } }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; } main { max-width: 1280px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 28px; margin: 0; } p { color: var(--soft); margin: 4px 0 16px; } svg { width: 100%; height: auto; display: block; background: var(--card); border-radius: 8px; margin: 0 0 12px; }
        .grid { stroke: var(--grid); } .tick { fill: var(--soft); font-size: 12px; } .wave { stroke: var(--ink); stroke-width: 1; } .word { opacity: 0.22; } .w0 { fill: var(--a); } .w1 { fill: var(--b); }
        .mark { stroke: var(--soft); } .name { fill: var(--ink); font-size: 14px; } .unit { fill: var(--a); opacity: 0.25; } .part { fill: var(--ink); font-size: 12px; }
        """;
}
