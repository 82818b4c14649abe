using System.Numerics;

namespace Parley.Audio;

/// <summary>The short-time Fourier transform of a signal, its power, and its inverse.</summary>
public sealed class Stft
{
    private readonly StftOptions _options;
    private readonly LaneRealFft _fft;

    // The window in the middle of the transform [FftSize].
    private readonly float[] _window;

    /// <summary>Prepares the window and the transform.</summary>
    public Stft(StftOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.HopLength < 1 || options.WindowLength < 1 || options.WindowLength > options.FftSize)
        {
            throw new ArgumentException($"stft: hop {options.HopLength}, window {options.WindowLength} and transform {options.FftSize}; the hop and the window are at least 1 and the window fits the transform", nameof(options));
        }

        _options = options;
        _fft = new LaneRealFft(options.FftSize);
        _window = new float[options.FftSize];
        Windows.Make(options.Window, options.WindowLength, options.Periodic).CopyTo(_window, (options.FftSize - options.WindowLength) / 2);
    }

    /// <summary>Frequencies: FftSize / 2 + 1.</summary>
    public int Bins => _fft.Bins;

    /// <summary>Samples that a centred frame reaches over the beginning.</summary>
    private int Margin => _options.Centered ? _options.FftSize / 2 : 0;

    /// <summary>Frames of a signal of so many samples.</summary>
    public int Frames(int samples)
    {
        var padded = samples + 2L * Margin;
        return samples == 0 || padded < _options.FftSize ? 0 : (int)(1 + (padded - _options.FftSize) / _options.HopLength);
    }

    /// <summary>Real and imaginary parts [bins, frames] of a signal.</summary>
    public Spectrogram Forward(ReadOnlySpan<float> samples)
    {
        var frames = Frames(samples.Length);
        var result = new Spectrogram(new float[Bins * frames], new float[Bins * frames], Bins, frames);
        var work = new Workspace(this);
        for (var first = 0; first < frames; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            Cut(samples, samples.Length, first, count, work);
            _fft.Forward(work.Frame, work.Real, work.Imaginary, work.Scratch);
            for (var k = 0; k < Bins; k++)
            {
                for (var lane = 0; lane < count; lane++)
                {
                    result.Real[k * frames + first + lane] = work.Real[k][lane];
                    result.Imaginary[k * frames + first + lane] = work.Imaginary[k][lane];
                }
            }
        }

        return result;
    }

    /// <summary>Squared magnitudes [bins, frames] of a signal.</summary>
    public FeatureMatrix Power(ReadOnlySpan<float> samples)
    {
        var frames = Frames(samples.Length);
        var values = new float[Bins * frames];
        var work = new Workspace(this);
        for (var first = 0; first < frames; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            Power(samples, samples.Length, first, count, work);
            FeatureMatrix.StoreBinsFirst(work.Real, values, frames, first, count);
        }

        return new FeatureMatrix(values, frames, Bins, FeatureLayout.BinsFirst);
    }

    /// <summary>The signal of so many samples whose spectrogram this is: overlapping windowed frames added and divided by the sum of squared windows.</summary>
    /// <remarks>Griffin and Lim 1984. Where no window reaches, the signal is 0.</remarks>
    public float[] Inverse(Spectrogram spectrogram, int samples)
    {
        ArgumentNullException.ThrowIfNull(spectrogram);
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        var frames = spectrogram.Frames;
        if (spectrogram.Bins != Bins || spectrogram.Real.Length != Bins * frames || spectrogram.Imaginary.Length != Bins * frames)
        {
            throw new ArgumentException($"istft: a spectrogram [{spectrogram.Bins}, {frames}] does not fit a transform of {_options.FftSize} with {Bins} bins", nameof(spectrogram));
        }

        var (sum, weight) = (new float[samples], new float[samples]);
        var work = new Workspace(this);
        for (var f = 0; f < frames; f++)
        {
            for (var k = 0; k < Bins; k++)
            {
                work.Real[k] = new Vector<float>(spectrogram.Real[k * frames + f]);
                work.Imaginary[k] = new Vector<float>(spectrogram.Imaginary[k * frames + f]);
            }

            _fft.Inverse(work.Real, work.Imaginary, work.Frame, work.Scratch);
            var start = (long)f * _options.HopLength - Margin;
            for (var t = (int)Math.Max(0, -start); t < _window.Length && start + t < samples; t++)
            {
                sum[start + t] += work.Frame[t][0] * _window[t];
                weight[start + t] += _window[t] * _window[t];
            }
        }

        for (var t = 0; t < samples; t++)
        {
            sum[t] = weight[t] > 1e-11f ? sum[t] / weight[t] : 0;
        }

        return sum;
    }

    /// <summary>Squared magnitudes of some frames into the workspace's real part, a lane each; the signal counts as zero from its end to total.</summary>
    internal void Power(ReadOnlySpan<float> samples, long total, int first, int count, Workspace work)
    {
        Cut(samples, total, first, count, work);
        _fft.Power(work.Frame, work.Real, work.Scratch);
    }

    private void Cut(ReadOnlySpan<float> samples, long total, int first, int count, Workspace work)
    {
        LaneFrames.Fill(samples, total, (long)first * _options.HopLength - Margin, _options.HopLength, _options.FftSize, count, _options.Pad, work.Frame, work.Edge);
        var frame = work.Frame;
        for (var t = 0; t < frame.Length && t < _window.Length; t++)
        {
            frame[t] *= _window[t];
        }
    }

    /// <summary>Memory for some frames at once; one for each thread.</summary>
    internal sealed class Workspace(Stft stft)
    {
        public Vector<float>[] Frame { get; } = new Vector<float>[stft._options.FftSize];

        public Vector<float>[] Real { get; } = new Vector<float>[stft.Bins];

        public Vector<float>[] Imaginary { get; } = new Vector<float>[stft.Bins];

        public Vector<float>[] Scratch { get; } = new Vector<float>[stft._fft.ScratchSize];

        public float[] Edge { get; } = new float[stft._options.FftSize];
    }
}
