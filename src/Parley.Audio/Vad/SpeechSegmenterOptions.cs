namespace Parley.Audio;

/// <summary>How probabilities of speech become segments: entry and exit thresholds, shortest speech and silence, padding, longest segment, all times in milliseconds.</summary>
/// <remarks>Defaults as in snakers4/silero-vad:src/silero_vad/utils_vad.py.</remarks>
public sealed record SpeechSegmenterOptions(
    float Threshold = 0.5f,
    float ExitThreshold = 0.35f,
    double MinSpeechMilliseconds = 250,
    double MinSilenceMilliseconds = 100,
    double PadMilliseconds = 30,
    double MaxSpeechMilliseconds = double.PositiveInfinity);
