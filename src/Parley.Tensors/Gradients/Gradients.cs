namespace Parley.Tensors;

/// <summary>The gradients of a loss with respect to the parameters it was computed from.</summary>
/// <remarks>
/// Reverse accumulation: recorded operations are visited from the last to the first, each after all that used its result. A gradient is freed
/// once it has been passed on, and so is an intermediate result whose own scope has ended: only the recording still kept that.
/// </remarks>
public sealed class Gradients
{
    [ThreadStatic]
    private static Gradients? _current;

    private readonly Dictionary<Tensor, Tensor> _parameters = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<GradNode, Tensor> _pending = [];
    private readonly PriorityQueue<GradNode, long> _waiting = new();
    private readonly Dictionary<Storage, int> _uses = [];
    private readonly HashSet<Tensor> _sums = new(ReferenceEqualityComparer.Instance);
    private readonly List<(Tensor Parameter, Tensor Gradient)> _carried = [];

    private Gradients()
    {
    }

    /// <summary>The gradient with respect to <paramref name="parameter"/>, of its shape; null when the loss does not depend on it.</summary>
    public Tensor? this[Tensor parameter] => _parameters.GetValueOrDefault(parameter);

    /// <summary>Every parameter that the loss depends on.</summary>
    public IReadOnlyCollection<Tensor> Parameters => _parameters.Keys;

    internal static Gradients Of(Tensor result, Tensor seed)
    {
        var gradients = new Gradients();

        // One use more than the sweep makes: the seed is its giver's.
        gradients.Hold(seed);
        gradients.Sweep(result, seed);
        return gradients;
    }

    /// <summary>
    /// Sweeps a graph that a backward rule recorded anew, into the gradients of the sweep that runs the rule; returns the gradients of
    /// <paramref name="inputs"/>, leaves of that graph.
    /// </summary>
    internal static Tensor?[] Inner(Tensor result, Tensor seed, ReadOnlySpan<Tensor> inputs)
    {
        var outer = _current ?? throw new InvalidOperationException("a graph inside a backward rule was swept outside a sweep");
        var inner = Of(result, seed);
        var found = new Tensor?[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            inner._parameters.Remove(inputs[i], out found[i]);
        }

        foreach (var (parameter, gradient) in inner._parameters)
        {
            outer._carried.Add((parameter, gradient));
        }

        return found;
    }

    private void Sweep(Tensor result, Tensor seed)
    {
        var before = _current;
        _current = this;
        try
        {
            using var pause = Autograd.Pause();
            Add("backward", result, seed);
            while (_waiting.TryDequeue(out var node, out _))
            {
                Visit(node);
            }
        }
        finally
        {
            _current = before;
        }
    }

    private void Visit(GradNode node)
    {
        _pending.Remove(node, out var gradient);

        // From here on others may see this sum: nothing more is added to it in place.
        _sums.Remove(gradient!);
        var outgoing = Run(node, gradient!);
        for (var i = 0; i < outgoing.Length; i++)
        {
            if (outgoing[i] is { } next && node.Inputs[i] is { NeedsGradient: true } input)
            {
                Add(node.Operation, input, next);
            }
        }

        foreach (var (parameter, next) in _carried)
        {
            Add(node.Operation, parameter, next);
        }

        _carried.Clear();
        Drop(gradient!);
        node.Release(dispose: !_uses.ContainsKey(node.Result.Storage));
    }

    private Tensor?[] Run(GradNode node, Tensor gradient)
    {
        using var scope = new TensorScope();
        var outgoing = node.Backward(gradient);
        foreach (var tensor in outgoing)
        {
            if (tensor is not null)
            {
                scope.Keep(tensor);
            }
        }

        foreach (var (_, tensor) in _carried)
        {
            scope.Keep(tensor);
        }

        return outgoing;
    }

    private void Add(string operation, Tensor target, Tensor gradient)
    {
        if (gradient.Shape != target.Shape)
        {
            throw new ShapeException($"{operation}: its backward rule gives {gradient.Shape} for an input of {target.Shape}");
        }

        if (target.Node is { } node)
        {
            if (!_pending.TryGetValue(node, out var known))
            {
                _waiting.Enqueue(node, -node.Order);
                _pending[node] = Hold(gradient);
            }
            else
            {
                _pending[node] = Sum(known, gradient);
            }
        }
        else if (target.IsParameter)
        {
            _parameters[target] = _parameters.TryGetValue(target, out var known) ? Sum(known, gradient) : Hold(gradient);
        }
    }

    private Tensor Sum(Tensor known, Tensor gradient)
    {
        if (_sums.Contains(known))
        {
            known.Backend.Binary(BinaryOp.Add, known, gradient, known);
            return known;
        }

        var sum = Hold(known + gradient);
        _sums.Add(sum);
        Drop(known);
        return sum;
    }

    private Tensor Hold(Tensor gradient)
    {
        _uses[gradient.Storage] = _uses.GetValueOrDefault(gradient.Storage) + 1;
        return gradient;
    }

    private void Drop(Tensor gradient)
    {
        var left = _uses[gradient.Storage] - 1;
        if (left > 0)
        {
            _uses[gradient.Storage] = left;
            return;
        }

        _uses.Remove(gradient.Storage);
        _sums.Remove(gradient);
        gradient.Release();
    }
}
