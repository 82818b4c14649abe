using System.Runtime.Intrinsics;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>ASG's sum over the paths that spell a target, each symbol for one frame or more, and its derivatives.</summary>
/// <remarks>
/// <code>
/// forward:   l_t(s) = ln(exp(α_{t−1}(s) + stay(s)) + exp(α_{t−1}(s − 1) + step(s))),  α_t(s) = f_t(target s) + l_t(s)
/// backward:  as in <see cref="AsgFullGraph"/>
/// </code>
/// A lane is a state s. Rows have −∞ before them.
/// </remarks>
internal sealed unsafe class AsgTargetGraph : IDisposable
{
    private const int Margin = 16;

    private readonly int _frames;
    private readonly int _symbols;
    private readonly int[] _target;
    private readonly float* _scores;
    private readonly long _stride;
    private readonly long _bytes;
    private nint _memory;

    /// <summary>Scores f [frames, symbols]; transitions by row of the symbol they come from.</summary>
    internal AsgTargetGraph(float* scores, int frames, int symbols, int[] target, float* transitions)
    {
        (_frames, _symbols, _target) = (frames, symbols, target);
        _scores = scores;
        _stride = ((target.Length + Margin - 1) / Margin * Margin) + Margin;
        _bytes = (((2L * frames) + 8) * _stride * sizeof(float)) + (Margin * sizeof(float));
        _memory = MemoryPool.Rent(_bytes);
        var impossible = Margin + (((2L * frames) + 2) * _stride);
        new Span<float>((float*)_memory, checked((int)impossible)).Fill(float.NegativeInfinity);
        new Span<float>((float*)_memory + impossible, (int)(6 * _stride)).Clear();
        var pitch = AsgFullGraph.Stride(symbols);
        for (var s = 0; s < target.Length; s++)
        {
            Stay[s] = transitions[((long)target[s] * pitch) + target[s]];
            if (s > 0)
            {
                Step[s] = transitions[((long)target[s - 1] * pitch) + target[s]];
            }
        }
    }

    /// <summary>ln of the sum over the target's paths.</summary>
    internal double Total { get; private set; }

    /// <summary>Flow that stays in each state, summed over the frames.</summary>
    internal float* Stayed => Row((2 * _frames) + 2);

    /// <summary>Flow into each state from the one before, summed over the frames.</summary>
    internal float* Stepped => Row((2 * _frames) + 3);

    private float* Stay => Row(2 * _frames);

    private float* Step => Row((2 * _frames) + 1);

    private float* Emitted => Row((2 * _frames) + 4);

    private float* Occupancy => Row((2 * _frames) + 5);

    private float* Stepping => Row((2 * _frames) + 6);

    private float* Staying => Row((2 * _frames) + 7);

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

    /// <summary>Takes the share of each symbol in each frame off <paramref name="occupancy"/> [frames, symbols], and sums up the flows.</summary>
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
        Total = _scores[_target[0]];
        Alpha(0)[0] = float.IsFinite((float)Total) ? 0 : (float)Total;
        Total = float.IsFinite((float)Total) ? Total : 0;
        for (var t = 1; t < _frames; t++)
        {
            var before = Alpha(t - 1);
            var alpha = Alpha(t);
            Gather(t);
            for (var s = 0; s < _target.Length; s += T.Count)
            {
                var (stay, step) = (T.Load(before + s) + T.Load(Stay + s), T.Load(before + s - 1) + T.Load(Step + s));
                var top = T.Max(T.Max(stay, step), T.Of(-1e30f));
                var log = top + VectorMath.Log(VectorMath.ExpNonPositive(stay - top) + VectorMath.ExpNonPositive(step - top));
                log.Store(Log(t) + s);
                (log + T.Load(Emitted + s)).Store(alpha + s);
            }

            var most = RowKernels.Max(alpha, _target.Length);
            if (!float.IsNegativeInfinity(most))
            {
                Total += most;
                for (var s = 0; s < _target.Length; s += T.Count)
                {
                    (T.Load(alpha + s) - T.Of(most)).Store(alpha + s);
                }
            }
        }

        Total += Alpha(_frames - 1)[_target.Length - 1];
    }

    private void Backward<T>(float* occupancy, float scale)
        where T : struct, ILanes<T>
    {
        Occupancy[_target.Length - 1] = scale;
        for (var t = _frames - 1; ; t--)
        {
            var row = occupancy + ((long)t * _symbols);
            for (var s = 0; s < _target.Length; s++)
            {
                row[_target[s]] -= Occupancy[s];
            }

            if (t == 0)
            {
                return;
            }

            var before = Alpha(t - 1);
            for (var s = 0; s < _target.Length; s += T.Count)
            {
                var (own, reached) = (T.Load(Occupancy + s), T.MaxNative(T.Load(Log(t) + s), T.Of(-1e30f)));
                var stay = own * VectorMath.ExpNonPositive(T.Load(before + s) + T.Load(Stay + s) - reached);
                var step = own * VectorMath.ExpNonPositive(T.Load(before + s - 1) + T.Load(Step + s) - reached);
                stay.Store(Staying + s);
                step.Store(Stepping + s);
                (T.Load(Stayed + s) + stay).Store(Stayed + s);
                (T.Load(Stepped + s) + step).Store(Stepped + s);
            }

            for (var s = 0; s < _target.Length; s += T.Count)
            {
                (T.Load(Staying + s) + T.Load(Stepping + s + 1)).Store(Occupancy + s);
            }
        }
    }

    private void Gather(int t)
    {
        var row = _scores + ((long)t * _symbols);
        for (var s = 0; s < _target.Length; s++)
        {
            Emitted[s] = row[_target[s]];
        }
    }

    private float* Alpha(int t) => Row(t);

    private float* Log(int t) => Row(_frames + t);

    private float* Row(int index) => (float*)_memory + Margin + (index * _stride);
}
