using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>A running average of the trained parameters (Polyak and Juditsky 1992), often better than the last of them.</summary>
/// <param name="parameters">All of the model.</param>
/// <param name="decay">Share of the old average in the new one, once enough steps are taken; (1 + step) / (10 + step) before.</param>
public sealed class WeightAverage(IReadOnlyList<Parameter> parameters, float decay) : IDisposable
{
    private readonly (Parameter Parameter, Tensor Average)[] _pairs = [.. parameters.Where(p => p.Tensor is { IsParameter: true }).Select(p => (p, Copy(p.Tensor!)))];

    /// <summary>Averages by parameter name.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Values => _pairs.Select(p => KeyValuePair.Create(p.Parameter.Name, p.Average));

    /// <summary>Takes the parameters of one more step in.</summary>
    public void Add(long step)
    {
        var share = Math.Min(decay, (1f + step) / (10f + step));
        foreach (var (parameter, average) in _pairs)
        {
            Tensor.Update([average, parameter.Tensor!], p =>
            {
                var old = p[0];
                var values = p[1];
                for (var i = 0; i < old.Length; i++)
                {
                    old[i] = (share * old[i]) + ((1 - share) * values[i]);
                }
            });
        }
    }

    /// <summary>Exchanges parameters and averages: once before validation, once after.</summary>
    public void Swap()
    {
        foreach (var (parameter, average) in _pairs)
        {
            Tensor.Update([average, parameter.Tensor!], p =>
            {
                var a = p[0];
                var b = p[1];
                for (var i = 0; i < a.Length; i++)
                {
                    (a[i], b[i]) = (b[i], a[i]);
                }
            });
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, average) in _pairs)
        {
            average.Dispose();
        }
    }

    private static Tensor Copy(Tensor tensor)
    {
        var copy = Tensor.Allocate(tensor.Shape, tensor.Backend);
        copy.CopyFrom(tensor);
        return copy;
    }
}
