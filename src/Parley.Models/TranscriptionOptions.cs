using Parley.Audio;
using Parley.Decoding;

namespace Parley.Models;

/// <summary>How a recording is transcribed, whatever the model.</summary>
/// <param name="Whisper">What only Whisper has: language, task, search, guards; null: the defaults. CTC models refuse it.</param>
/// <param name="BatchSize">Windows decoded together; above 1 the recording is cut at silences first.</param>
/// <param name="Detector">Finds the speech; null: none for one window at a time, <see cref="EnergyVad"/> for batches.</param>
/// <param name="WordTimestamps">Time every word.</param>
/// <param name="SkipSpeechless">Without a detector: give no words for a recording that is silence or steady noise from end to end, instead of what the model makes of it.</param>
/// <param name="Ctc">Beam search of a CTC model, with a language model, hotwords or a lexicon; null: greedy. Whisper refuses it.</param>
public sealed record TranscriptionOptions(
    WhisperOptions? Whisper = null, int BatchSize = 1, IVoiceActivityDetector? Detector = null, bool WordTimestamps = false, bool SkipSpeechless = true,
    CtcDecodeOptions? Ctc = null)
{
    /// <summary>Throws when settings are out of range or contradict each other.</summary>
    public void Validate()
    {
        if (BatchSize is < 1 or > 256)
        {
            throw new ArgumentException($"batch size {BatchSize} must be 1 to 256");
        }

        if (Detector is not null && Whisper?.Clips is not null)
        {
            throw new ArgumentException("clips and a speech detector both say what is transcribed; give one of them");
        }

        if (BatchSize > 1 && Whisper is { HallucinationSilence: not null } or { CarryInitialPrompt: true })
        {
            throw new ArgumentException("batches do not go with hallucination silence or a carried prompt, which need the windows in order");
        }

        Whisper?.Validate();
        Ctc?.Validate();
    }
}
