using System.Runtime.Intrinsics;

namespace Parley.Tensors;

// Gradients of elementwise operations, softmax, norms and lookups.
internal sealed unsafe partial class SimdBackend
{
    /// <summary>Most partial sums of a parameter's gradient: their number, and so the order of additions, depends on the rows alone.</summary>
    private const int PartialSums = 32;

    /// <inheritdoc/>
    internal override void UnaryGradient(UnaryOp op, Tensor saved, Tensor g, Tensor dx)
    {
        using var scope = new TensorScope();
        var values = saved.Contiguous().Pointer;
        var gradients = g.Contiguous().Pointer;
        var to = dx.Pointer;
        Pieces(dx.Count, DearPiece, (start, count) => UnaryGradient(op, values + start, gradients + start, to + start, count));
    }

    private static void UnaryGradient(UnaryOp op, float* v, float* g, float* dx, long count)
    {
        switch (op)
        {
            case UnaryOp.Negate:
                ElementLoops.Map<UnaryFunctions.Negate>(g, dx, count);
                break;
            case UnaryOp.Abs:
                ElementLoops.Zip<GradientFunctions.Abs>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Exp:
                ElementLoops.Zip<BinaryFunctions.Multiply>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Log:
                ElementLoops.Zip<GradientFunctions.Log>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Sqrt:
                ElementLoops.Zip<GradientFunctions.Sqrt>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Square:
                ElementLoops.Zip<GradientFunctions.Square>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Sin:
                ElementLoops.Zip<GradientFunctions.Sin>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Cos:
                ElementLoops.Zip<GradientFunctions.Cos>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Tanh:
                ElementLoops.Zip<GradientFunctions.Tanh>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Sigmoid:
                ElementLoops.Zip<GradientFunctions.Sigmoid>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Relu:
                ElementLoops.Zip<GradientFunctions.Relu>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Gelu:
                ElementLoops.Zip<GradientFunctions.Gelu>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.GeluTanh:
                ElementLoops.Zip<GradientFunctions.GeluTanh>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Silu:
                ElementLoops.Zip<GradientFunctions.Silu>(v, 1, g, 1, dx, count);
                break;
            case UnaryOp.Step:
                new Span<float>(dx, (int)count).Clear();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function");
        }
    }

    /// <inheritdoc/>
    internal override void SoftmaxGradient(Tensor y, bool logarithm, Tensor g, Tensor dx)
    {
        using var scope = new TensorScope();
        var results = y.Contiguous().Pointer;
        var gradients = g.Contiguous().Pointer;
        var to = dx.Pointer;
        var length = (long)dx.Shape[^1];
        Rows(dx.Count / Math.Max(1, length), length, row =>
            RowKernels.SoftmaxGradient(results + (row * length), logarithm, gradients + (row * length), to + (row * length), length));
    }

    /// <inheritdoc/>
    internal override void LayerNormGradient(Tensor x, Tensor? weight, float epsilon, Tensor g, Tensor dx, Tensor dw, Tensor db) =>
        NormGradient(x, weight, epsilon, centers: true, g, dx, dw, db);

    /// <inheritdoc/>
    internal override void RmsNormGradient(Tensor x, Tensor weight, float epsilon, Tensor g, Tensor dx, Tensor dw) =>
        NormGradient(x, weight, epsilon, centers: false, g, dx, dw, db: null);

    private void NormGradient(Tensor x, Tensor? weight, float epsilon, bool centers, Tensor g, Tensor dx, Tensor dw, Tensor? db)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var gradients = g.Contiguous().Pointer;
        var to = dx.Pointer;
        var length = (long)dx.Shape[^1];
        var factors = Optional(weight);
        var rows = dx.Count / Math.Max(1, length);
        var each = Math.Max(Math.Max(1, DearPiece / Math.Max(1, length)), (rows + PartialSums - 1) / PartialSums);
        var pieces = (int)((rows + each - 1) / each);
        var sums = Tensor.Zeros([pieces, 2, (int)length], this);
        var partial = sums.Pointer;
        Workers.Run(pieces, piece =>
        {
            var factor = partial + (2 * piece * length);
            var term = db is null ? null : factor + length;
            for (var row = piece * each; row < Math.Min(rows, (piece + 1) * each); row++)
            {
                var values = from + (row * length);
                var mean = centers ? values[0] + (RowKernels.Sum(values, values[0], length) / length) : 0;
                var center = (float)mean;
                var variance = (RowKernels.SquareSum(values, center, length) / length) - ((mean - center) * (mean - center));
                var scale = (float)(1 / Math.Sqrt(variance + epsilon));
                RowKernels.NormGradient(values, center, scale, centers, factors, gradients + (row * length), to + (row * length), factor, term, length);
            }
        });
        Reduce(ReduceOp.Sum, sums.Select(1, 0), 0, dw.Unsqueeze(0));
        if (db is not null)
        {
            Reduce(ReduceOp.Sum, sums.Select(1, 1), 0, db.Unsqueeze(0));
        }
    }

    /// <inheritdoc/>
    internal override void ScatterAdd(Tensor g, ReadOnlySpan<int> ids, Tensor table)
    {
        // Each core takes some columns of all rows, so that rows are added in order.
        const long columns = 64;
        using var scope = new TensorScope();
        var from = g.Contiguous().Pointer;
        var to = table.Pointer;
        var length = (long)table.Shape[1];
        var rows = ids.ToArray();
        Pieces(table.Count, CheapPiece, (start, count) => new Span<float>(to + start, (int)count).Clear());
        Workers.Run((int)((length + columns - 1) / columns), piece =>
        {
            var first = piece * columns;
            for (var i = 0; i < rows.Length; i++)
            {
                var target = to + (rows[i] * length) + first;
                ElementLoops.Zip<BinaryFunctions.Add>(target, 1, from + (i * length) + first, 1, target, Math.Min(columns, length - first));
            }
        });
    }

    /// <inheritdoc/>
    internal override void Dropout(Tensor x, float p, ulong seed, Tensor y)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        var (threshold, scale) = (DropoutMask.Threshold(p), 1f / (1f - p));
        Pieces(y.Count, DearPiece, (start, count) =>
        {
            var i = start;
            for (; i <= start + count - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                var keep = Vector256.GreaterThanOrEqual(DropoutMask.Eight(seed, i), Vector256.Create(threshold));
                ((Vector256.Load(from + i) * scale).AsInt32() & keep).AsSingle().Store(to + i);
            }

            for (; i < start + count; i++)
            {
                to[i] = DropoutMask.Bits(seed, i) >= threshold ? from[i] * scale : 0f;
            }
        });
    }
}
