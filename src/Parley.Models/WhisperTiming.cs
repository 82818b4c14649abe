using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;
using Parley.Text;

namespace Parley.Models;

/// <summary>A word while its times are being worked out, in seconds from the window's start.</summary>
internal sealed class TimedWord(string text, int tokens, double start, double end, double probability)
{
    public string Text { get; set; } = text;

    public int Tokens { get; set; } = tokens;

    public double Start { get; set; } = start;

    public double End { get; set; } = end;

    public double Probability { get; } = probability;
}

/// <summary>When each word was said: the audio that the decoder attends to while it writes the word, by dynamic time warping.</summary>
/// <remarks>Follows openai/whisper:whisper/timing.py, find_alignment and merge_punctuations.</remarks>
internal sealed class WhisperTiming(Whisper model, WhisperVocabulary ids, WhisperTokenizer tokenizer)
{
    private const string Opening = "\"'“¿([{-";
    private const string Closing = "\"'.。,，!！?？:：”)]}、";

    /// <summary>Times the words of one window.</summary>
    /// <param name="features">[1, time, dim].</param>
    /// <param name="start">Start, language and task ids.</param>
    /// <param name="text">Text ids without time stamps.</param>
    /// <param name="language">Decides how words are split.</param>
    /// <param name="frames">Mel frames that hold the recording; the rest of the window is padding.</param>
    public List<TimedWord> Align(Tensor features, IReadOnlyList<int> start, IReadOnlyList<int> text, string language, int frames)
    {
        var room = model.Config.TextPositions - start.Count - 2;
        if (text.Count == 0 || frames < 2)
        {
            return [];
        }

        text = [.. text.Take(room)];
        var (cost, steps, probabilities) = Attend(features, [.. start.Where(t => t != ids.NoTimestamps)], text, frames);
        double[] begins = [.. AttentionAlignment.Starts(cost, text.Count + 1, steps).Select(step => step * WhisperVocabulary.SecondsPerStamp)];
        var words = new List<TimedWord>();
        var token = 0;
        foreach (var word in tokenizer.SplitToWordTokens([.. text], language))
        {
            var next = token + word.Tokens.Count;
            var probability = probabilities.AsSpan(token, next - token).ToArray().DefaultIfEmpty(0).Average();
            words.Add(new TimedWord(word.Word, word.Tokens.Count, begins[token], begins[next], probability));
            token = next;
        }

        return words;
    }

    /// <summary>Joins punctuation to the words it belongs to; what was joined is left empty.</summary>
    public static void MergePunctuation(List<TimedWord> words)
    {
        for (int i = words.Count - 2, j = words.Count - 1; i >= 0; i--)
        {
            var (previous, following) = (words[i], words[j]);
            if (previous.Text.StartsWith(' ') && Opening.Contains(previous.Text.Trim(), StringComparison.Ordinal))
            {
                (following.Text, following.Tokens) = (previous.Text + following.Text, previous.Tokens + following.Tokens);
                (previous.Text, previous.Tokens) = ("", 0);
            }
            else
            {
                j = i;
            }
        }

        for (int i = 0, j = 1; j < words.Count; j++)
        {
            var (previous, following) = (words[i], words[j]);
            if (!previous.Text.EndsWith(' ') && Closing.Contains(following.Text, StringComparison.Ordinal))
            {
                (previous.Text, previous.Tokens) = (previous.Text + following.Text, previous.Tokens + following.Tokens);
                (following.Text, following.Tokens) = ("", 0);
            }
            else
            {
                i = j;
            }
        }
    }

    /// <summary>Smoothed cost [text + 1, steps] and the probability of each text token.</summary>
    private (float[] Cost, int Steps, float[] Probabilities) Attend(Tensor features, int[] start, IReadOnlyList<int> text, int frames)
    {
        using var scope = new TensorScope();
        using var state = model.NewState(features);
        int[] tokens = [.. start, ids.NoTimestamps, .. text, ids.EndOfText];
        var heads = ids.AlignmentHeads.Select(h => $"cross_attention_{h.Layer}").ToHashSet();
        var taps = new Taps(heads.Contains);
        var logits = model.Decoder.Step(new IntTensor(tokens, [1, tokens.Length]), state, [.. Enumerable.Range(start.Length, text.Count)], taps);
        var probabilities = Probabilities(logits.Values, text);

        var time = features.Shape[1];
        var steps = Math.Min(frames / 2, time);
        var attention = ids.AlignmentHeads.Select(h => taps.TryGet($"cross_attention_{h.Layer}", out var tapped)
            ? tapped.Values.AsMemory(h.Head * tokens.Length * time, tokens.Length * time)
            : throw new InvalidOperationException($"the decoder gave no attention for layer {h.Layer}"));
        var cost = AttentionAlignment.Cost([.. attention.Select(m => (ReadOnlyMemory<float>)m)], tokens.Length, time, steps, model.Config.MedianFilterWidth, renormalise: true);

        // Row i tells what comes after token i: from "no time stamps", which the first word follows, to the last word.
        return (cost.AsSpan(start.Length * steps, (text.Count + 1) * steps).ToArray(), steps, probabilities);
    }

    private float[] Probabilities(ReadOnlySpan<float> logits, IReadOnlyList<int> text)
    {
        var vocab = model.Config.VocabSize;
        var probabilities = new float[text.Count];
        for (var i = 0; i < text.Count; i++)
        {
            var row = logits.Slice(i * vocab, ids.EndOfText);
            probabilities[i] = MathF.Exp(row[text[i]] - LogMath.LogSumExp(row));
        }

        return probabilities;
    }
}
