using Parley.Audio;

namespace Parley.Models;

/// <summary>Tells recordings in which nobody can be speaking: silence, and steady noise. Models were not trained on such, and hear words in them.</summary>
/// <remarks>
/// Stricter than the detectors that cut recordings: what rises 4 dB over its surroundings for a quarter of a second passes, and so does any sound
/// too short to know its own noise floor.
/// </remarks>
internal static class SpeechGate
{
    // 75 dB below full scale, as the energy detector has it: six steps of a 16-bit sample.
    private const float Quietest = 1.8e-4f;

    private const int Shortest = 4 * SpeechRecognizer.SampleRate;
    private const int Piece = 60 * SpeechRecognizer.SampleRate;

    private static readonly EnergyVad Detector = new(new EnergyVadOptions(SpeechDecibels: 5));

    /// <summary>Whether the options leave this recording out.</summary>
    public static bool Skips(TranscriptionOptions options, ReadOnlyMemory<float> samples) =>
        options is { Detector: null, SkipSpeechless: true } && !MayHaveSpeech(samples.Span);

    /// <summary>Whether a model should look at 16 kHz samples at all; ends at the first minute that has something.</summary>
    public static bool MayHaveSpeech(ReadOnlySpan<float> samples)
    {
        if (!samples.ContainsAnyExceptInRange(-Quietest, Quietest))
        {
            return false;
        }

        if (samples.Length < Shortest)
        {
            return true;
        }

        for (var start = 0; start < samples.Length; start += Piece)
        {
            // The last piece is a whole one too where there is one: a floor wants seconds around it.
            var from = Math.Clamp(samples.Length - Piece, 0, start);
            if (Detector.Detect(samples.Slice(from, Math.Min(Piece, samples.Length - from))).Count > 0)
            {
                return true;
            }
        }

        return false;
    }
}
