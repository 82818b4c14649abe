using System.Diagnostics.CodeAnalysis;
using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Collects named intermediate results of a forward pass, so that a model can be compared with its reference layer by layer.</summary>
/// <remarks>Models take <c>Taps? taps = null</c> and call <c>taps?.Add("hidden_0", x)</c>: free when nobody listens. Values are copied, so no scope frees them.</remarks>
public sealed class Taps
{
    private readonly Dictionary<string, TappedTensor> _tensors = new(StringComparer.Ordinal);
    private readonly Func<string, bool>? _wanted;

    /// <summary>Listens to some names.</summary>
    /// <param name="wanted">Which names to keep; null: all.</param>
    public Taps(Func<string, bool>? wanted = null) => _wanted = wanted;

    /// <summary>Names in the order they were given out.</summary>
    public IEnumerable<string> Names => _tensors.Keys;

    /// <summary>Whether anybody listens to this name: ask before computing something for a tap alone.</summary>
    public bool Wants(string name) => _wanted is null || _wanted(name);

    /// <summary>Keeps a copy of <paramref name="x"/>; a later one of the same name replaces it.</summary>
    public void Add(string name, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (Wants(name))
        {
            _tensors[name] = new TappedTensor(x.Shape, x.ToArray());
        }
    }

    /// <summary>What was given out under a name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out TappedTensor? tensor) => _tensors.TryGetValue(name, out tensor);
}
