using Parley.Audio;

namespace Parley.Models;

/// <summary>Opens when somebody speaks and closes when nobody has for long enough.</summary>
internal sealed class StreamGate(IVoiceActivityStream detector, StreamingOptions options)
{
    private readonly float[] _window = new float[detector.Window];
    private readonly int _pause = (int)(options.Pause * SpeechRecognizer.SampleRate);
    private int _filled;
    private int _silent;

    /// <summary>Whether somebody speaks.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Hears what comes next.</summary>
    public void Hear(ReadOnlySpan<float> samples)
    {
        while (samples.Length > 0)
        {
            var count = Math.Min(samples.Length, _window.Length - _filled);
            samples[..count].CopyTo(_window.AsSpan(_filled));
            samples = samples[count..];
            _filled += count;
            if (_filled == _window.Length)
            {
                Judge(detector.Next(_window));
                _filled = 0;
            }
        }
    }

    private void Judge(float probability)
    {
        if (probability >= options.Threshold)
        {
            (IsOpen, _silent) = (true, 0);
        }
        else if (IsOpen && (probability < options.ExitThreshold || _silent > 0))
        {
            // Between the thresholds a pause goes on and none begins.
            _silent += _window.Length;
            IsOpen = _silent < _pause;
        }
    }
}
