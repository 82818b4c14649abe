namespace Parley.Models;

/// <summary>How windows of audio become tokens.</summary>
/// <param name="Language">Language code such as "en"; null: detected.</param>
/// <param name="Translate">Into English instead of transcribing.</param>
/// <param name="Timestamps">Whether the model produces time stamps; without them a window is one segment.</param>
/// <param name="Temperatures">Tried in order until a result passes the guards; 0 takes the likeliest tokens, above 0 draws them.</param>
/// <param name="BeamSize">Sequences searched side by side at temperature 0; 1 is greedy.</param>
/// <param name="Patience">The beam search ends with so many times the beam size of ended sequences.</param>
/// <param name="BestOf">Draws above temperature 0, of which the likeliest wins.</param>
/// <param name="LengthPenalty">Google's α between 0 and 1; null ranks by mean log-probability.</param>
/// <param name="MaxTokens">Most tokens a window; null: half of the decoder's positions.</param>
/// <param name="CompressionRatioThreshold">A text that deflates better than this is a loop and falls back; null: off.</param>
/// <param name="LogProbThreshold">A mean log-probability below this falls back; null: off.</param>
/// <param name="NoSpeechThreshold">Silence above this probability, unless the text is likely; null: off.</param>
/// <param name="ConditionOnPreviousText">Show the model the text so far; reset after a window that needed a temperature above 0.5.</param>
/// <param name="InitialPrompt">Text shown before the first window: names, spelling, style; null: none.</param>
/// <param name="CarryInitialPrompt">Show it before every window.</param>
/// <param name="WordTimestamps">Time every word by cross-attention and dynamic time warping; the model needs no time stamps for it.</param>
/// <param name="HallucinationSilence">With word times: skip silences longer than this many seconds around unlikely words; null: off.</param>
/// <param name="Clips">Stretches (start, end) in seconds to transcribe, end null: to the end; null: all.</param>
/// <param name="Suppress">Ids never produced; null: the checkpoint's.</param>
/// <param name="MaxInitialTimestamp">Latest first time stamp in seconds; null: the checkpoint's.</param>
/// <param name="Seed">Of the draws above temperature 0.</param>
public sealed record WhisperOptions(
    string? Language = null,
    bool Translate = false,
    bool Timestamps = true,
    IReadOnlyList<double>? Temperatures = null,
    int BeamSize = 1,
    double Patience = 1,
    int BestOf = 5,
    double? LengthPenalty = null,
    int? MaxTokens = null,
    double? CompressionRatioThreshold = 2.4,
    double? LogProbThreshold = -1,
    double? NoSpeechThreshold = 0.6,
    bool ConditionOnPreviousText = true,
    string? InitialPrompt = null,
    bool CarryInitialPrompt = false,
    bool WordTimestamps = false,
    double? HallucinationSilence = null,
    IReadOnlyList<(double Start, double? End)>? Clips = null,
    IReadOnlyList<int>? Suppress = null,
    double? MaxInitialTimestamp = null,
    int Seed = 0)
{
    /// <summary>The reference's ladder: 0, 0.2, … 1.</summary>
    public static IReadOnlyList<double> TemperatureLadder { get; } = [0, 0.2, 0.4, 0.6, 0.8, 1];

    /// <summary>The temperatures in use.</summary>
    public IReadOnlyList<double> Ladder => Temperatures ?? TemperatureLadder;

    /// <summary>Throws when settings are out of range or contradict each other.</summary>
    public void Validate()
    {
        if (Ladder.Count == 0 || Ladder.Any(t => t is not (>= 0 and <= 10)))
        {
            throw new ArgumentException($"temperatures [{string.Join(", ", Ladder)}] must be one or more numbers from 0 to 10");
        }

        Range("beam size", BeamSize, 1, 64);
        Range("best of", BestOf, 1, 64);
        Range("patience", Patience, 0.01, 100);
        Range("length penalty", LengthPenalty ?? 0, 0, 1);
        Range("most tokens", MaxTokens ?? 1, 1, 1 << 20);
        if (HallucinationSilence is not null && !WordTimestamps)
        {
            throw new ArgumentException("hallucination silence needs word timestamps");
        }

        if (CarryInitialPrompt && InitialPrompt is null)
        {
            throw new ArgumentException("carrying the initial prompt needs an initial prompt");
        }

        var last = 0.0;
        foreach (var (start, end) in Clips ?? [])
        {
            if (!(start >= last) || (end is { } e && !(e > start)))
            {
                throw new ArgumentException($"clips must be in order and end after their start; {start}..{end} is not");
            }

            last = end ?? double.PositiveInfinity;
        }
    }

    private static void Range(string name, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
        {
            throw new ArgumentException($"{name} {value} must be {least} to {most}");
        }
    }
}
