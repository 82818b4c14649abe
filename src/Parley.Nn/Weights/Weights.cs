using Parley.Tensors;

namespace Parley.Nn;

/// <summary>A place in a checkpoint from which a layer asks for its parameters by name.</summary>
/// <remarks>Asking twice for one name gives the same object, so tied weights need no code. Misfits are collected and reported together by <see cref="Build"/>.</remarks>
public sealed class Weights
{
    private readonly WeightsBuild _build;
    private readonly string _prefix;

    internal Weights(WeightsBuild build, string prefix) => (_build, _prefix) = (build, prefix);

    /// <summary>What computes on the parameters.</summary>
    public Backend Backend => _build.Options.Backend;

    /// <summary>The scope one name further down.</summary>
    public Weights this[string name] => new(_build, _prefix.Length == 0 ? name : $"{_prefix}.{name}");

    /// <summary>The scope of one entry of a list.</summary>
    public Weights this[int index] => this[index.ToString()];

    /// <summary>Builds a model from a source; throws once, with every misfit, when they do not fit each other.</summary>
    /// <param name="source">Where the values come from.</param>
    /// <param name="make">Constructs the model; asks the weights for each parameter.</param>
    /// <param name="options">Backend and precision; null: the default backend, precision as stored.</param>
    public static BuiltModel<T> Build<T>(IWeightSource source, Func<Weights, T> make, WeightsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(make);
        var build = new WeightsBuild(source, options ?? new WeightsOptions());
        var model = make(new Weights(build, ""));
        build.ThrowIfMisfits(typeof(T).Name);
        return new BuiltModel<T>(model, build.Parameters);
    }

    /// <summary>Whether the source has <paramref name="name"/> in this scope; always false for sources that make values.</summary>
    public bool Has(string name) => _build.Has(Full(name));

    /// <summary>A parameter as float32.</summary>
    public Tensor Get(string name, Shape shape, Init init = default) => _build.Tensor(Full(name), shape, init, isBuffer: false);

    /// <summary>A tensor that is stored but not trained: running statistics, sinusoids.</summary>
    public Tensor Buffer(string name, Shape shape, Init init = default) => _build.Tensor(Full(name), shape, init, isBuffer: true);

    /// <summary>A matrix [outFeatures, inFeatures] in the precision chosen at load.</summary>
    public WeightMatrix Matrix(string name, int outFeatures, int inFeatures, Init init = default) =>
        _build.Matrix(Full(name), outFeatures, inFeatures, init);

    /// <summary>A matrix that is stored transposed, [inFeatures, outFeatures]: as it is stored when it is trained, else turned and in the precision chosen at load.</summary>
    public (WeightMatrix? Matrix, Tensor? Stored) Transposed(string name, int outFeatures, int inFeatures, Init init = default) =>
        _build.Transposed(Full(name), outFeatures, inFeatures, init);

    /// <summary>A weight-normalised parameter: g v / ‖v‖, the norm over all dimensions but <paramref name="dim"/>.</summary>
    /// <remarks>Reads <c>name_g</c> and <c>name_v</c>, or the newer <c>parametrizations.name.original0</c> and <c>original1</c>.</remarks>
    public NormedWeight WeightNorm(string name, Shape shape, int dim, Init init = default) => _build.WeightNorm(this, name, shape, dim, init);

    /// <summary>Says that tensors whose names in this scope start with <paramref name="prefix"/> are left unread on purpose.</summary>
    public void Ignore(string prefix) => _build.Ignore(Full(prefix));

    /// <summary>A list of equal parts: scopes 0, 1, … of this one.</summary>
    public T[] Repeat<T>(int count, Func<Weights, T> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        var parts = new T[count];
        for (var i = 0; i < count; i++)
        {
            parts[i] = make(this[i]);
        }

        return parts;
    }

    private string Full(string name) => _prefix.Length == 0 ? name : $"{_prefix}.{name}";
}
