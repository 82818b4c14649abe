using Parley.Tensors;

namespace Parley.Nn;

/// <summary>A parameter with its gradient and how strongly weight decay pulls at it.</summary>
/// <param name="Name">Checkpoint name.</param>
/// <param name="Value">The parameter, overwritten by a step.</param>
/// <param name="Gradient">Gradient of the loss, of its shape.</param>
/// <param name="Decays">Whether weight decay applies: usually to matrices, not to biases and norms.</param>
public readonly record struct TrainedParameter(string Name, Tensor Value, Tensor Gradient, bool Decays);

/// <summary>Turns gradients into steps of the parameters; keeps what it must remember of each by name.</summary>
public abstract class Optimizer : IDisposable
{
    private readonly SortedDictionary<string, Tensor> _state = new(StringComparer.Ordinal);

    /// <summary>Steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>What is remembered between steps, by "kind.parameter": to be saved with a checkpoint.</summary>
    public IReadOnlyDictionary<string, Tensor> State => _state;

    /// <summary>Moves the parameters against their gradients.</summary>
    /// <param name="parameters">All that are trained; the same at each step.</param>
    /// <param name="rate">Learning rate of this step.</param>
    public void Step(IReadOnlyList<TrainedParameter> parameters, double rate)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Steps++;
        foreach (var parameter in parameters)
        {
            Update(parameter, rate);
        }
    }

    /// <summary>Goes on from a saved state.</summary>
    public void Restore(long steps, IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Dispose();
        foreach (var (name, tensor) in state)
        {
            var own = Tensor.Allocate(tensor.Shape, tensor.Backend);
            own.CopyFrom(tensor);
            _state.Add(name, own);
        }

        Steps = steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _state.Values)
        {
            tensor.Dispose();
        }

        _state.Clear();
        GC.SuppressFinalize(this);
    }

    /// <summary>One parameter's step.</summary>
    protected abstract void Update(TrainedParameter parameter, double rate);

    /// <summary>What is remembered of a parameter: zeros of its shape at first.</summary>
    protected Tensor Remembered(string kind, TrainedParameter parameter) => Remembered(kind, parameter.Name, parameter.Value.Shape, parameter.Value.Backend, out _);

    /// <summary>The same for another shape; tells whether it is new.</summary>
    protected Tensor Remembered(string kind, string name, Shape shape, Backend backend, out bool isNew)
    {
        var key = $"{kind}.{name}";
        isNew = !_state.TryGetValue(key, out var tensor);
        if (isNew)
        {
            _state[key] = tensor = Tensor.Allocate(shape, backend);
        }

        return tensor!.Shape == shape
            ? tensor
            : throw new InvalidOperationException($"optimizer: what is remembered of {name} is {tensor.Shape}, the parameter needs {shape}");
    }
}
