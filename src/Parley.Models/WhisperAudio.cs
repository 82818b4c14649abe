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
        var heard = frames > 0 ? Raw(start, frames) : [];
        for (var mel = 0; mel < _config.MelBins; mel++)
        {
            heard.AsSpan(mel * frames, frames).CopyTo(values.AsSpan(mel * _config.WindowFrames));
        }

        WhisperLogMel.Normalize(values, _peak);
        return Tensor.From(values, [1, _config.MelBins, _config.WindowFrames], backend);
    }

    /// <summary>log10 energies [mels, frames] of the recording, followed by silence.</summary>
    private float[] Raw(int start, int frames)
    {
        // A transform of 400 samples reaches two frames to each side; at the very start it mirrors, as the reference does.
        var lead = Math.Min(Margin, start);
        var from = Math.Min((start - lead) * Hop, _samples.Length);
        var length = (frames + lead + Margin) * Hop;
        var heard = _samples.Span.Slice(from, Math.Min(length, _samples.Length - from));
        var features = _logMel.LogMel(heard, length);
        var values = new float[_config.MelBins * frames];
        for (var mel = 0; mel < _config.MelBins; mel++)
        {
            features.Values.AsSpan((mel * features.Frames) + lead, frames).CopyTo(values.AsSpan(mel * frames, frames));
        }

        return values;
    }

    private float Peak()
    {
        var peak = Silence;
        for (var start = 0; start <= Frames; start += _config.WindowFrames)
        {
            peak = Math.Max(peak, WhisperLogMel.Largest(Raw(start, Math.Min(_config.WindowFrames, Frames - start + Margin))));
        }

        return peak;
    }
}
