namespace Parley.Tensors;

/// <summary>Addresses, strides and limits of one attention call.</summary>
internal sealed unsafe class AttentionJob
{
    private readonly (long Batch, long Head, long Time, long Dim) _q;
    private readonly (long Batch, long Head, long Time, long Dim) _k;
    private readonly (long Batch, long Head, long Time, long Dim) _v;
    private readonly (long Batch, long Head, long Query, long Key) _bias;
    private readonly float* _qs;
    private readonly float* _ks;
    private readonly float* _vs;
    private readonly float* _biases;
    private readonly float* _y;
    private readonly AttentionOptions _options;

    internal AttentionJob(Tensor q, Tensor k, Tensor v, AttentionOptions options, Tensor y)
    {
        (Batch, Heads, Queries, Dim) = (q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3]);
        (KvHeads, Keys, Width) = (k.Shape[1], k.Shape[2], v.Shape[3]);
        _qs = q.Pointer;
        _ks = k.Pointer;
        _vs = v.Pointer;
        _y = y.Pointer;
        _options = options;
        (_q, _k, _v) = (Strides(q), Strides(k), Strides(v));
        if (options.Bias is { } bias)
        {
            var wide = bias.Expand([Batch, Heads, Queries, Keys]);
            _biases = wide.Pointer;
            _bias = Strides(wide);
        }
    }

    internal int Batch { get; }

    internal int Heads { get; }

    internal int KvHeads { get; }

    internal int Queries { get; }

    internal int Keys { get; }

    internal int Dim { get; }

    internal int Width { get; }

    internal float Scale => _options.Scale;

    /// <summary>Floats from one key to the next.</summary>
    internal long KeyStep => _k.Time;

    /// <summary>Floats from one value to the next.</summary>
    internal long ValueStep => _v.Time;

    /// <summary>Floats from one query to the next.</summary>
    internal long QueryStep => _q.Time;

    internal bool HasBias => _biases is not null;

    internal (long Query, long Key) BiasStep => (_bias.Query, _bias.Key);

    internal float* Query(int batch, int head, int query) => _qs + (batch * _q.Batch) + (head * _q.Head) + (query * _q.Time);

    internal float* Key(int batch, int kvHead, int key) => _ks + (batch * _k.Batch) + (kvHead * _k.Head) + (key * _k.Time);

    internal float* Value(int batch, int kvHead, int key) => _vs + (batch * _v.Batch) + (kvHead * _v.Head) + (key * _v.Time);

    internal float* Bias(int batch, int head, int query, int key) =>
        _biases + (batch * _bias.Batch) + (head * _bias.Head) + (query * _bias.Query) + (key * _bias.Key);

    internal float* Result(int batch, int head, int query) => _y + (((((long)batch * Heads) + head) * Queries + query) * Width);

    /// <summary>Keys that one batch entry has.</summary>
    internal int Valid(int batch) => _options.KeyLengths is { } lengths ? lengths[batch] : Keys;

    /// <summary>Keys 0 up to here are seen by a query.</summary>
    internal int Seen(int batch, int query) =>
        _options.Causal ? (int)Math.Clamp((long)query + Keys - Queries + 1, 0, Valid(batch)) : Valid(batch);

    private static (long A, long B, long C, long D) Strides(Tensor x) => (x.Strides[0], x.Strides[1], x.Strides[2], x.Strides[3]);
}
