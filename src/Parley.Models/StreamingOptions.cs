using Parley.Audio;
using Parley.Decoding;

namespace Parley.Models;

/// <summary>How a stream is heard: what the gate lets pass, when an utterance ends, how symbols are searched.</summary>
/// <param name="Gate">Makes the speech detector of a stream, without which the model hears everything; null: no gate.</param>
/// <param name="Threshold">Probability of speech that opens the gate.</param>
/// <param name="ExitThreshold">Probability below which a pause begins.</param>
/// <param name="Pause">Seconds of a pause that close the gate and end the utterance.</param>
/// <param name="PreRoll">Seconds before the gate opened that the model hears too, so that the first sound is not cut.</param>
/// <param name="NoMoreWords">Seconds without a symbol, after words, that end the utterance whatever the gate says.</param>
/// <param name="MaxUtterance">Seconds after which an utterance ends in its next short pause, and a quarter longer after which it ends anyway.</param>
/// <param name="Decode">Beam search with a language model or hotwords; null: greedy.</param>
/// <param name="Agreement">Best readings, one a chunk, that must agree for a beginning to be confirmed.</param>
/// <remarks>Thresholds as in snakers4/silero-vad:src/silero_vad/utils_vad.py; the rules are a choice from those of kaldi-asr/kaldi:src/online2/online-endpoint.h.</remarks>
public sealed record StreamingOptions(
    Func<IVoiceActivityStream>? Gate = null,
    float Threshold = 0.5f,
    float ExitThreshold = 0.35f,
    double Pause = 0.5,
    double PreRoll = 0.24,
    double NoMoreWords = 1,
    double MaxUtterance = 20,
    CtcDecodeOptions? Decode = null,
    int Agreement = 3)
{
    /// <summary>Throws, naming the setting, when settings are out of range.</summary>
    public void Validate()
    {
        if (!(ExitThreshold > 0 && ExitThreshold <= Threshold && Threshold < 1))
        {
            throw new ArgumentException($"stream: the exit threshold {ExitThreshold} and the threshold {Threshold} must lie between 0 and 1 in this order");
        }

        foreach (var (name, seconds, least, most) in (ReadOnlySpan<(string, double, double, double)>)
            [("pause", Pause, 0.05, 60), ("pre-roll", PreRoll, 0, 5), ("time without words", NoMoreWords, 0.1, 60), ("longest utterance", MaxUtterance, 1, 600)])
        {
            if (!(seconds >= least && seconds <= most))
            {
                throw new ArgumentException($"stream: a {name} of {seconds} s; {least} to {most} are possible");
            }
        }

        if (Agreement is < 1 or > 100)
        {
            throw new ArgumentException($"stream: an agreement of {Agreement} readings; 1 to 100 are possible");
        }

        Decode?.Validate();
    }
}
