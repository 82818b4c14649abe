namespace Parley.Tensors;

// Reverse-mode gradients: parameters, the record of an operation, the sweep.
public sealed unsafe partial class Tensor
{
    /// <summary>Whether this tensor is trained: operations on it are recorded, and losses have a gradient with respect to it.</summary>
    public bool IsParameter { get; private init; }

    /// <summary>Whether a gradient can pass through this tensor: a parameter, or the result of a recorded operation.</summary>
    public bool NeedsGradient => IsParameter || Node is not null;

    /// <summary>The operation that made this tensor, if it was recorded.</summary>
    internal GradNode? Node { get; private set; }

    /// <summary>The same memory as something to be trained.</summary>
    public Tensor AsParameter() => new(Storage, Offset, Shape, _strides, Backend) { IsParameter = true };

    /// <summary>The same memory as a constant: no gradient passes through.</summary>
    public Tensor StopGradient() => NeedsGradient ? new(Storage, Offset, Shape, _strides, Backend) : this;

    /// <summary>Gradients of this loss, a single number, with respect to every parameter it was computed from.</summary>
    /// <remarks>They live in the surrounding scope. The recording is used up: a loss has its gradients computed once.</remarks>
    public Gradients Backward() => Count == 1
        ? Backward(From([1f], Shape, Backend))
        : throw new ShapeException($"backward: a loss is a single number, this tensor is {Shape}; reduce it, or give the gradient of each element");

    /// <summary>The same for a tensor whose elements have the gradients <paramref name="seed"/>, of its shape.</summary>
    public Gradients Backward(Tensor seed)
    {
        ArgumentNullException.ThrowIfNull(seed);
        return NeedsGradient
            ? Gradients.Of(this, seed)
            : throw new InvalidOperationException("backward: this loss depends on no parameter; nothing was recorded");
    }

    /// <summary>Computes <paramref name="body"/> of this tensor without keeping its intermediate results; they are computed again when gradients are.</summary>
    /// <remarks>Memory for time: one more forward pass. The body must give the same result each time. Chen et al. 2016, arXiv 1604.06174.</remarks>
    public Tensor Checkpoint(Func<Tensor, Tensor> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (Autograd.IsPaused)
        {
            return body(this);
        }

        Tensor y;
        using (Autograd.Pause())
        {
            y = TensorScope.Run(() => body(this));
        }

        // Parameters inside the body are unknown here, so this is recorded even if the input itself needs no gradient.
        y = y.StopGradient();
        y.Node = new GradNode("checkpoint", y, [this], Saves.Inputs, isView: false, (g, _) =>
        {
            using var recording = Autograd.Resume();
            var input = AsParameter();
            var again = body(input);
            return again.NeedsGradient ? Gradients.Inner(again, g, [input]) : [null];
        });
        return y;
    }

    /// <summary>A loss whose gradients were computed together with its value.</summary>
    /// <param name="operation">Name, for errors.</param>
    /// <param name="value">The loss.</param>
    /// <param name="backend">What computes on it.</param>
    /// <param name="parts">What it was computed from, each with ∂value/∂part, of the part's shape.</param>
    /// <returns>[].</returns>
    public static Tensor Loss(string operation, float value, Backend backend, params ReadOnlySpan<(Tensor Part, Tensor Gradient)> parts)
    {
        var all = new Tensor?[2 * parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            (all[i], all[parts.Length + i]) = parts[i];
        }

        // The gradients are inputs too, which keeps them until the rule has run; none goes back to them.
        var gradients = all[parts.Length..];
        return Note(operation, From([value], [], backend), all, Saves.Inputs, (g, _) =>
        {
            var outgoing = new Tensor?[all.Length];
            for (var i = 0; i < gradients.Length; i++)
            {
                outgoing[i] = g.Scalar == 1f ? gradients[i] : gradients[i]! * g;
            }

            return outgoing;
        });
    }

    /// <summary>Sums over the dimensions along which <paramref name="shape"/> was stretched to this tensor's: the gradient of broadcasting.</summary>
    internal Tensor SumTo(Shape shape)
    {
        var x = this;
        while (x.Shape.Rank > shape.Rank)
        {
            x = x.Sum(0);
        }

        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (shape[axis] == 1 && x.Shape[axis] != 1)
            {
                x = x.Sum(axis, keepDims: true);
            }
        }

        return x;
    }

    /// <summary>Computes the result of an operation and, if an input needs a gradient, notes the rule by which it gets one.</summary>
    private static Tensor Record(
        string operation, Backend backend, Shape shape, Action<Tensor> forward, Tensor?[] inputs, Saves saves, BackwardRule backward)
    {
        if (!Autograd.Records(inputs))
        {
            return Compute(backend, shape, forward);
        }

        Tensor y;
        using (Autograd.Pause())
        {
            y = Compute(backend, shape, forward);
        }

        y.Node = new GradNode(operation, y, inputs, saves, isView: false, backward);
        return y;
    }

    private static Tensor Note(string operation, Tensor y, Tensor?[] inputs, Saves saves, BackwardRule backward, bool isView = false)
    {
        if (Autograd.Records(inputs))
        {
            y.Node = new GradNode(operation, y, inputs, saves, isView, backward);
        }

        return y;
    }

    private Tensor View(string operation, long offset, Shape shape, long[] strides, Func<Tensor, Tensor> backward) =>
        Note(operation, new Tensor(Storage, offset, shape, strides, Backend), [this], Saves.Nothing, (g, _) => [backward(g)], isView: true);
}
