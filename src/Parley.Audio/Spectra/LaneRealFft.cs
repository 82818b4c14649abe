using System.Numerics;

namespace Parley.Audio;

/// <summary>Fourier transforms of several real signals at once, one in each lane: an even size runs as a complex transform of half the size.</summary>
internal sealed class LaneRealFft
{
    private readonly LaneFft _fft;
    private readonly float[] _cos;
    private readonly float[] _sin;

    public LaneRealFft(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 1 << 24);
        Size = size;
        _fft = new LaneFft(Packed ? size / 2 : size);
        (_cos, _sin) = (new float[Bins], new float[Bins]);
        for (var k = 0; k < Bins; k++)
        {
            (_cos[k], _sin[k]) = LaneFft.Root(k, size);
        }
    }

    public int Size { get; }

    public int Bins => Size / 2 + 1;

    /// <summary>Vectors of scratch that the transforms want.</summary>
    public int ScratchSize => _fft.ScratchSize + 2 * _fft.Size;

    private bool Packed => Size % 2 == 0;

    /// <summary>Spectrum [Bins] of real signals [Size].</summary>
    public void Forward(ReadOnlySpan<Vector<float>> x, Span<Vector<float>> real, Span<Vector<float>> imaginary, Span<Vector<float>> scratch)
    {
        var zr = scratch[.._fft.Size];
        var zi = scratch.Slice(_fft.Size, _fft.Size);
        Transform(x, zr, zi, scratch[(2 * _fft.Size)..]);
        if (!Packed)
        {
            zr[..Bins].CopyTo(real);
            zi[..Bins].CopyTo(imaginary);
            return;
        }

        var half = new Vector<float>(0.5f);
        (real[0], imaginary[0]) = (zr[0] + zi[0], Vector<float>.Zero);
        (real[^1], imaginary[^1]) = (zr[0] - zi[0], Vector<float>.Zero);
        for (int k = 1, j = _fft.Size - 1; k <= j; k++, j--)
        {
            var (er, ei, or, oi) = Split(zr[k], zi[k], zr[j], zi[j], _cos[k], _sin[k]);
            (real[k], imaginary[k]) = ((er + or) * half, (ei + oi) * half);
            (real[j], imaginary[j]) = ((er - or) * half, (oi - ei) * half);
        }
    }

    /// <summary>Squared magnitudes [Bins] of real signals [Size].</summary>
    public void Power(ReadOnlySpan<Vector<float>> x, Span<Vector<float>> power, Span<Vector<float>> scratch)
    {
        var zr = scratch[.._fft.Size];
        var zi = scratch.Slice(_fft.Size, _fft.Size);
        Transform(x, zr, zi, scratch[(2 * _fft.Size)..]);
        power = power[..Bins];
        if (!Packed)
        {
            for (var k = 0; k < power.Length; k++)
            {
                power[k] = Vector.MultiplyAddEstimate(zr[k], zr[k], zi[k] * zi[k]);
            }

            return;
        }

        var quarter = new Vector<float>(0.25f);
        power[0] = (zr[0] + zi[0]) * (zr[0] + zi[0]);
        power[^1] = (zr[0] - zi[0]) * (zr[0] - zi[0]);
        for (int k = 1, j = _fft.Size - 1; k <= j; k++, j--)
        {
            var (er, ei, or, oi) = Split(zr[k], zi[k], zr[j], zi[j], _cos[k], _sin[k]);
            var (ar, ai, br, bi) = (er + or, ei + oi, er - or, ei - oi);
            power[k] = Vector.MultiplyAddEstimate(ar, ar, ai * ai) * quarter;
            power[j] = Vector.MultiplyAddEstimate(br, br, bi * bi) * quarter;
        }
    }

    /// <summary>Real signals [Size] of a spectrum [Bins].</summary>
    public void Inverse(ReadOnlySpan<Vector<float>> real, ReadOnlySpan<Vector<float>> imaginary, Span<Vector<float>> x, Span<Vector<float>> scratch)
    {
        var n = _fft.Size;
        var zr = scratch[..n];
        var zi = scratch.Slice(n, n);
        var scale = new Vector<float>(1f / Size);
        for (var k = 0; k < n; k++)
        {
            if (Packed)
            {
                // Even part plus i times the odd part, turned back.
                var j = n - k;
                var (er, ei) = (real[k] + real[j], (k == 0 ? Vector<float>.Zero : imaginary[k]) - (k == 0 ? Vector<float>.Zero : imaginary[j]));
                var (dr, di) = (real[k] - real[j], k == 0 ? Vector<float>.Zero : imaginary[k] + imaginary[j]);
                var (or, oi) = (dr * _cos[k] + di * _sin[k], di * _cos[k] - dr * _sin[k]);
                (zr[k], zi[k]) = ((er - oi) * scale, (ei + or) * scale);
            }
            else
            {
                var mirrored = k < Bins ? k : n - k;
                var sign = k == 0 ? 0f : k < Bins ? 1f : -1f;
                (zr[k], zi[k]) = (real[mirrored] * scale, imaginary[mirrored] * (sign * scale[0]));
            }
        }

        // The parts swapped: the inverse.
        _fft.Forward(zi, zr, scratch[(2 * n)..]);
        for (var t = 0; t < n; t++)
        {
            if (Packed)
            {
                (x[2 * t], x[2 * t + 1]) = (zr[t], zi[t]);
            }
            else
            {
                x[t] = zr[t];
            }
        }
    }

    // Twice the even part of z, and twice the odd part turned by the twiddle.
    private static (Vector<float> Er, Vector<float> Ei, Vector<float> Or, Vector<float> Oi) Split(
        Vector<float> ar, Vector<float> ai, Vector<float> br, Vector<float> bi, float cos, float sin)
    {
        var (er, ei) = (ar + br, ai - bi);
        var (dr, di) = (ai + bi, br - ar);
        var (c, s) = (new Vector<float>(cos), new Vector<float>(sin));
        return (er, ei, Vector.MultiplyAddEstimate(dr, c, -(di * s)), Vector.MultiplyAddEstimate(dr, s, di * c));
    }

    private void Transform(ReadOnlySpan<Vector<float>> x, Span<Vector<float>> zr, Span<Vector<float>> zi, Span<Vector<float>> scratch)
    {
        if (Packed)
        {
            for (var t = 0; t < zr.Length; t++)
            {
                (zr[t], zi[t]) = (x[2 * t], x[2 * t + 1]);
            }
        }
        else
        {
            x[..Size].CopyTo(zr);
            zi.Clear();
        }

        _fft.Forward(zr, zi, scratch);
    }
}
