using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Another source seen through new names: the same model as other authors store it.</summary>
/// <param name="source">The source.</param>
/// <param name="rename">From a name of the source to the name a model asks for.</param>
public sealed class RenamedWeights(IWeightSource source, Func<string, string> rename) : IWeightSource
{
    private readonly Dictionary<string, string> _originals = Index(source, rename);

    /// <inheritdoc/>
    public string Name => source.Name;

    /// <inheritdoc/>
    public IEnumerable<string> Names => _originals.Keys;

    /// <inheritdoc/>
    public IWeightEntry? Find(string name, Shape wanted, Init init) =>
        _originals.TryGetValue(name, out var original) ? source.Find(original, wanted, init) : null;

    private static Dictionary<string, string> Index(IWeightSource source, Func<string, string> rename)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(rename);
        var originals = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in source.Names)
        {
            if (!originals.TryAdd(rename(name), name))
            {
                throw new InvalidDataException($"{source.Name}: {name} and {originals[rename(name)]} are the same parameter");
            }
        }

        return originals;
    }
}
