using System.Diagnostics;
using Parley.Models;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>A whole recording through a checkpoint: time, real-time factor and peak memory, one window after another and in batches.</summary>
internal static class EndToEndBench
{
    private const int Batch = 8;

    /// <summary>Measures a checkpoint and prints one line for each way.</summary>
    public static void Run(BenchMeter meter, string path, string name, int length, int threads, WeightFormat? precision, int? tokens, CancellationToken cancel)
    {
        var suffix = precision is { } p && p != WeightFormat.Float32 ? $"-{p.ToString().ToLowerInvariant()}" : "";
        if (!meter.Wants($"{name}-{length}s-sequential{suffix}") && !meter.Wants($"{name}-{length}s-batched{suffix}"))
        {
            return;
        }

        var start = Stopwatch.GetTimestamp();
        using var recognizer = SpeechRecognizer.Load(path, precision, threads);
        meter.Print($"{name}-load{suffix}", threads, [Stopwatch.GetElapsedTime(start).TotalSeconds], null, []);
        var samples = Syllables(length * SpeechRecognizer.SampleRate);
        var whisper = recognizer.ModelType == "whisper" && tokens is { } most
            ? new WhisperOptions(Language: "en", Temperatures: [0], MaxTokens: most, Timestamps: false, CompressionRatioThreshold: null, LogProbThreshold: null, NoSpeechThreshold: null, ConditionOnPreviousText: false)
            : null;
        foreach (var (way, batch) in new[] { ("sequential", 1), ("batched", Batch) })
        {
            var full = $"{name}-{length}s-{way}{suffix}";
            if (!meter.Wants(full))
            {
                continue;
            }

            ProcessorTime.ResetPeak();
            var began = Stopwatch.GetTimestamp();
            var transcript = recognizer.Transcribe(samples, new TranscriptionOptions(whisper, batch), cancel: cancel);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            meter.Print(full, threads, [seconds], null, [("rtfx", length / seconds), ("peak_mib", ProcessorTime.PeakMebibytes()), ("tokens", transcript.Segments.Sum(s => s.Tokens.Count))]);
        }
    }

    /// <summary>Bursts of noise with the rhythm of speech: syllables, and a pause now and then.</summary>
    private static float[] Syllables(int count)
    {
        var samples = OpBenches.Noise(count);
        for (var i = 0; i < count; i++)
        {
            var t = (double)i / SpeechRecognizer.SampleRate;
            var speaks = t % 7 < 6;
            samples[i] *= speaks ? (float)(0.1 * Math.Pow(Math.Sin(Math.PI * 4 * t), 2)) : 1e-4f;
        }

        return samples;
    }
}
