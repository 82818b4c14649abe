using System.Runtime.Intrinsics;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>ASG's sum over all paths of symbols, and its derivatives.</summary>
/// <remarks>
/// <code>
/// forward:   l_t(j) = ln Σ_i exp(α_{t−1}(i) + g(i → j)),  α_t = f_t + l_t
/// backward:  flow_t(i → j) = γ_t(j) exp(α_{t−1}(i) + g(i → j) − l_t(j)),  γ_{t−1}(i) = Σ_j flow_t(i → j)
/// </code>
/// A lane is a symbol j. Each α is relative to the largest of its frame, so floats suffice; what was taken off is summed in double.
/// </remarks>
internal sealed unsafe class AsgFullGraph : IDisposable
{
    private const int Lanes = 16;

    private readonly int _frames;
    private readonly int _symbols;
    private readonly int _stride;
    private readonly float* _scores;
    private readonly float* _transitions;
    private readonly long _bytes;
    private nint _memory;

    /// <summary>Scores f [frames, symbols]; transitions g by row of the symbol they come from, rows of <see cref="Stride"/> with −∞ after the last symbol.</summary>
    internal AsgFullGraph(float* scores, int frames, int symbols, float* transitions)
    {
        (_frames, _symbols, _stride) = (frames, symbols, Stride(symbols));
        _scores = scores;
        _transitions = transitions;
        _bytes = ((2L * frames) + symbols + 2) * _stride * sizeof(float);
        _memory = MemoryPool.Rent(_bytes);
    }

    /// <summary>ln of the sum over all paths.</summary>
    internal double Total { get; private set; }

    /// <summary>Floats from one row of transitions to the next.</summary>
    internal static int Stride(int symbols) => (symbols + Lanes - 1) / Lanes * Lanes;

    /// <summary>Flow through the transitions from a symbol, summed over the frames, after <see cref="Backward"/>.</summary>
    internal float* Flow(int from) => (float*)_memory + (((2L * _frames) + from) * _stride);

    /// <summary>Gives the tables back.</summary>
    public void Dispose()
    {
        if (_memory != 0)
        {
            MemoryPool.Return(_memory, _bytes);
            _memory = 0;
        }
    }

    /// <summary>Computes <see cref="Total"/>.</summary>
    internal void Forward()
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Forward<Lanes512>();
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Forward<Lanes256>();
        }
        else
        {
            Forward<Lanes128>();
        }
    }

    /// <summary>Writes the share of each symbol in each frame, [frames, symbols], and sums up the flows.</summary>
    internal void Backward(float* occupancy, float scale)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Backward<Lanes512>(occupancy, scale);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Backward<Lanes256>(occupancy, scale);
        }
        else
        {
            Backward<Lanes128>(occupancy, scale);
        }
    }

    private void Forward<T>()
        where T : struct, ILanes<T>
    {
        Total = 0;
        new Span<float>(Alpha(0), _stride).Fill(float.NegativeInfinity);
        new Span<float>(_scores, _symbols).CopyTo(new Span<float>(Alpha(0), _symbols));
        Total += Center<T>(Alpha(0));
        for (var t = 1; t < _frames; t++)
        {
            var before = Alpha(t - 1);
            var scores = Room(0);
            new Span<float>(_scores + ((long)t * _symbols), _symbols).CopyTo(new Span<float>(scores, _symbols));
            new Span<float>(scores + _symbols, _stride - _symbols).Clear();
            for (var j = 0; j < _stride; j += T.Count)
            {
                // Where no path leads the largest is held at a finite value, so that differences are −∞ and not NaN.
                var largest = T.Of(-1e30f);
                for (var i = 0; i < _symbols; i++)
                {
                    largest = T.Max(largest, T.Of(before[i]) + T.Load(From(i) + j));
                }

                var sum = T.Of(0f);
                for (var i = 0; i < _symbols; i++)
                {
                    sum += VectorMath.ExpNonPositive(T.Of(before[i]) + T.Load(From(i) + j) - largest);
                }

                var log = largest + VectorMath.Log(sum);
                log.Store(Log(t) + j);
                (log + T.Load(scores + j)).Store(Alpha(t) + j);
            }

            Total += Center<T>(Alpha(t));
        }

        var (top, all) = LossRows.Exponentials(Alpha(_frames - 1), null, _symbols);
        Total += top + Math.Log(all);
    }

    private void Backward<T>(float* occupancy, float scale)
        where T : struct, ILanes<T>
    {
        var (top, all) = LossRows.Exponentials(Alpha(_frames - 1), null, _symbols);
        var own = Room(0);
        var before = Room(1);
        new Span<float>(own, _stride).Clear();
        LossRows.ScaledExp(Alpha(_frames - 1), top, scale / (float)all, own, _symbols);
        new Span<float>(Flow(0), _symbols * _stride).Clear();
        for (var t = _frames - 1; ; t--)
        {
            new Span<float>(own, _symbols).CopyTo(new Span<float>(occupancy + ((long)t * _symbols), _symbols));
            if (t == 0)
            {
                return;
            }

            new Span<float>(before, _stride).Clear();
            for (var i = 0; i < _symbols; i++)
            {
                var (alpha, sum) = (T.Of(Alpha(t - 1)[i]), T.Of(0f));
                for (var j = 0; j < _stride; j += T.Count)
                {
                    var reached = T.MaxNative(T.Load(Log(t) + j), T.Of(-1e30f));
                    var flow = T.Load(own + j) * VectorMath.ExpNonPositive(alpha + T.Load(From(i) + j) - reached);
                    (T.Load(Flow(i) + j) + flow).Store(Flow(i) + j);
                    sum += flow;
                }

                before[i] = sum.Sum();
            }

            var next = own;
            own = before;
            before = next;
        }
    }

    /// <summary>Makes the largest of a row 0; returns what it was. A NaN is spread over the row.</summary>
    private double Center<T>(float* row)
        where T : struct, ILanes<T>
    {
        var largest = RowKernels.Max(row, _symbols);
        if (float.IsNegativeInfinity(largest))
        {
            return 0;
        }

        for (var j = 0; j < _stride; j += T.Count)
        {
            (T.Load(row + j) - T.Of(largest)).Store(row + j);
        }

        return largest;
    }

    private float* From(int symbol) => _transitions + ((long)symbol * _stride);

    private float* Alpha(int t) => (float*)_memory + ((long)t * _stride);

    private float* Log(int t) => (float*)_memory + (((long)_frames + t) * _stride);

    private float* Room(int index) => (float*)_memory + (((2L * _frames) + _symbols + index) * _stride);
}
