using System.Runtime.Intrinsics;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>The sums over all paths of one utterance through its lattice of frames t and target positions u, and what flows through each arc.</summary>
/// <remarks>
/// Cells of one diagonal d = t + u do not depend on each other. So tables hold a row for each diagonal, indexed by u, and arcs that come from another
/// diagonal are read as a row moved by one symbol or by none:
/// <code>
/// forward:   α(d, u) = ln Σ_k exp(α(d − δ_k, u − l_k) + w_k(d − δ_k, u − l_k))        δ = frames + l, l = 1 for a label, 0 for a blank
/// backward:  flow_k(d, u) = γ(d + δ_k, u + l_k) exp(α(d, u) + w_k(d, u) − α(d + δ_k, u + l_k)),   γ(d, u) = Σ_k flow_k(d, u)
/// </code>
/// The second is the derivative of the first. An α is relative to the largest of its diagonal, so floats suffice; what was taken off is kept in double.
/// The path's end is the cell (frames, symbols), one past the last frame.
/// </remarks>
internal sealed unsafe class TransducerLattice : IDisposable
{
    private const int Margin = 16;

    private readonly TransducerArc[] _arcs;
    private readonly double[] _taken;
    private readonly long _stride;
    private readonly long _bytes;
    private nint _memory;

    internal TransducerLattice(int frames, int symbols, TransducerArc[] arcs)
    {
        (Frames, Labels, _arcs) = (frames, symbols, arcs);
        _taken = new double[frames + symbols + 1];
        _stride = (symbols + 1 + Margin) / Margin * Margin;
        _bytes = (((long)arcs.Length + 2) * Rows * _stride * sizeof(float)) + (2 * Margin * sizeof(float));
        _memory = MemoryPool.Rent(_bytes);
        Fill((float*)_memory, Margin + ((arcs.Length + 1) * Rows * _stride), float.NegativeInfinity);
        Fill(Occupancy(0), (Rows * _stride) + Margin, 0f);
    }

    internal int Frames { get; }

    internal int Labels { get; }

    /// <summary>−ln of the sum over all paths; +∞ when there is none.</summary>
    internal double Loss { get; private set; }

    private long Rows => _taken.Length;

    private int Last => Frames + Labels;

    /// <summary>Scores of an arc before <see cref="Solve"/>, its flow after it: of frame t and position u at [t + u][u].</summary>
    internal float* Arc(int arc, int diagonal) => Table(arc, diagonal);

    /// <summary>How much of all paths passes the cells of a diagonal, by u.</summary>
    internal float* Occupancy(int diagonal) => Table(_arcs.Length + 1, diagonal);

    /// <summary>Whether an arc from this cell leads to another cell, or to the end.</summary>
    internal bool Leads(TransducerArc arc, int t, int u) =>
        (t + arc.Frames < Frames && u + arc.Labels <= Labels) || (t + arc.Frames == Frames && u == Labels && arc.Labels == 0);

