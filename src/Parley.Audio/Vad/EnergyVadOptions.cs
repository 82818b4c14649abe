namespace Parley.Audio;

/// <summary>The energy detector: decibels above the noise floor that count as surely speech, seconds around a frame that tell its floor, and the quietest level in dB of full scale that can be speech.</summary>
public sealed record EnergyVadOptions(double SpeechDecibels = 8, double FloorSeconds = 4, double QuietestDecibels = -75, SpeechSegmenterOptions? Segments = null);
