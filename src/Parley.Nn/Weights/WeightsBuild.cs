using System.Text;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>What one <see cref="Weights.Build"/> has asked for so far, and what did not fit.</summary>
internal sealed class WeightsBuild(IWeightSource source, WeightsOptions options)
{
    private const int ShownMisfits = 40;
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly List<Parameter> _parameters = [];
    private readonly List<string> _misfits = [];
    private readonly List<string> _ignored = [];
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(source.Names, StringComparer.Ordinal);

    internal WeightsOptions Options { get; } = options;

    internal IReadOnlyList<Parameter> Parameters => _parameters;

    internal bool Has(string name) => _names.Contains(name);

    internal void Ignore(string prefix) => _ignored.Add(prefix);

    internal Tensor Tensor(string name, Shape shape, Init init, bool isBuffer)
    {
        if (Known(name, shape) is { Tensor: { } known })
        {
            return known;
        }

        var entry = Find(name, shape, init);
        var tensor = entry?.ToTensor(Options.Backend) ?? Absent(shape);
        if (entry is not null && (isBuffer ? Options.IsTraining : Options.Trains(name)))
        {
            tensor = isBuffer ? Owned(tensor) : Owned(tensor).AsParameter();
        }

        Add(new Parameter(name, shape, isBuffer, tensor, tensor.IsParameter && shape.Rank == 2 ? WeightMatrix.Dense(tensor) : null));
        return tensor;
    }

    /// <summary>The values in memory of their own, which training changes: a mapped checkpoint cannot be written to.</summary>
    private static Tensor Owned(Tensor values)
    {
        var own = Parley.Tensors.Tensor.Allocate(values.Shape, values.Backend);
        own.CopyFrom(values);
        values.Dispose();
        return own;
    }

    internal WeightMatrix Matrix(string name, int outFeatures, int inFeatures, Init init)
    {
        Shape shape = [outFeatures, inFeatures];
        if (Known(name, shape) is { Matrix: { } known })
        {
            return known;
        }

        if (Options.Trains(name))
        {
            Tensor(name, shape, init, isBuffer: false);
            return Known(name, shape)?.Matrix ?? WeightMatrix.Dense(Absent(shape));
        }

        WeightMatrix matrix;
        try
        {
            var entry = Find(name, shape, init);
            matrix = entry?.ToMatrix(Options.Backend, Options.Precision ?? entry.Format) ?? WeightMatrix.Dense(Absent(shape));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{source.Name}: {name}: {e.Message}", e);
        }

        Add(new Parameter(name, shape, IsBuffer: false, Tensor: null, matrix));
        return matrix;
    }

    internal (WeightMatrix? Matrix, Tensor? Stored) Transposed(string name, int outFeatures, int inFeatures, Init init)
    {
        Shape stored = [inFeatures, outFeatures];
        if (Options.Trains(name) || source is ShapeSource)
        {
            return (null, Tensor(name, stored, init, isBuffer: false));
        }

        if (Known(name, stored) is { Matrix: { } known })
        {
            return (known, null);
        }

        var entry = Find(name, stored, init);
        var matrix = entry is null ? WeightMatrix.Dense(Absent([outFeatures, inFeatures])) : Turned(name, entry);
        Add(new Parameter(name, stored, IsBuffer: false, Tensor: null, matrix));
        return (matrix, null);
    }

    private WeightMatrix Turned(string name, IWeightEntry entry)
    {
        using var scope = new TensorScope();
        var turned = Parley.Tensors.Tensor.Allocate([entry.Shape[1], entry.Shape[0]], Options.Backend);
        turned.CopyFrom(entry.ToTensor(Options.Backend).Transpose(0, 1));
        if ((Options.Precision ?? entry.Format) is var format && format == WeightFormat.Float32)
        {
            return WeightMatrix.Dense(turned);
        }

        using (turned)
        {
            var builder = new WeightMatrixBuilder(format, turned.Shape[0], turned.Shape[1], name, Options.Backend.Workers);
            builder.Add(turned.Values);
            return builder.Build();
        }
    }

    internal NormedWeight WeightNorm(Weights scope, string name, Shape shape, int dim, Init init)
    {
        var newer = scope["parametrizations"][name];
        var norms = new int[shape.Rank];
        Array.Fill(norms, 1);
        norms[dim] = shape[dim];
        var (g, v) = newer.Has("original0")
            ? (newer.Get("original0", Shape.Create(norms), Init.Ones), newer.Get("original1", shape, init))
            : (scope.Get($"{name}_g", Shape.Create(norms), Init.Ones), scope.Get($"{name}_v", shape, init));

        // After a misfit there may be no values to fold, and the build ends in an error anyway.
        return source is ShapeSource || _misfits.Count > 0 ? new NormedWeight(v) : new NormedWeight(g, v, dim);
    }

    internal void ThrowIfMisfits(string model)
    {
        foreach (var name in _names.Where(n => !_read.Contains(n) && !_ignored.Any(prefix => n.StartsWith(prefix, StringComparison.Ordinal))))
        {
            _misfits.Add($"{name}: in the checkpoint, but this model does not read it");
        }

        if (_misfits.Count == 0)
        {
            return;
        }

        var text = new StringBuilder($"{model} does not fit {source.Name}:");
        foreach (var misfit in _misfits.Take(ShownMisfits))
        {
            text.Append("\n  ").Append(misfit);
        }

        if (_misfits.Count > ShownMisfits)
        {
            text.Append($"\n  and {_misfits.Count - ShownMisfits} more");
        }

        throw new InvalidDataException(text.ToString());
    }

    private Tensor Absent(Shape shape) => Parley.Tensors.Tensor.Borrow(0, shape, this, Options.Backend);

    private Parameter? Known(string name, Shape shape)
    {
        if (!_index.TryGetValue(name, out var index))
        {
            return null;
        }

        var parameter = _parameters[index];
        if (parameter.Shape != shape)
        {
            throw new InvalidOperationException($"{name} is asked for as {parameter.Shape} and as {shape}");
        }

        return _parameters[index] = parameter with { Uses = parameter.Uses + 1 };
    }

    private void Add(Parameter parameter)
    {
        if (_index.TryGetValue(parameter.Name, out var index))
        {
            // Asked for as a tensor and as a matrix: one parameter held in both forms.
            var first = _parameters[index];
            _parameters[index] = first with { Tensor = first.Tensor ?? parameter.Tensor, Matrix = first.Matrix ?? parameter.Matrix };
            return;
        }

        _index[parameter.Name] = _parameters.Count;
        _parameters.Add(parameter);
    }

    private IWeightEntry? Find(string name, Shape shape, Init init)
    {
        _read.Add(name);
        var entry = source.Find(name, shape, init);
        if (entry is null)
        {
            _misfits.Add($"{name} {shape}: missing");
        }
        else if (entry.Shape != shape)
        {
            _misfits.Add($"{name}: the model wants {shape}, the checkpoint has {entry.Shape}");
            return null;
        }

        return entry;
    }
}
