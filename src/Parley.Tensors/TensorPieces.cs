namespace Parley.Tensors;

/// <summary>The same stretch of several tensors of one shape.</summary>
public readonly unsafe ref struct TensorPieces
{
    private readonly ReadOnlySpan<nint> _addresses;
    private readonly long _start;
    private readonly int _count;

    internal TensorPieces(ReadOnlySpan<nint> addresses, long start, int count)
    {
        _addresses = addresses;
        (_start, _count) = (start, count);
    }

    /// <summary>The stretch of tensor <paramref name="index"/>.</summary>
    public Span<float> this[int index] => new((float*)_addresses[index] + _start, _count);
}

/// <summary>Works on the same stretch of several tensors.</summary>
public delegate void PiecesAction(TensorPieces pieces);

public sealed unsafe partial class Tensor
{
    private const long UpdatePiece = 1 << 16;

    /// <summary>Lets <paramref name="update"/> overwrite contiguous tensors of one shape, stretch by stretch on all cores; only for parameters and state, by their owner.</summary>
    public static void Update(ReadOnlySpan<Tensor> tensors, PiecesAction update)
    {
        ArgumentNullException.ThrowIfNull(update);
        var parts = Parts("update", tensors);
        var addresses = new nint[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            addresses[i] = parts[i].IsContiguous && parts[i].Shape == parts[0].Shape
                ? (nint)parts[i].Pointer
                : throw new ShapeException($"update: tensors must be contiguous and of one shape, got {parts[0].Shape} and {parts[i].Shape}");
        }

        var count = parts[0].Count;
        parts[0].Backend.Workers.Run(checked((int)((count + UpdatePiece - 1) / UpdatePiece)), piece =>
        {
            var start = piece * UpdatePiece;
            update(new TensorPieces(addresses, start, (int)Math.Min(UpdatePiece, count - start)));
        });
        GC.KeepAlive(parts);
    }
}
