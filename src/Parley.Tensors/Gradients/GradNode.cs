namespace Parley.Tensors;

/// <summary>What a backward rule reads: it must outlive the scopes of the forward pass.</summary>
[Flags]
internal enum Saves
{
    /// <summary>The gradient of the result is enough.</summary>
    Nothing = 0,

    /// <summary>The operation's inputs.</summary>
    Inputs = 1,

    /// <summary>The operation's result.</summary>
    Result = 2,
}

/// <summary>A rule from the gradient of a result, and the result, to the gradients of the inputs; null where an input needs none.</summary>
internal delegate Tensor?[] BackwardRule(Tensor gradient, Tensor result);

/// <summary>One recorded operation: which inputs its result came from, and how a gradient goes back to them.</summary>
internal sealed class GradNode
{
    private static long _made;
    private readonly BackwardRule _backward;
    private readonly Saves _saves;
    private readonly bool _isView;

    internal GradNode(string operation, Tensor result, Tensor?[] inputs, Saves saves, bool isView, BackwardRule backward)
    {
        (Operation, Result, Inputs, _saves, _isView, _backward) = (operation, result, inputs, saves, isView, backward);
        MemoryPool.KeepMore();
        SetHeld(true);
    }

    /// <summary>Operation, for errors.</summary>
    internal string Operation { get; }

    /// <summary>Rises from each operation to those that use its result.</summary>
    internal long Order { get; } = Interlocked.Increment(ref _made);

    internal Tensor Result { get; }

    internal Tensor?[] Inputs { get; }

    /// <summary>Gradients of the inputs.</summary>
    internal Tensor?[] Backward(Tensor gradient) => _backward(gradient, Result);

    /// <summary>Says that the rule has run for the last time: what only the recording kept may go, and the result itself goes if <paramref name="dispose"/>.</summary>
    internal void Release(bool dispose)
    {
        SetHeld(false);
        if (dispose && !_isView && Result.Storage.IsAbandoned)
        {
            Result.Storage.Dispose();
        }
    }

    private void SetHeld(bool held)
    {
        if (_saves.HasFlag(Saves.Result))
        {
            Result.Storage.IsHeld = held;
        }

        if (_saves.HasFlag(Saves.Inputs))
        {
            foreach (var input in Inputs)
            {
                input?.Storage.IsHeld = held;
            }
        }
    }
}
