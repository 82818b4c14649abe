using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Parley.Audio;

/// <summary>Complex Fourier transforms of several signals at once, one in each lane of a vector, so that no step shuffles.</summary>
/// <remarks>
/// Stockham's self-sorting decimation in frequency: a stage of radix r reads x[q + s(p + m j)] and writes y[q + s(r p + j)],
/// with p below m, q below the stride s. Sizes with a prime factor above 13 go through Bluestein's chirp.
/// </remarks>
internal sealed class LaneFft
{
    private readonly List<Stage> _stages = [];
    private readonly Bluestein? _chirp;

    public LaneFft(int size)
    {
        Size = size;
        var rest = size;
        var stride = 1;
        ReadOnlySpan<int> radices = [5, 4, 2, 3, 7, 11, 13];
        foreach (var radix in radices)
        {
            for (; rest % radix == 0; rest /= radix)
            {
                _stages.Add(new Stage(radix, rest / radix, stride));
                stride *= radix;
            }
        }

        if (rest > 1)
        {
            _stages.Clear();
            _chirp = new Bluestein(size);
        }
    }

    /// <summary>Points of the transform.</summary>
    public int Size { get; }

    /// <summary>Vectors of scratch that <see cref="Forward"/> wants.</summary>
    public int ScratchSize => _chirp?.ScratchSize ?? 2 * Size;

    /// <summary>X[k] = sum of x[t] exp(-2 pi i k t / Size), in place [Size]; swapping the two parts gives the inverse times Size.</summary>
    public void Forward(Span<Vector<float>> real, Span<Vector<float>> imaginary, Span<Vector<float>> scratch)
    {
        if (_chirp is not null)
        {
            _chirp.Forward(real, imaginary, scratch);
            return;
        }

        ref var xr = ref MemoryMarshal.GetReference(real[..Size]);
        ref var xi = ref MemoryMarshal.GetReference(imaginary[..Size]);
        ref var yr = ref MemoryMarshal.GetReference(scratch[..Size]);
        ref var yi = ref MemoryMarshal.GetReference(scratch.Slice(Size, Size));
        foreach (var stage in _stages)
        {
            stage.Run(ref xr, ref xi, ref yr, ref yi);
            ref var keepR = ref xr;
            ref var keepI = ref xi;
            xr = ref yr;
            xi = ref yi;
            yr = ref keepR;
            yi = ref keepI;
        }

        if ((_stages.Count & 1) != 0)
        {
            scratch[..Size].CopyTo(real);
            scratch.Slice(Size, Size).CopyTo(imaginary);
        }
    }

    private sealed class Stage
    {
        private readonly int _radix;
        private readonly int _m;
        private readonly int _stride;

        // Of each p: radix - 1 factors exp(-2 pi i p j / (radix m)), real and imaginary parts in turn.
        private readonly float[] _twiddles;

        // Of the radix: exp(-2 pi i j / radix).
        private readonly float[] _roots;

        public Stage(int radix, int m, int stride)
        {
            (_radix, _m, _stride) = (radix, m, stride);
            _twiddles = new float[2 * m * (radix - 1)];
            _roots = new float[2 * radix];
            for (var j = 0; j < radix; j++)
            {
                (_roots[2 * j], _roots[2 * j + 1]) = Root(j, radix);
                for (var p = 0; p < m && j > 0; p++)
                {
                    var at = 2 * (p * (radix - 1) + j - 1);
                    (_twiddles[at], _twiddles[at + 1]) = Root((long)p * j, (long)radix * m);
                }
            }
        }

        public void Run(ref Vector<float> xr, ref Vector<float> xi, ref Vector<float> yr, ref Vector<float> yi)
        {
            for (var p = 0; p < _m; p++)
            {
                var twiddles = _twiddles.AsSpan(2 * p * (_radix - 1), 2 * (_radix - 1));
                var from = _stride * p;
                var to = _stride * _radix * p;
                switch (_radix)
                {
                    case 2:
                        Radix2(ref xr, ref xi, ref yr, ref yi, from, to, twiddles);
                        break;
                    case 3:
                        Radix3(ref xr, ref xi, ref yr, ref yi, from, to, twiddles);
                        break;
                    case 4:
                        Radix4(ref xr, ref xi, ref yr, ref yi, from, to, twiddles);
                        break;
                    case 5:
                        Radix5(ref xr, ref xi, ref yr, ref yi, from, to, twiddles);
                        break;
                    default:
                        AnyRadix(ref xr, ref xi, ref yr, ref yi, from, to, twiddles);
                        break;
                }
            }
        }

