using System.Globalization;
using System.Net;
using System.Text;

namespace Parley.Training;

/// <summary>A run as one HTML page: curves, error rates and samples, nothing loaded from elsewhere.</summary>
public static class RunReport
{
    private static readonly string[] s_colours = ["var(--a)", "var(--b)", "var(--c)", "var(--d)"];

    /// <summary>Writes the page of a run's folder.</summary>
    public static string Html(string folder)
    {
        var metrics = RunMetrics.Read(folder);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var html = new StringBuilder();
        html.Append($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(name)} – Parley training run</title>
            <style>{Style}</style></head><body><main>
            <h1>{Text(name)}</h1>
            """);
        Summary(html, metrics);
        html.Append("<div class=\"charts\">");
        Chart(html, "Loss", [("each logged step", Points(metrics.Steps, s => s.Loss), true), ("running average", Smooth(Points(metrics.Steps, s => s.Loss)), false)], percent: false);
        Chart(html, "Word error rate", Rates(metrics), percent: true);
        Chart(html, "Learning rate", [("learning rate", Points(metrics.Steps, s => s.Rate), false)], percent: false);
        Chart(html, "Gradient norm before clipping", [("each logged step", Points(metrics.Steps, s => s.GradientNorm), true), ("running average", Smooth(Points(metrics.Steps, s => s.GradientNorm)), false)], percent: false);
        html.Append("</div>");
        Samples(html, metrics);
        Configuration(html, folder);
        return html.Append("</main></body></html>\n").ToString();
    }

    private static void Summary(StringBuilder html, RunMetrics metrics)
    {
        html.Append("<dl class=\"summary\">");
        void Item(string term, string value) => html.Append($"<div><dt>{Text(term)}</dt><dd>{Text(value)}</dd></div>");
        if (metrics.Steps is [.., var last])
        {
            Item("steps", $"{last.Step}");
            Item("epochs", $"{last.Epoch + 1}");
            Item("last loss", Number(last.Loss));
            Item("audio per second", $"{last.Speed.ToString("0.0", CultureInfo.InvariantCulture)} s");
        }

        foreach (var group in metrics.Validations.GroupBy(v => v.Manifest))
        {
            var best = group.MinBy(v => v.WordErrorRate)!;
            Item($"best word error rate, {Label(group.Key)}", $"{Percent(best.WordErrorRate)} at step {best.Step}");
        }

        html.Append("</dl>");
    }

    private static List<(string, List<(double, double)>, bool)> Rates(RunMetrics metrics) =>
        [.. metrics.Validations.GroupBy(v => v.Manifest).Select(g => (Label(g.Key), g.Select(v => ((double)v.Step, v.WordErrorRate)).ToList(), false))];

    private static void Chart(StringBuilder html, string title, List<(string Name, List<(double X, double Y)> Points, bool IsFaint)> lines, bool percent)
    {
        var all = lines.SelectMany(l => l.Points).Where(p => double.IsFinite(p.Y)).ToArray();
        html.Append($"<figure><figcaption>{Text(title)}</figcaption>");
        if (all.Length == 0)
        {
            html.Append("<p class=\"none\">nothing logged yet</p></figure>");
            return;
        }

        const double width = 560, height = 240, left = 56, right = 24, top = 10, bottom = 30;
        var (maxX, maxY) = (Math.Max(1, all.Max(p => p.X)), Ceiling(Math.Max(1e-12, all.Max(p => p.Y))));
        double X(double x) => left + ((width - left - right) * x / maxX);
        double Y(double y) => height - bottom - ((height - top - bottom) * Math.Min(y, maxY) / maxY);
        html.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{Text(title)} by step\">");
        for (var i = 0; i <= 4; i++)
        {
            var (x, y) = (maxX * i / 4, maxY * i / 4);
            html.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{left}\" x2=\"{width - right}\" y1=\"{Y(y):0.#}\" y2=\"{Y(y):0.#}\"/>");
            html.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" text-anchor=\"end\" x=\"{left - 6}\" y=\"{Y(y) + 4:0.#}\">{(percent ? Percent(y) : Number(y))}</text>");
            html.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" text-anchor=\"middle\" x=\"{X(x):0.#}\" y=\"{height - 10}\">{x:0}</text>");
        }

        for (var i = 0; i < lines.Count; i++)
        {
            var points = string.Join(' ', Thin(lines[i].Points).Where(p => double.IsFinite(p.Y)).Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.X):0.#},{Y(p.Y):0.#}")));
            html.Append($"<polyline class=\"{(lines[i].IsFaint ? "faint" : "line")}\" style=\"stroke:{s_colours[i % s_colours.Length]}\" points=\"{points}\"/>");
        }

        html.Append("</svg><ul class=\"legend\">");
        for (var i = 0; i < lines.Count && lines.Count > 1; i++)
        {
            html.Append($"<li><span style=\"background:{s_colours[i % s_colours.Length]}\"></span>{Text(lines[i].Name)}</li>");
        }

        html.Append("</ul></figure>");
    }

    private static void Samples(StringBuilder html, RunMetrics metrics)
    {
        foreach (var group in metrics.Validations.GroupBy(v => v.Manifest))
        {
            var last = group.Last();
            html.Append($"<h2>{Text(Label(group.Key))} at step {last.Step}: {Percent(last.WordErrorRate)} of words, {Percent(last.CharacterErrorRate)} of characters wrong</h2>");
            html.Append("<table><thead><tr><th>said</th><th>recognised</th></tr></thead><tbody>");
            foreach (var (reference, hypothesis) in last.Samples)
            {
                html.Append($"<tr><td>{Text(reference)}</td><td class=\"{(reference == hypothesis ? "right" : "wrong")}\">{(hypothesis.Length == 0 ? "<i>nothing</i>" : Text(hypothesis))}</td></tr>");
            }

            html.Append("</tbody></table>");
        }
    }

    private static void Configuration(StringBuilder html, string folder)
    {
        var path = Path.Combine(folder, "config.json");
        if (File.Exists(path))
        {
            html.Append($"<details><summary>Configuration</summary><pre>{Text(File.ReadAllText(path))}</pre></details>");
        }
    }

    private static List<(double, double)> Points(IReadOnlyList<StepReport> steps, Func<StepReport, double> value) => [.. steps.Select(s => ((double)s.Step, value(s)))];

    private static List<(double, double)> Smooth(List<(double X, double Y)> points)
    {
        var (average, weight) = (0.0, 0.0);
        return [.. points.Where(p => double.IsFinite(p.Y)).Select(p =>
        {
            (average, weight) = ((0.9 * average) + (0.1 * p.Y), (0.9 * weight) + 0.1);
            return (p.X, average / weight);
        })];
    }

    /// <summary>At most some hundreds of points: more cannot be seen.</summary>
    private static IEnumerable<(double X, double Y)> Thin(List<(double X, double Y)> points)
    {
        var step = Math.Max(1, points.Count / 600);
        return points.Where((_, i) => i % step == 0 || i == points.Count - 1);
    }

    /// <summary>The next 1, 2, 2.5 or 5 times a power of ten, so that quarters are short numbers.</summary>
    private static double Ceiling(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return ((double[])[1, 2, 2.5, 4, 5, 8, 10]).First(f => f * power >= value * 0.999) * power;
    }

    private static string Label(string manifest) => $"{Path.GetFileName(Path.GetDirectoryName(manifest))}/{Path.GetFileName(manifest)}";

    private static string Percent(double fraction) => (100 * fraction).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string Number(double value) => value.ToString(Math.Abs(value) is >= 0.001 and < 10000 or 0 ? "0.####" : "0.##e0", CultureInfo.InvariantCulture);

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private const string Style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --soft: #667080; --paper: #ffffff; --card: #f5f6f8; --grid: #dfe3e8; --a: #2f6fde; --b: #d1495b; --c: #2a9d6f; --d: #b07d12; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #9aa3af; --paper: #14171b; --card: #1e2228; --grid: #333a43; --a: #7aa7ff; --b: #ff8b98; --c: #6fd3a8; --d: #e5b94e; } }
        * { box-sizing: border-box; } body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 24px 16px 64px; } h1 { font-size: 28px; margin: 0 0 16px; } h2 { font-size: 18px; margin: 32px 0 8px; }
        .summary { display: flex; flex-wrap: wrap; gap: 8px; margin: 0 0 24px; } .summary div { background: var(--card); border-radius: 8px; padding: 8px 14px; }
        dt { color: var(--soft); font-size: 13px; } dd { margin: 0; font-size: 18px; font-variant-numeric: tabular-nums; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px; } figure { margin: 0; background: var(--card); border-radius: 8px; padding: 12px; break-inside: avoid; }
        figcaption { font-weight: 600; margin: 0 0 4px 4px; } svg { width: 100%; height: auto; display: block; } .grid { stroke: var(--grid); } .tick { fill: var(--soft); font-size: 12px; }
        .line { fill: none; stroke-width: 2; } .faint { fill: none; stroke-width: 1; opacity: 0.35; } .legend { display: flex; gap: 16px; list-style: none; margin: 4px 0 0; padding: 0 4px; color: var(--soft); font-size: 13px; }
        .legend span { display: inline-block; width: 12px; height: 3px; margin-right: 6px; vertical-align: middle; } .none { color: var(--soft); padding: 32px; text-align: center; }
        table { width: 100%; border-collapse: collapse; } th { text-align: left; color: var(--soft); font-weight: 500; } th, td { padding: 6px 8px; border-bottom: 1px solid var(--grid); vertical-align: top; width: 50%; }
        .wrong { color: var(--b); } .right { color: var(--c); } details { margin-top: 32px; } pre { background: var(--card); border-radius: 8px; padding: 12px; overflow-x: auto; font-size: 13px; }
        """;
}
