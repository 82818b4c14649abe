using System.Numerics;

namespace Parley.Audio;

/// <summary>Bluestein's chirp: a transform of any size as a circular convolution of a power of two.</summary>
internal sealed class Bluestein
{
    private readonly int _size;
    private readonly LaneFft _fft;
    private readonly float[] _chirpReal;
    private readonly float[] _chirpImaginary;
    private readonly float[] _kernelReal;
    private readonly float[] _kernelImaginary;

    public Bluestein(int size)
    {
        _size = size;
        var padded = (int)BitOperations.RoundUpToPowerOf2((uint)(2 * size - 1));
        _fft = new LaneFft(padded);
        (_chirpReal, _chirpImaginary) = (new float[size], new float[size]);
        var (kr, ki) = (new Vector<float>[padded], new Vector<float>[padded]);
        for (var t = 0; t < size; t++)
        {
            // exp(-pi i t^2 / size), with t^2 taken modulo 2 size to stay exact.
            (_chirpReal[t], _chirpImaginary[t]) = LaneFft.Root((long)t * t % (2L * size), 2L * size);
            kr[t] = kr[(padded - t) % padded] = new Vector<float>(_chirpReal[t]);
            ki[t] = ki[(padded - t) % padded] = new Vector<float>(-_chirpImaginary[t]);
        }

        _fft.Forward(kr, ki, new Vector<float>[_fft.ScratchSize]);
        _kernelReal = [.. kr.Select(v => v[0] / padded)];
        _kernelImaginary = [.. ki.Select(v => v[0] / padded)];
    }

    public int ScratchSize => 2 * _fft.Size + _fft.ScratchSize;

    public void Forward(Span<Vector<float>> real, Span<Vector<float>> imaginary, Span<Vector<float>> scratch)
    {
        var ar = scratch[.._fft.Size];
        var ai = scratch.Slice(_fft.Size, _fft.Size);
        var rest = scratch[(2 * _fft.Size)..];
        ar[_size..].Clear();
        ai[_size..].Clear();
        for (var t = 0; t < _size; t++)
        {
            (ar[t], ai[t]) = Multiply(real[t], imaginary[t], _chirpReal[t], _chirpImaginary[t]);
        }

        _fft.Forward(ar, ai, rest);
        for (var k = 0; k < ar.Length; k++)
        {
            (ar[k], ai[k]) = Multiply(ar[k], ai[k], _kernelReal[k], _kernelImaginary[k]);
        }

        // The parts swapped: the inverse.
        _fft.Forward(ai, ar, rest);
        for (var k = 0; k < _size; k++)
        {
            (real[k], imaginary[k]) = Multiply(ar[k], ai[k], _chirpReal[k], _chirpImaginary[k]);
        }
    }

    private static (Vector<float> Real, Vector<float> Imaginary) Multiply(Vector<float> r, Vector<float> i, float wr, float wi) =>
        (r * wr - i * wi, r * wi + i * wr);
}