        private void Radix2(ref Vector<float> xr, ref Vector<float> xi, ref Vector<float> yr, ref Vector<float> yi, int from, int to, ReadOnlySpan<float> w)
        {
            var (step, stride) = (_stride * _m, _stride);
            var (wr, wi) = (new Vector<float>(w[0]), new Vector<float>(w[1]));
            for (var q = 0; q < stride; q++, from++, to++)
            {
                var (ar, ai) = (Unsafe.Add(ref xr, from), Unsafe.Add(ref xi, from));
                var (br, bi) = (Unsafe.Add(ref xr, from + step), Unsafe.Add(ref xi, from + step));
                Unsafe.Add(ref yr, to) = ar + br;
                Unsafe.Add(ref yi, to) = ai + bi;
                Store(ref yr, ref yi, to + stride, ar - br, ai - bi, wr, wi);
            }
        }

        private void Radix3(ref Vector<float> xr, ref Vector<float> xi, ref Vector<float> yr, ref Vector<float> yi, int from, int to, ReadOnlySpan<float> w)
        {
            var (step, stride) = (_stride * _m, _stride);
            var (wr1, wi1) = (new Vector<float>(w[0]), new Vector<float>(w[1]));
            var (wr2, wi2) = (new Vector<float>(w[2]), new Vector<float>(w[3]));
            var (half, sine) = (new Vector<float>(-0.5f), new Vector<float>(0.8660254f));
            for (var q = 0; q < stride; q++, from++, to++)
            {
                var (ar, ai) = (Unsafe.Add(ref xr, from), Unsafe.Add(ref xi, from));
                var (br, bi) = (Unsafe.Add(ref xr, from + step), Unsafe.Add(ref xi, from + step));
                var (cr, ci) = (Unsafe.Add(ref xr, from + 2 * step), Unsafe.Add(ref xi, from + 2 * step));
                var (sr, si) = (br + cr, bi + ci);
                var (dr, di) = (sine * (bi - ci), sine * (cr - br));
                var (mr, mi) = (Vector.MultiplyAddEstimate(half, sr, ar), Vector.MultiplyAddEstimate(half, si, ai));
                Unsafe.Add(ref yr, to) = ar + sr;
                Unsafe.Add(ref yi, to) = ai + si;
                Store(ref yr, ref yi, to + stride, mr + dr, mi + di, wr1, wi1);
                Store(ref yr, ref yi, to + 2 * stride, mr - dr, mi - di, wr2, wi2);
            }
        }

        private void Radix4(ref Vector<float> xr, ref Vector<float> xi, ref Vector<float> yr, ref Vector<float> yi, int from, int to, ReadOnlySpan<float> w)
        {
            var (step, stride) = (_stride * _m, _stride);
            var (wr1, wi1) = (new Vector<float>(w[0]), new Vector<float>(w[1]));
            var (wr2, wi2) = (new Vector<float>(w[2]), new Vector<float>(w[3]));
            var (wr3, wi3) = (new Vector<float>(w[4]), new Vector<float>(w[5]));
            for (var q = 0; q < stride; q++, from++, to++)
            {
                var (ar, ai) = (Unsafe.Add(ref xr, from), Unsafe.Add(ref xi, from));
                var (br, bi) = (Unsafe.Add(ref xr, from + step), Unsafe.Add(ref xi, from + step));
                var (cr, ci) = (Unsafe.Add(ref xr, from + 2 * step), Unsafe.Add(ref xi, from + 2 * step));
                var (dr, di) = (Unsafe.Add(ref xr, from + 3 * step), Unsafe.Add(ref xi, from + 3 * step));
                var (sr, si) = (ar + cr, ai + ci);
                var (tr, ti) = (ar - cr, ai - ci);
                var (ur, ui) = (br + dr, bi + di);
                var (vr, vi) = (bi - di, dr - br);
                Unsafe.Add(ref yr, to) = sr + ur;
                Unsafe.Add(ref yi, to) = si + ui;
                Store(ref yr, ref yi, to + stride, tr + vr, ti + vi, wr1, wi1);
                Store(ref yr, ref yi, to + 2 * stride, sr - ur, si - ui, wr2, wi2);
                Store(ref yr, ref yi, to + 3 * stride, tr - vr, ti - vi, wr3, wi3);
            }
        }

