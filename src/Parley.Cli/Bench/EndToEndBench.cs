using System.Diagnostics;
using Parley.Models;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Cli;

/// <summary>A whole recording through a checkpoint: load, time, real-time factor and peak memory: one window after another, the same with the text so far shown before each window as transcription does by default, and in batches.</summary>
/// <param name="meter">Prints the measurements.</param>
/// <param name="length">Seconds of the recording.</param>
/// <param name="batch">Windows decoded together.</param>
/// <param name="precision">Format of the weight matrices; null: as stored.</param>
/// <param name="tokens">Tokens that Whisper decodes a window; null: the default.</param>
internal sealed class EndToEndBench(BenchMeter meter, int length, int batch, WeightFormat? precision, int? tokens)
{
    private const int RandomTokens = 100;
    private const int Loads = 3;

    /// <summary>Measures a checkpoint and prints a line for each thing.</summary>
    public void Run(string path, string name, int threads, bool isRandom, CancellationToken cancel)
    {
        var suffix = ModelBenches.Suffix(precision);
        (string Name, int Batch, bool Conditioned)[] ways = [.. new[]
        {
            ($"{name}-{length}s-sequential{suffix}", 1, false),
            ($"{name}-{length}s-sequential-conditioned{suffix}", 1, true),
            ($"{name}-{length}s-batched{suffix}", batch, false),
        }.Where(w => meter.Wants(w.Item1))];
        if (meter.Wants($"{name}-load{suffix}"))
        {
            meter.Print($"{name}-load{suffix}", threads, [.. Enumerable.Range(0, Loads).Select(_ => Load(path, threads))], null, []);
        }

        if (ways.Length == 0)
        {
            return;
        }

        using var recognizer = SpeechRecognizer.Load(path, precision, threads);
        var samples = Syllables(length * SpeechRecognizer.SampleRate);
        var whisper = recognizer.ModelType == "whisper" && (tokens ?? (isRandom ? RandomTokens : null)) is { } count ? Exactly(path, count) : null;
        foreach (var (full, size, conditioned) in ways)
        {
            if (conditioned && recognizer.ModelType != "whisper")
            {
                continue;
            }

            ProcessorTime.ResetPeak();
            var began = Stopwatch.GetTimestamp();
            var transcript = recognizer.Transcribe(samples, new TranscriptionOptions(whisper is null ? null : whisper with { ConditionOnPreviousText = conditioned }, size), cancel: cancel);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            meter.Print(full, threads, [seconds], null, [("rtfx", length / seconds), ("peak_mib", ProcessorTime.PeakMebibytes()), ("tokens", transcript.Segments.Sum(s => s.Tokens.Count))]);
        }
    }

    private double Load(string path, int threads)
    {
        var start = Stopwatch.GetTimestamp();
        using var recognizer = SpeechRecognizer.Load(path, precision, threads);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>So many text tokens in every window, whatever the weights say: the end and all other special tokens are forbidden.</summary>
    private static WhisperOptions Exactly(string path, int count)
    {
        if (!Directory.Exists(path))
        {
            throw new ArgumentException($"--tokens needs a model folder; {path} is none");
        }

        var tokenizer = WhisperTokenizer.Load(path);
        return new WhisperOptions(
            Language: tokenizer.LanguageTokens.Count > 0 ? "en" : null,
            Temperatures: [0],
            MaxTokens: count,
            Timestamps: false,
            CompressionRatioThreshold: null,
            LogProbThreshold: null,
            NoSpeechThreshold: null,
            Suppress: [.. Enumerable.Range(tokenizer.Eot, tokenizer.VocabSize - tokenizer.Eot)]);
    }

    /// <summary>Bursts of noise with the rhythm of speech: syllables, and a pause now and then.</summary>
    internal static float[] Syllables(int count)
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
