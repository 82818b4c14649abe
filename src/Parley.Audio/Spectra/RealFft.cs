using System.Numerics;

namespace Parley.Audio;

/// <summary>The Fourier transform of one real signal of any size, and its inverse.</summary>
/// <remarks>For many frames of one signal use <see cref="Stft"/>, which transforms several at once.</remarks>
public sealed class RealFft(int size)
{
    private readonly LaneRealFft _fft = new(size);

    /// <summary>Samples that go in.</summary>
    public int Size => _fft.Size;

    /// <summary>Frequencies that come out: Size / 2 + 1.</summary>
    public int Bins => _fft.Bins;

    /// <summary>Real and imaginary parts [Bins] of a signal [Size]; not scaled.</summary>
    public void Forward(ReadOnlySpan<float> x, Span<float> real, Span<float> imaginary)
    {
        Check(x.Length, real.Length, imaginary.Length);
        var (signal, re, im) = (new Vector<float>[Size], new Vector<float>[Bins], new Vector<float>[Bins]);
        for (var t = 0; t < signal.Length; t++)
        {
            signal[t] = new Vector<float>(x[t]);
        }

        _fft.Forward(signal, re, im, new Vector<float>[_fft.ScratchSize]);
        for (var k = 0; k < re.Length; k++)
        {
            (real[k], imaginary[k]) = (re[k][0], im[k][0]);
        }
    }

    /// <summary>The signal [Size] of a spectrum [Bins]; undoes <see cref="Forward"/>.</summary>
    public void Inverse(ReadOnlySpan<float> real, ReadOnlySpan<float> imaginary, Span<float> x)
    {
        Check(x.Length, real.Length, imaginary.Length);
        var (signal, re, im) = (new Vector<float>[Size], new Vector<float>[Bins], new Vector<float>[Bins]);
        for (var k = 0; k < re.Length; k++)
        {
            (re[k], im[k]) = (new Vector<float>(real[k]), new Vector<float>(imaginary[k]));
        }

        _fft.Inverse(re, im, signal, new Vector<float>[_fft.ScratchSize]);
        for (var t = 0; t < signal.Length; t++)
        {
            x[t] = signal[t][0];
        }
    }

    private void Check(int samples, int real, int imaginary)
    {
        if (samples != Size || real != Bins || imaginary != Bins)
        {
            throw new ArgumentException($"fft: {samples} samples and {real} and {imaginary} bins do not fit a size of {Size} with {Bins} bins");
        }
    }
}