        private void Radix5(ref Vector<float> xr, ref Vector<float> xi, ref Vector<float> yr, ref Vector<float> yi, int from, int to, ReadOnlySpan<float> w)
        {
            var (step, stride) = (_stride * _m, _stride);
            var (wr1, wi1) = (new Vector<float>(w[0]), new Vector<float>(w[1]));
            var (wr2, wi2) = (new Vector<float>(w[2]), new Vector<float>(w[3]));
            var (wr3, wi3) = (new Vector<float>(w[4]), new Vector<float>(w[5]));
            var (wr4, wi4) = (new Vector<float>(w[6]), new Vector<float>(w[7]));
            var (c1, s1) = (new Vector<float>(0.30901699f), new Vector<float>(0.95105652f));
            var (c2, s2) = (new Vector<float>(-0.80901699f), new Vector<float>(0.58778525f));
            for (var q = 0; q < stride; q++, from++, to++)
            {
                var (ar, ai) = (Unsafe.Add(ref xr, from), Unsafe.Add(ref xi, from));
                var (br, bi) = (Unsafe.Add(ref xr, from + step), Unsafe.Add(ref xi, from + step));
                var (cr, ci) = (Unsafe.Add(ref xr, from + 2 * step), Unsafe.Add(ref xi, from + 2 * step));
                var (dr, di) = (Unsafe.Add(ref xr, from + 3 * step), Unsafe.Add(ref xi, from + 3 * step));
                var (er, ei) = (Unsafe.Add(ref xr, from + 4 * step), Unsafe.Add(ref xi, from + 4 * step));
                var (pr, pi) = (br + er, bi + ei);
                var (mr, mi) = (br - er, bi - ei);
                var (qr, qi) = (cr + dr, ci + di);
                var (nr, ni) = (cr - dr, ci - di);
                var r1 = Vector.MultiplyAddEstimate(c2, qr, Vector.MultiplyAddEstimate(c1, pr, ar));
                var i1 = Vector.MultiplyAddEstimate(c2, qi, Vector.MultiplyAddEstimate(c1, pi, ai));
                var r2 = Vector.MultiplyAddEstimate(c1, qr, Vector.MultiplyAddEstimate(c2, pr, ar));
                var i2 = Vector.MultiplyAddEstimate(c1, qi, Vector.MultiplyAddEstimate(c2, pi, ai));

                // Minus i times the sine parts.
                var (vr1, vi1) = (Vector.MultiplyAddEstimate(s2, ni, s1 * mi), Vector.MultiplyAddEstimate(s2, nr, s1 * mr));
                var (vr2, vi2) = (s2 * mi - s1 * ni, s2 * mr - s1 * nr);
                Unsafe.Add(ref yr, to) = ar + pr + qr;
                Unsafe.Add(ref yi, to) = ai + pi + qi;
                Store(ref yr, ref yi, to + stride, r1 + vr1, i1 - vi1, wr1, wi1);
                Store(ref yr, ref yi, to + 2 * stride, r2 + vr2, i2 - vi2, wr2, wi2);
                Store(ref yr, ref yi, to + 3 * stride, r2 - vr2, i2 + vi2, wr3, wi3);
                Store(ref yr, ref yi, to + 4 * stride, r1 - vr1, i1 + vi1, wr4, wi4);
            }
        }

        // The definition itself, for 7, 11 and 13.
        private void AnyRadix(ref Vector<float> xr, ref Vector<float> xi, ref Vector<float> yr, ref Vector<float> yi, int from, int to, ReadOnlySpan<float> w)
        {
            var step = _stride * _m;
            for (var q = 0; q < _stride; q++, from++, to++)
            {
                for (var j = 0; j < _radix; j++)
                {
                    var (sr, si) = (Unsafe.Add(ref xr, from), Unsafe.Add(ref xi, from));
                    for (var k = 1; k < _radix; k++)
                    {
                        var root = 2 * (j * k % _radix);
                        var (cr, ci) = (new Vector<float>(_roots[root]), new Vector<float>(_roots[root + 1]));
                        var (ar, ai) = (Unsafe.Add(ref xr, from + k * step), Unsafe.Add(ref xi, from + k * step));
                        sr += ar * cr - ai * ci;
                        si += ar * ci + ai * cr;
                    }

                    var (wr, wi) = j == 0 ? (Vector<float>.One, Vector<float>.Zero) : (new Vector<float>(w[2 * j - 2]), new Vector<float>(w[2 * j - 1]));
                    Store(ref yr, ref yi, to + j * _stride, sr, si, wr, wi);
                }
            }
        }

        // Stores the product with a twiddle factor.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(ref Vector<float> yr, ref Vector<float> yi, int at, Vector<float> r, Vector<float> i, Vector<float> wr, Vector<float> wi)
        {
            Unsafe.Add(ref yr, at) = Vector.MultiplyAddEstimate(r, wr, -(i * wi));
            Unsafe.Add(ref yi, at) = Vector.MultiplyAddEstimate(r, wi, i * wr);
        }
    }

    internal static (float Real, float Imaginary) Root(long numerator, long denominator)
    {
        var (sine, cosine) = Math.SinCos(-2 * Math.PI * (numerator % denominator) / denominator);
        return ((float)cosine, (float)sine);
    }
}
