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

    /// <summary>dw[kernelH, kernelW] += Σ g x for one channel of one utterance.</summary>
    internal void Weight(float* x, float* g, float* dw, Span<float> room)
    {
        Split(x, room);
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
                    dw[(kh * _kernelW) + kw] += Dot(results, Read(room, row, kw));
                }
            }
        }
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
    internal void Join(ReadOnlySpan<float> room, float* x)
    {
        new Span<float>(x, _height * _width).Clear();
        for (var phase = 0; phase < _o.StrideWidth; phase++)
        {
            var (first, at, count) = Columns(phase);
            for (var row = 0; row < _height && count > 0; row++)
            {
                var columns = x + ((long)row * _width) + first;
                var split = room.Slice(Part(row, phase) + at, count);
                for (var i = 0; i < split.Length; i++)
                {
                    columns[(long)i * _o.StrideWidth] = split[i];
                }
            }
        }
    }

    private void Split(float* x, Span<float> room)
    {
        room.Clear();
        for (var phase = 0; phase < _o.StrideWidth; phase++)
        {
            var (first, at, count) = Columns(phase);
            for (var row = 0; row < _height && count > 0; row++)
            {
                var columns = x + ((long)row * _width) + first;
                var split = room.Slice(Part(row, phase) + at, count);
                for (var i = 0; i < split.Length; i++)
                {
                    split[i] = columns[(long)i * _o.StrideWidth];
                }
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

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var (sums, i) = (Vector<float>.Zero, 0);
        for (; i <= a.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            sums += new Vector<float>(a[i..]) * new Vector<float>(b[i..]);
        }

        var sum = Vector.Sum(sums);
        for (; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
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
