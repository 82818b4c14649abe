using System.Diagnostics;
using Parley.Audio;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Two streams at once in real time, each on one core: how long after a chunk's last sample its words are there; and what a closed gate saves.</summary>
/// <param name="meter">Prints the measurements.</param>
/// <param name="seconds">Length of the streams.</param>
/// <param name="detector">What opens the gate.</param>
internal sealed class StreamBench(BenchMeter meter, int seconds, Func<IVoiceActivityStream> detector)
{
    private const int Streams = 2;

    /// <summary>Measures a model.</summary>
    public void Run(StreamingRecognizer recognizer, string name, CancellationToken cancel)
    {
        if (meter.Wants($"{name}-latency"))
        {
            Latency(recognizer, name, cancel);
        }

        if (meter.Wants($"{name}-silence"))
        {
            Silence(recognizer, name, cancel);
        }
    }

    private void Latency(StreamingRecognizer recognizer, string name, CancellationToken cancel)
    {
        Feed(recognizer, OpBenches.Noise(2 * SpeechRecognizer.SampleRate), gate: null, cancel);
        var chunk = (int)(recognizer.Latency.TotalSeconds * SpeechRecognizer.SampleRate);
        var samples = EndToEndBench.Syllables(seconds * SpeechRecognizer.SampleRate);
        var late = new double[Streams][];
        var busy = new double[Streams];
        using var ready = new Barrier(Streams);
        var threads = Enumerable.Range(0, Streams).Select(i => new Thread(() =>
        {
            using var session = recognizer.Start();
            late[i] = new double[samples.Length / chunk];
            ready.SignalAndWait(cancel);
            var start = Stopwatch.GetTimestamp();
            for (var k = 0; k < late[i].Length && !cancel.IsCancellationRequested; k++)
            {
                var spoken = (k + 1) * recognizer.Latency;
                if (spoken - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } wait)
                {
                    Thread.Sleep(wait);
                }

                var began = Stopwatch.GetTimestamp();
                session.Feed(samples.AsSpan(k * chunk, chunk), CancellationToken.None);
                busy[i] += Stopwatch.GetElapsedTime(began).TotalSeconds;
                late[i][k] = (Stopwatch.GetElapsedTime(start) - spoken).TotalSeconds;
            }
        })).ToArray();
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        cancel.ThrowIfCancellationRequested();
        double[] all = [.. late.SelectMany(l => l).Order()];
        meter.Print($"{name}-latency", Streams, all, null,
        [
            ("p95_ms", 1e3 * all[(int)(0.95 * all.Length)]), ("p99_ms", 1e3 * all[(int)(0.99 * all.Length)]), ("max_ms", 1e3 * all[^1]),
            ("chunk_ms", recognizer.Latency.TotalMilliseconds), ("compute_ms", 1e3 * busy.Sum() / all.Length),
        ]);
    }

    /// <summary>Faint noise, with the gate and without: processor time, and the share of it that the gate saves.</summary>
    private void Silence(StreamingRecognizer recognizer, string name, CancellationToken cancel)
    {
        float[] samples = [.. OpBenches.Noise(seconds * SpeechRecognizer.SampleRate).Select(v => 1e-3f * v)];
        var (open, gated) = (Feed(recognizer, samples, gate: null, cancel), Feed(recognizer, samples, detector, cancel));
        meter.Print($"{name}-silence", 1, [gated], null, [("without_gate_ms", 1e3 * open), ("saved", 1 - (gated / open)), ("audio_s", seconds)]);
    }

    private static double Feed(StreamingRecognizer recognizer, float[] samples, Func<IVoiceActivityStream>? gate, CancellationToken cancel)
    {
        using var session = recognizer.Start(new StreamingOptions(Gate: gate));
        var start = ProcessorTime.Own();
        session.Feed(samples, cancel);
        return ProcessorTime.Own() - start;
    }
}
