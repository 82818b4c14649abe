namespace Parley.Tensors;

/// <summary>Frees the tensors made on this thread between its construction and its disposal.</summary>
/// <remarks>
/// Scopes go around loop bodies: a block, a decoding step, a training step. Being a ref struct, one cannot be held across <c>await</c> or
/// <c>yield</c>. What a recorded operation needs for its gradient passes to the surrounding scope; computing the gradients frees it.
/// </remarks>
public ref struct TensorScope : IDisposable
{
    [ThreadStatic]
    private static Frame? _innermost;

    private Frame? _frame;

    /// <summary>Opens a scope on this thread.</summary>
    public TensorScope()
    {
        _frame = new Frame(_innermost);
        _innermost = _frame;
    }

    /// <summary>Runs <paramref name="body"/> in a scope of its own; its result lives on in the surrounding scope.</summary>
    public static Tensor Run(Func<Tensor> body)
    {
        using var scope = new TensorScope();
        return scope.Keep(body());
    }

    /// <summary>The same for two results.</summary>
    public static (Tensor First, Tensor Second) Run(Func<(Tensor First, Tensor Second)> body)
    {
        using var scope = new TensorScope();
        var (first, second) = body();
        return (scope.Keep(first), scope.Keep(second));
    }

    /// <summary>Lets a tensor outlive this scope: the surrounding one, or the garbage collector, frees it.</summary>
    public readonly Tensor Keep(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (_frame is { } frame && frame.Blocks.Remove(tensor.Storage))
        {
            frame.Outer?.Blocks.Add(tensor.Storage);
        }

        return tensor;
    }

    /// <summary>Frees what was made in the scope and not kept.</summary>
    public void Dispose()
    {
        if (_frame is { } frame)
        {
            if (_innermost != frame)
            {
                throw new InvalidOperationException("tensor scopes must be disposed innermost first, on the thread that opened them");
            }

            _innermost = frame.Outer;
            foreach (var block in frame.Blocks)
            {
                if (block is { IsHeld: true, IsFreed: false })
                {
                    Abandon(block, frame.Outer);
                }
                else
                {
                    block.Dispose();
                }
            }

            _frame = null;
        }
    }

    private static void Abandon(Storage block, Frame? heir)
    {
        block.IsAbandoned = true;
        if (heir is null)
        {
            block.LeaveToCollector();
        }
        else
        {
            heir.Blocks.Add(block);
        }
    }

    /// <summary>Puts a new block under the innermost scope; false when there is none.</summary>
    internal static bool Track(Storage block)
    {
        if (_innermost is not { } frame)
        {
            return false;
        }

        frame.Blocks.Add(block);
        return true;
    }

    /// <summary>Whether a block is under the innermost scope.</summary>
    internal static bool Has(Storage block) => _innermost?.Blocks.Contains(block) ?? false;

    /// <summary>Takes a block out of the innermost scope, if it is there.</summary>
    internal static bool Owns(Storage block) => _innermost?.Blocks.Remove(block) ?? false;

    private sealed class Frame(Frame? outer)
    {
        public Frame? Outer { get; } = outer;

        public HashSet<Storage> Blocks { get; } = [];
    }
}
