using System.Numerics.Tensors;

namespace Parley.Decoding;

/// <summary>Whisper's grammar of time stamps: they come in pairs, never go back, open the text, and win when together they are likelier than any word.</summary>
/// <remarks>Radford et al. 2022 §4.5; rules as in openai/whisper:whisper/decoding.py, ApplyTimestampRules.</remarks>
/// <param name="endOfText">Id of the end-of-text token; text ids are below it.</param>
/// <param name="noTimestamps">Id of the token that switches time stamps off.</param>
/// <param name="first">Id of the stamp 0.00; all ids from it on are stamps.</param>
/// <param name="maxInitial">Largest first stamp, in steps of 0.02 s; null: any.</param>
public sealed class TimestampRules(int endOfText, int noTimestamps, int first, int? maxInitial) : ILogitFilter
{
    /// <inheritdoc/>
    public void Apply(Span<float> logits, ReadOnlySpan<int> tokens)
    {
        var stamps = logits[first..];
        logits[noTimestamps] = float.NegativeInfinity;
        var lastIsStamp = tokens.Length >= 1 && tokens[^1] >= first;
        var closesPair = tokens.Length < 2 || tokens[^2] >= first;
        if (lastIsStamp)
        {
            // After a pair comes text; after a single stamp its partner or the end.
            (closesPair ? stamps : logits[..endOfText]).Fill(float.NegativeInfinity);
        }

        var latest = tokens.LastIndexOfAnyInRange(first, int.MaxValue);
        if (latest >= 0)
        {
            // The partner that opens the next segment may repeat the stamp; any other must be later.
            var smallest = tokens[latest] - first + (lastIsStamp && !closesPair ? 0 : 1);
            stamps[..Math.Min(smallest, stamps.Length)].Fill(float.NegativeInfinity);
        }

        if (tokens.Length == 0)
        {
            logits[..first].Fill(float.NegativeInfinity);
            if (maxInitial is { } most && most + 1 < stamps.Length)
            {
                stamps[(most + 1)..].Fill(float.NegativeInfinity);
            }
        }

        // The sum of all stamps against the best word; the common normaliser cancels.
        var bestWord = TensorPrimitives.Max(logits[..first]);
        if (LogMath.LogSumExp(stamps) > bestWord)
        {
            logits[..first].Fill(float.NegativeInfinity);
        }
    }
}
