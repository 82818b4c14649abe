using System.IO.Compression;
using System.Text;
using Parley.Decoding;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

/// <summary>What one window said.</summary>
/// <param name="Tokens">Ids, time stamps included.</param>
/// <param name="Text">Their text.</param>
/// <param name="AverageLogProb">Mean log-probability per token.</param>
/// <param name="NoSpeechProb">Probability that nobody speaks.</param>
/// <param name="Temperature">At which it was found.</param>
/// <param name="CompressionRatio">UTF-8 bytes over deflated bytes.</param>
internal sealed record WindowResult(IReadOnlyList<int> Tokens, string Text, double AverageLogProb, double NoSpeechProb, double Temperature, double CompressionRatio)
{
    /// <summary>Whether the guards ask for the next temperature.</summary>
    public bool NeedsFallback(WhisperOptions options)
    {
        var unlikely = options.LogProbThreshold is { } likely && AverageLogProb < likely;
        var repeats = options.CompressionRatioThreshold is { } most && CompressionRatio > most;
        return (repeats || unlikely) && !(unlikely && NoSpeechProb > options.NoSpeechThreshold);
    }

    /// <summary>Whether the window is taken for silence.</summary>
    public bool IsSilence(WhisperOptions options) =>
        NoSpeechProb > options.NoSpeechThreshold && !(options.LogProbThreshold is { } likely && AverageLogProb > likely);
}

