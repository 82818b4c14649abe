using System.Numerics;

namespace Parley.Tensors;

/// <summary>Gradients of a two-dimensional convolution in which every channel is convolved by itself: rows times rows, no matrix is large enough to pay.</summary>
/// <remarks>
/// Rows of the input are kept padded and split by stride phase, so that what neighbouring results read lies side by side:
/// input column v·stride + k·dilation − pad is element v + (k·dilation ÷ stride) of phase (k·dilation mod stride).
/// </remarks>
internal sealed unsafe class DepthwiseGradient
{
    private readonly Conv2dOptions _o;
    private readonly int _height;
    private readonly int _width;
    private readonly int _outHeight;
    private readonly int _outWidth;
    private readonly int _kernelH;
    private readonly int _kernelW;
    private readonly int _phase;

    internal DepthwiseGradient(Conv2dOptions o, Shape x, Shape g, Shape weight)
    {
        (_o, _height, _width, _outHeight, _outWidth, _kernelH, _kernelW) = (o, x[2], x[3], g[2], g[3], weight[2], weight[3]);
        _phase = _outWidth + (((_kernelW - 1) * o.DilationWidth) / o.StrideWidth) + 1;
    }

    /// <summary>Whether each input channel has results of its own.</summary>
    internal static bool Suits(Conv2dOptions o, Shape x) => o.Groups == x[1];

    /// <summary>dw[kernelH, kernelW] += Σ g x for one result's channel of one utterance, from the input's split form.</summary>
    internal void Weight(float* room, float* g, float* dw)
    {
        for (var kh = 0; kh < _kernelH; kh++)
        {
            var taps = dw + (kh * _kernelW);
            for (var kw = 0; kw < _kernelW; kw += 3)
            {
                if (_kernelW - kw >= 3)
                {
                    ThreeTaps(room, g, kh, kw, taps + kw);
                    continue;
                }

                for (var one = kw; one < _kernelW; one++)
                {
                    taps[one] += OneTap(room, g, kh, one);
                }
            }
        }
    }

    private float OneTap(float* room, float* g, int kh, int kw)
    {
        var (wide, sums, sum) = (Vector<float>.Count, Vector<float>.Zero, 0f);
        var offset = Offset(kw);
        var (first, end) = Results(kh);
        for (var h = first; h < end; h++)
        {
            var results = g + ((long)h * _outWidth);
            var read = room + Part(Row(h, kh), 0) + offset;
            var i = 0;
            for (; i <= _outWidth - wide; i += wide)
            {
                sums += Vector.Load(results + i) * Vector.Load(read + i);
            }

            for (; i < _outWidth; i++)
            {
                sum += results[i] * read[i];
            }
        }

        return sum + Vector.Sum(sums);
    }

    /// <summary>Three neighbouring taps at once: a result is loaded for three products, and sums stay in registers over all rows.</summary>
    private void ThreeTaps(float* room, float* g, int kh, int kw, float* dw)
    {
        var wide = Vector<float>.Count;
        var (a, b, c) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var (aRest, bRest, cRest) = (0f, 0f, 0f);
        var (aAt, bAt, cAt) = (Offset(kw), Offset(kw + 1), Offset(kw + 2));
        var (first, end) = Results(kh);
        for (var h = first; h < end; h++)
        {
            var results = g + ((long)h * _outWidth);
            var read = room + Part(Row(h, kh), 0);
            var i = 0;
            for (; i <= _outWidth - wide; i += wide)
            {
                var result = Vector.Load(results + i);
                a = Vector.FusedMultiplyAdd(result, Vector.Load(read + aAt + i), a);
                b = Vector.FusedMultiplyAdd(result, Vector.Load(read + bAt + i), b);
                c = Vector.FusedMultiplyAdd(result, Vector.Load(read + cAt + i), c);
            }

            for (; i < _outWidth; i++)
            {
                aRest += results[i] * read[aAt + i];
                bRest += results[i] * read[bAt + i];
                cRest += results[i] * read[cAt + i];
            }
        }

        dw[0] += aRest + Vector.Sum(a);
        dw[1] += bRest + Vector.Sum(b);
        dw[2] += cRest + Vector.Sum(c);
    }