    /// <summary>Computes the loss and, if wanted, what flows.</summary>
    internal void Solve(bool flows)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Solve<Lanes512>(flows);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Solve<Lanes256>(flows);
        }
        else
        {
            Solve<Lanes128>(flows);
        }
    }

    /// <summary>Gives the tables back.</summary>
    public void Dispose()
    {
        if (_memory != 0)
        {
            MemoryPool.Return(_memory, _bytes);
            _memory = 0;
        }
    }

    private void Solve<T>(bool flows)
        where T : struct, ILanes<T>
    {
        Alpha(0)[0] = 0;
        for (var d = 1; d <= Last; d++)
        {
            Forward<T>(d);
        }

        Loss = -(_taken[Last] + Alpha(Last)[Labels]);
        if (!flows || !double.IsFinite(Loss))
        {
            return;
        }

        Occupancy(Last)[Labels] = 1;
        for (var d = Last - 1; d >= 0; d--)
        {
            Backward<T>(d);
        }
    }

    private void Forward<T>(int d)
        where T : struct, ILanes<T>
    {
        var alpha = Alpha(d);
        var (top, floor) = (T.Of(float.NegativeInfinity), T.Of(-1e30f));
        var (first, last) = Range<T>(d);
        for (var u = first; u <= last; u += T.Count)
        {
            // Where no path leads the largest is held at a finite value, so that differences are −∞ and not NaN.
            var largest = floor;
            for (var k = 0; k < _arcs.Length; k++)
            {
                largest = d >= _arcs[k].Diagonals ? T.Max(largest, Incoming<T>(k, d, u)) : largest;
            }

            var sum = T.Of(0f);
            for (var k = 0; k < _arcs.Length; k++)
            {
                sum = d >= _arcs[k].Diagonals ? sum + VectorMath.ExpNonPositive(Incoming<T>(k, d, u) - largest) : sum;
            }

            var value = largest + VectorMath.Log(sum);
            value.Store(alpha + u);
            top = T.Max(top, value);
        }

        // A NaN is spread over the whole diagonal here, and so to the end.
        var most = Most(top);
        _taken[d] = _taken[d - 1];
        if (!float.IsNegativeInfinity(most))
        {
            _taken[d] += most;
            var shift = T.Of(most);
            for (var u = first; u <= last; u += T.Count)
            {
                (T.Load(alpha + u) - shift).Store(alpha + u);
            }
        }
    }

    private T Incoming<T>(int k, int d, long u)
        where T : struct, ILanes<T>
    {
        var (from, back) = (d - _arcs[k].Diagonals, u - _arcs[k].Labels);
        return T.Load(Alpha(from) + back) + T.Load(Arc(k, from) + back) + T.Of((float)(_taken[from] - _taken[d - 1]));
    }

    private void Backward<T>(int d)
        where T : struct, ILanes<T>
    {
        var alpha = Alpha(d);
        var occupancy = Occupancy(d);
        var floor = T.Of(-1e30f);
        var (first, last) = Range<T>(d);
        for (var u = first; u <= last; u += T.Count)
        {
            var (own, sum) = (T.Load(alpha + u), T.Of(0f));
            for (var k = 0; k < _arcs.Length; k++)
            {
                var (to, on) = (d + _arcs[k].Diagonals, u + _arcs[k].Labels);
                if (to > Last)
                {
                    continue;
                }

                // The share of this arc in the sum it leads to; at most 1, but for rounding.
                var weight = Arc(k, d) + u;
                var reached = T.MaxNative(T.Load(Alpha(to) + on), floor);
                var share = VectorMath.ExpNonPositive(own + T.Load(weight) + T.Of((float)(_taken[d] - _taken[to])) - reached);
                var flow = T.Load(Occupancy(to) + on) * share;
                flow.Store(weight);
                sum += flow;
            }

            sum.Store(occupancy + u);
        }
    }

    /// <summary>Positions on a diagonal, from the beginning of a register on.</summary>
    private (long First, long Last) Range<T>(int d)
        where T : struct, ILanes<T> => (Math.Max(0, d - Frames) / T.Count * T.Count, Math.Min(Labels, d));

    private float* Alpha(int diagonal) => Table(_arcs.Length, diagonal);

    private float* Table(int table, int diagonal) => (float*)_memory + Margin + (((table * Rows) + diagonal) * _stride);

    private static float Most<T>(T lanes)
        where T : struct, ILanes<T>
    {
        var buffer = stackalloc float[16];
        lanes.Store(buffer);
        var top = buffer[0];
        for (var i = 1; i < T.Count; i++)
        {
            top = Math.Max(top, buffer[i]);
        }

        return top;
    }

    private static void Fill(float* values, long count, float value)
    {
        for (; count > 0; values += 1 << 28, count -= 1 << 28)
        {
            new Span<float>(values, (int)Math.Min(count, 1 << 28)).Fill(value);
        }
    }
}