/// <summary>Decodes windows of features; several at once share every step.</summary>
internal sealed class WhisperWindowDecoder(Whisper model, WhisperVocabulary ids, WhisperTokenizer tokenizer)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The likeliest language of each window, with its probability.</summary>
    public (string Language, double Probability)[] DetectLanguage(Tensor features)
    {
        using var scope = new TensorScope();
        using var state = model.NewState(features);
        var starts = new int[state.Rows];
        Array.Fill(starts, ids.StartOfTranscript);
        var logits = model.Decoder.Step(new IntTensor(starts, [state.Rows, 1]), state).ToArray();
        return [.. logits.Chunk(model.Config.VocabSize).Select(row =>
        {
            LogMath.ThrowIfUnusable(row);
            var scores = ids.Languages.Select(l => row[l.Value]).ToArray();
            var best = ids.Languages.MaxBy(l => row[l.Value]);
            return (best.Key, Math.Exp(row[best.Value] - LogMath.LogSumExp(scores)));
        })];
    }

    /// <summary>Decodes at one temperature.</summary>
    /// <param name="features">[windows, time, dim].</param>
    /// <param name="at">First frame of each window in the recording; with the seed it decides the window's draws.</param>
    /// <param name="start">Start, language and task ids.</param>
    /// <param name="previous">Text ids shown before.</param>
    /// <param name="options">Search and rules.</param>
    /// <param name="temperature">0: search; above: draws.</param>
    /// <param name="cancel">Stops between steps.</param>
    public WindowResult[] Decode(
        Tensor features, IReadOnlyList<int> at, IReadOnlyList<int> start, IReadOnlyList<int> previous, WhisperOptions options, double temperature, CancellationToken cancel)
    {
        var positions = model.Config.TextPositions;
        var shown = previous.Count == 0 ? [] : previous.Skip(Math.Max(0, previous.Count - ((positions / 2) - 1))).Prepend(ids.StartOfPrevious);
        int[] prompt = [.. shown, .. start];
        var beams = temperature > 0 ? options.BestOf : options.BeamSize;
        var most = options.MaxTokens ?? positions / 2;

        using var scope = new TensorScope();
        using var state = model.NewState(features, beams);
        var tokens = new int[state.Rows * prompt.Length];
        for (var row = 0; row < state.Rows; row++)
        {
            prompt.CopyTo(tokens, row * prompt.Length);
        }

        // Silence is judged right after the start token, the first choice after the last.
        var startAt = prompt.Length - start.Count;
        var vocab = model.Config.VocabSize;
        var (logits, atStart) = First(state, new IntTensor(tokens, [state.Rows, prompt.Length]), startAt, vocab);
        var noSpeech = new double[state.Windows];
        for (var window = 0; window < noSpeech.Length; window++)
        {
            var row = atStart.AsSpan(window * beams * vocab, vocab);
            noSpeech[window] = Math.Exp(row[ids.NoSpeech] - LogMath.LogSumExp(row));
        }

        var steps = new WhisperSteps(model.Decoder, state, beams);
        var filters = Filters(options, timestamps: !start.Contains(ids.NoTimestamps));
        var found = beams > 1 && temperature == 0
            ? new PatientBeamSearch(ids.EndOfText, most, options.Patience).Run(steps, logits, filters, cancel)
            : new SamplingSearch(ids.EndOfText, most, temperature, options.Seed).Run(steps, logits, filters, at, features.Backend.Workers, cancel);
        return [.. found.Select((group, window) => Result(Hypothesis.Best(group, options.LengthPenalty), noSpeech[window], temperature))];
    }

    private (float[] Logits, float[] AtStart) First(WhisperState state, IntTensor prompt, int startAt, int vocab)
    {
        var last = prompt.Shape[1] - 1;
        using var scope = new TensorScope();
        var logits = model.Decoder.Step(prompt, state, startAt == last ? [last] : [startAt, last]);   // [rows, 1 or 2, vocabulary]
        return (logits.Slice(1, logits.Shape[1] - 1, logits.Shape[1]).ToArray(), logits.Slice(1, 0, 1).ToArray());
    }

    private List<ILogitFilter> Filters(WhisperOptions options, bool timestamps)
    {
        int[] never = [.. options.Suppress ?? ids.Suppressed, ids.StartOfTranscript, ids.Transcribe, ids.Translate, ids.StartOfPrevious, ids.StartOfLanguageModel, ids.NoSpeech];
        var filters = new List<ILogitFilter> { new SuppressTokens(ids.SuppressedFirst, firstOnly: true), new SuppressTokens(never) };
        if (timestamps)
        {
            var latest = options.MaxInitialTimestamp is { } seconds ? (int)Math.Round(seconds / WhisperVocabulary.SecondsPerStamp) : ids.MaxInitialTimestamp;
            filters.Add(new TimestampRules(ids.EndOfText, ids.NoTimestamps, ids.FirstTimestamp, latest));
        }

        return filters;
    }

    private WindowResult Result(Hypothesis best, double noSpeech, double temperature)
    {
        int[] text = [.. best.Tokens.Where(t => t < ids.EndOfText)];
        var said = tokenizer.Decode(text).Trim();
        return new WindowResult(best.Tokens, said, best.AverageLogProb, noSpeech, temperature, CompressionRatio(said));
    }

    /// <summary>UTF-8 bytes of a text over its zlib-deflated bytes.</summary>
    internal static double CompressionRatio(string text)
    {
        var bytes = Utf8.GetBytes(text);
        using var deflated = new MemoryStream();
        using (var zlib = new ZLibStream(deflated, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(bytes);
        }

        return (double)bytes.Length / Math.Max(deflated.Length, 8);
    }
}

/// <summary>A Whisper decoder as searches see it.</summary>
internal sealed class WhisperSteps(TextDecoder decoder, WhisperState state, int beams) : IStepModel
{
    public int Beams => beams;

    public int Groups => state.Windows;

    public int VocabSize => decoder.VocabSize;

    public int Room => decoder.Positions - state.Length;

    public void Step(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        using var scope = new TensorScope();
        decoder.Step(new IntTensor(tokens.ToArray(), [tokens.Length, 1]), state).Values.CopyTo(logits);
    }

    public void Reorder(ReadOnlySpan<int> sources) => state.Reorder(sources);

    public void KeepGroups(ReadOnlySpan<int> groups) => state.KeepWindows(groups);
}