    private int Row(int result, int kh) => (result * _o.StrideHeight) + (kh * _o.DilationHeight) - _o.PadHeight;

    /// <summary>Rows of results whose tap <paramref name="kh"/> lies on the input.</summary>
    private (int First, int End) Results(int kh)
    {
        var down = (kh * _o.DilationHeight) - _o.PadHeight;
        var first = down >= 0 ? 0 : (-down + _o.StrideHeight - 1) / _o.StrideHeight;
        var end = _height <= down ? 0 : Math.Min(_outHeight, ((_height - 1 - down) / _o.StrideHeight) + 1);
        return (first, end);
    }

    /// <summary>Where in a row's split form the tap <paramref name="kw"/> of the first result lies.</summary>
    private int Offset(int kw)
    {
        var (at, phase) = Math.DivRem(kw * _o.DilationWidth, _o.StrideWidth);
        return (phase * _phase) + at;
    }

    /// <summary>room += g w, spread over the inputs that each result read.</summary>
    internal void Input(float* weight, float* g, Span<float> room)
    {
        for (var h = 0; h < _outHeight; h++)
        {
            var results = new ReadOnlySpan<float>(g + ((long)h * _outWidth), _outWidth);
            for (var kh = 0; kh < _kernelH; kh++)
            {
                var row = (h * _o.StrideHeight) + (kh * _o.DilationHeight) - _o.PadHeight;
                if (row < 0 || row >= _height)
                {
                    continue;
                }

                for (var kw = 0; kw < _kernelW; kw++)
                {
                    AddScaled(results, weight[(kh * _kernelW) + kw], Read(room, row, kw));
                }
            }
        }
    }

    /// <summary>Floats of the split form of one channel.</summary>
    internal int Room => checked(_height * _o.StrideWidth * _phase);

    /// <summary>From the split form back to rows.</summary>
    internal void Join(float* room, float* x)
    {
        new Span<float>(x, _height * _width).Clear();
        for (var phase = 0; phase < _o.StrideWidth; phase++)
        {
            var (first, at, count) = Columns(phase);
            for (var row = 0; row < _height && count > 0; row++)
            {
                EverySecond.Add(room + Part(row, phase) + at, x + ((long)row * _width) + first, _o.StrideWidth, count);
            }
        }
    }

    /// <summary>From rows to the split form, padding as zeros.</summary>
    internal void Split(float* x, float* room)
    {
        new Span<float>(room, Room).Clear();
        for (var phase = 0; phase < _o.StrideWidth; phase++)
        {
            var (first, at, count) = Columns(phase);
            for (var row = 0; row < _height && count > 0; row++)
            {
                EverySecond.Read(x + ((long)row * _width) + first, _o.StrideWidth, room + Part(row, phase) + at, count);
            }
        }
    }

    private int Part(int row, int phase) => ((row * _o.StrideWidth) + phase) * _phase;

    /// <summary>Input columns of a phase that results read, a stride apart: the first, its place in the split form, and how many.</summary>
    private (int First, int At, int Count) Columns(int phase)
    {
        var first = (((phase - _o.PadWidth) % _o.StrideWidth) + _o.StrideWidth) % _o.StrideWidth;
        var at = (first + _o.PadWidth) / _o.StrideWidth;
        return first >= _width ? (0, 0, 0) : (first, at, Math.Max(0, Math.Min(((_width - 1 - first) / _o.StrideWidth) + 1, _phase - at)));
    }

    private Span<float> Read(Span<float> room, int row, int tap)
    {
        var (at, phase) = Math.DivRem(tap * _o.DilationWidth, _o.StrideWidth);
        return room.Slice(Part(row, phase) + at, _outWidth);
    }

    private static void AddScaled(ReadOnlySpan<float> x, float factor, Span<float> y)
    {
        var (factors, i) = (new Vector<float>(factor), 0);
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (new Vector<float>(y[i..]) + (new Vector<float>(x[i..]) * factors)).CopyTo(y[i..]);
        }

        for (; i < x.Length; i++)
        {
            y[i] += x[i] * factor;
        }
    }
}
