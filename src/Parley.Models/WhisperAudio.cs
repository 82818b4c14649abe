using Parley.Audio;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>A recording as Whisper sees it: windows of log-mel frames, made when they are asked for, all measured against the recording's loudest frame.</summary>
internal sealed class WhisperAudio
{
    private const int Hop = 160;
    private const int Margin = 2;
    private const float Silence = -10;

    private readonly ReadOnlyMemory<float> _samples;
    private readonly WhisperLogMel _logMel;
    private readonly WhisperConfig _config;
    private readonly float _peak;

    public WhisperAudio(ReadOnlyMemory<float> samples, WhisperLogMel logMel, WhisperConfig config)
    {
        (_samples, _logMel, _config) = (samples, logMel, config);
        Frames = samples.Length / Hop;
        _peak = Peak();
    }

    /// <summary>Frames of 10 ms in the recording.</summary>
    public int Frames { get; }

    /// <summary>One window [1, mels, window]: frames from <paramref name="start"/> on, then silence.</summary>
    /// <remarks>Silence is what the front end makes of zeros, as in training; openai/whisper's transcribe() puts 0 there, which sounds like noise to a model.</remarks>
    public Tensor Window(int start, int frames, Backend backend)
    {
        frames = Math.Clamp(frames, 0, _config.WindowFrames);
        var values = new float[_config.MelBins * _config.WindowFrames];
        Array.Fill(values, Silence);
        if (frames > 0)
        {
            Raw(start, frames, (mel, row) => row.CopyTo(values.AsSpan(mel * _config.WindowFrames)));
        }

        WhisperLogMel.Normalize(values, _peak);
        return Tensor.From(values, [1, _config.MelBins, _config.WindowFrames], backend);
    }

    /// <summary>Calls <paramref name="use"/> with each mel's log10 energies [frames] of the recording, which silence follows.</summary>
    private void Raw(int start, int frames, MelAction use)
    {
        // A transform of 400 samples reaches two frames to each side; at the very start it mirrors, as the reference does.
        var lead = Math.Min(Margin, start);
        var from = Math.Min((start - lead) * Hop, _samples.Length);
        var length = (frames + lead + Margin) * Hop;
        var heard = _samples.Span.Slice(from, Math.Min(length, _samples.Length - from));
        var features = _logMel.LogMel(heard, length);
        for (var mel = 0; mel < _config.MelBins; mel++)
        {
            use(mel, features.Values.AsSpan((mel * features.Frames) + lead, frames));
        }
    }

    private float Peak()
    {
        // In pieces of a few seconds, so that little memory is in use at a time.
        const int piece = 500;
        var peak = Silence;
        for (var start = 0; start <= Frames; start += piece)
        {
            Raw(start, Math.Min(piece, Frames - start + Margin), (_, row) => peak = Math.Max(peak, WhisperLogMel.Largest(row)));
        }

        return peak;
    }

    private delegate void MelAction(int mel, ReadOnlySpan<float> frames);
}
