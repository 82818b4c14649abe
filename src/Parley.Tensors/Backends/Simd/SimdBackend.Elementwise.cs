namespace Parley.Tensors;

internal sealed unsafe partial class SimdBackend
{
    /// <summary>Elements in a piece of cheap work, such as an addition.</summary>
    private const long CheapPiece = 1 << 16;

    /// <summary>Elements in a piece of work with some tens of instructions each.</summary>
    private const long DearPiece = 1 << 14;

    /// <inheritdoc/>
    internal override void Unary(UnaryOp op, Tensor x, Tensor y)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        var piece = op is UnaryOp.Negate or UnaryOp.Abs or UnaryOp.Square or UnaryOp.Relu or UnaryOp.Sqrt ? CheapPiece : DearPiece;
        Pieces(y.Count, piece, (start, count) => Unary(op, from + start, to + start, count));
    }

    /// <inheritdoc/>
    internal override void Affine(Tensor x, float scale, float shift, Tensor y)
    {
        using var scope = new TensorScope();
        var from = x.Contiguous().Pointer;
        var to = y.Pointer;
        Pieces(y.Count, CheapPiece, (start, count) => RowKernels.Affine(from + start, scale, shift, to + start, count));
    }

    /// <inheritdoc/>
    internal override void Binary(BinaryOp op, Tensor a, Tensor b, Tensor y)
    {
        using var scope = new TensorScope();
        (a, b) = (a.Expand(y.Shape), b.Expand(y.Shape));
        var strides = new Strides(y.Shape, a.Strides.ToArray(), b.Strides.ToArray());
        var inner = strides.Rank - 1;
        if (strides.Step(inner, 0) is not (0 or 1) || strides.Step(inner, 1) is not (0 or 1))
        {
            a = strides.Step(inner, 0) is 0 or 1 ? a : a.Contiguous();
            b = strides.Step(inner, 1) is 0 or 1 ? b : b.Contiguous();
            strides = new Strides(y.Shape, a.Strides.ToArray(), b.Strides.ToArray());
            inner = strides.Rank - 1;
        }

        var left = a.Pointer;
        var right = b.Pointer;
        var to = y.Pointer;
        var (rows, length) = (strides.Outer(inner), strides.Size(inner));
        var (leftStep, rightStep) = (strides.Step(inner, 0), strides.Step(inner, 1));
        if (rows == 1)
        {
            Pieces(length, CheapPiece, (start, count) =>
                Binary(op, left + (start * leftStep), leftStep, right + (start * rightStep), rightStep, to + start, count));
            return;
        }

        Pieces(rows, Math.Max(1, CheapPiece / length), (start, count) =>
        {
            for (var row = start; row < start + count; row++)
            {
                var l = left + strides.Position(row, inner, 0);
                var r = right + strides.Position(row, inner, 1);
                Binary(op, l, leftStep, r, rightStep, to + (row * length), length);
            }
        });
    }

    private static void Unary(UnaryOp op, float* x, float* y, long count)
    {
        switch (op)
        {
            case UnaryOp.Negate:
                ElementLoops.Map<UnaryFunctions.Negate>(x, y, count);
                break;
            case UnaryOp.Abs:
                ElementLoops.Map<UnaryFunctions.Abs>(x, y, count);
                break;
            case UnaryOp.Exp:
                ElementLoops.Map<UnaryFunctions.Exp>(x, y, count);
                break;
            case UnaryOp.Log:
                ElementLoops.Map<UnaryFunctions.Log>(x, y, count);
                break;
            case UnaryOp.Sqrt:
                ElementLoops.Map<UnaryFunctions.Sqrt>(x, y, count);
                break;
            case UnaryOp.Square:
                ElementLoops.Map<UnaryFunctions.Square>(x, y, count);
                break;
            case UnaryOp.Sin:
                ElementLoops.Map<UnaryFunctions.Sin>(x, y, count);
                break;
            case UnaryOp.Cos:
                ElementLoops.Map<UnaryFunctions.Cos>(x, y, count);
                break;
            case UnaryOp.Tanh:
                ElementLoops.Map<UnaryFunctions.Tanh>(x, y, count);
                break;
            case UnaryOp.Sigmoid:
                ElementLoops.Map<UnaryFunctions.Sigmoid>(x, y, count);
                break;
            case UnaryOp.Relu:
                ElementLoops.Map<UnaryFunctions.Relu>(x, y, count);
                break;
            case UnaryOp.Gelu:
                ElementLoops.Map<UnaryFunctions.Gelu>(x, y, count);
                break;
            case UnaryOp.GeluTanh:
                ElementLoops.Map<UnaryFunctions.GeluTanh>(x, y, count);
                break;
            case UnaryOp.Silu:
                ElementLoops.Map<UnaryFunctions.Silu>(x, y, count);
                break;
            case UnaryOp.Step:
                ElementLoops.Map<UnaryFunctions.Step>(x, y, count);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function");
        }
    }

    private static void Binary(BinaryOp op, float* a, long aStep, float* b, long bStep, float* y, long count)
    {
        switch (op)
        {
            case BinaryOp.Add:
                ElementLoops.Zip<BinaryFunctions.Add>(a, aStep, b, bStep, y, count);
                break;
            case BinaryOp.Subtract:
                ElementLoops.Zip<BinaryFunctions.Subtract>(a, aStep, b, bStep, y, count);
                break;
            case BinaryOp.Multiply:
                ElementLoops.Zip<BinaryFunctions.Multiply>(a, aStep, b, bStep, y, count);
                break;
            case BinaryOp.Divide:
                ElementLoops.Zip<BinaryFunctions.Divide>(a, aStep, b, bStep, y, count);
                break;
            case BinaryOp.Maximum:
                ElementLoops.Zip<BinaryFunctions.Maximum>(a, aStep, b, bStep, y, count);
                break;
            case BinaryOp.Minimum:
                ElementLoops.Zip<BinaryFunctions.Minimum>(a, aStep, b, bStep, y, count);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function");
        }
    }

    /// <summary>Cuts <paramref name="count"/> items into pieces of a fixed size and runs them; the result does not depend on the threads.</summary>
    private void Pieces(long count, long piece, Action<long, long> work)
    {
        if (count <= piece)
        {
            work(0, count);
            return;
        }

        Workers.Run(checked((int)((count + piece - 1) / piece)), i => work(i * piece, Math.Min(piece, count - (i * piece))));
    }
}
