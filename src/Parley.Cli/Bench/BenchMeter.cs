using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Parley.Cli;

/// <summary>Times calls in turn, so that a disturbance falls on all of them, and prints a line each.</summary>
internal sealed class BenchMeter(Terminal terminal, int runs, string? only, bool json)
{
    private const double SampleSeconds = 0.1;

    private readonly Regex? _only = only is null ? null : new Regex(only, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    /// <summary>Whether any line has been printed.</summary>
    public bool Any { get; private set; }

    /// <summary>Whether a name is wanted.</summary>
    public bool Wants(string name) => _only?.IsMatch(name) ?? true;

    /// <summary>Times jobs; each is made only when its name is wanted, called twice to warm up, and then sampled.</summary>
    public void Run(IReadOnlyList<(string Name, Func<Action> Make)> jobs, int threads, CancellationToken cancel)
    {
        var chosen = jobs.Where(j => Wants(j.Name)).Select(j => new Job(j.Name, j.Make())).ToArray();
        foreach (var job in chosen)
        {
            // Twice around with pauses, so that the compiler's second look is over before it is timed.
            var inner = 1;
            for (var round = 0; round < 3; round++)
            {
                var seconds = job.Time(inner);
                inner = Math.Clamp((int)Math.Round(SampleSeconds / Math.Max(seconds, 1e-7)), 1, 1_000_000);
                Thread.Sleep(seconds < SampleSeconds ? 120 : 0);
                cancel.ThrowIfCancellationRequested();
            }

            job.Inner = inner;
        }

        for (var run = 0; run < runs; run++)
        {
            foreach (var job in chosen)
            {
                cancel.ThrowIfCancellationRequested();
                job.Sample();
            }
        }

        foreach (var job in chosen)
        {
            Print(job.Name, threads, job.Samples, job.Others, []);
        }
    }

    /// <summary>Prints a measurement in milliseconds with further numbers.</summary>
    public void Print(string name, int threads, IReadOnlyList<double> seconds, double? others, IReadOnlyList<(string Name, double Value)> extra)
    {
        Any = true;
        var sorted = seconds.Order().ToArray();
        var median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2 * 1e3;
        var least = sorted[0] * 1e3;
        if (!json)
        {
            var more = string.Concat(extra.Select(e => $"  {e.Name} {e.Value:0.##}"));
            terminal.Write($"{name,-32} {threads,2} threads  median {median,10:0.0000} ms  min {least,10:0.0000} ms{(others is > 0.1 ? $"  others {others:0.00}" : "")}{more}\n");
            return;
        }

        using var buffer = new MemoryStream();
        using (var line = new Utf8JsonWriter(buffer))
        {
            line.WriteStartObject();
            line.WriteString("name", name);
            line.WriteString("peer", "parley");
            line.WriteNumber("threads", threads);
            line.WriteNumber("median_ms", Math.Round(median, 4));
            line.WriteNumber("min_ms", Math.Round(least, 4));
            line.WriteNumber("n", sorted.Length);
            line.WritePropertyName("others");
            if (others is { } busy)
            {
                line.WriteNumberValue(Math.Round(busy, 2));
            }
            else
            {
                line.WriteNullValue();
            }

            foreach (var (key, value) in extra)
            {
                line.WriteNumber(key, Math.Round(value, 4));
            }

            line.WriteEndObject();
        }

        terminal.Write($"{System.Text.Encoding.UTF8.GetString(buffer.ToArray())}\n");
    }

    private sealed class Job(string name, Action call)
    {
        private double _foreign;
        private double _wall;

        public string Name => name;

        public int Inner { get; set; } = 1;

        public List<double> Samples { get; } = [];

        // The counters tick in 10 ms, so short measurements say nothing.
        public double? Others => _wall > 0.2 && ProcessorTime.All() is not null ? Math.Max(0, _foreign) / _wall : null;

        public double Time(int count)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < count; i++)
            {
                call();
            }

            return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
        }

        public void Sample()
        {
            var (all, own) = (ProcessorTime.All(), ProcessorTime.Own());
            var seconds = Time(Inner);
            _foreign += (ProcessorTime.All() ?? 0) - (all ?? 0) - (ProcessorTime.Own() - own);
            _wall += seconds * Inner;
            Samples.Add(seconds);
        }
    }
}
