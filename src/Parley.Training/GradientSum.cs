using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>Gradients of several batches, each counted by what its loss is a mean over: together they are those of one large batch.</summary>
internal sealed class GradientSum(IReadOnlyList<Parameter> trained) : IDisposable
{
    private readonly Tensor[] _sums = [.. trained.Select(p => Tensor.Allocate(p.Shape, p.Tensor!.Backend))];
    private readonly bool[] _has = new bool[trained.Count];
    private readonly double[] _totals = new double[trained.Count + 3];
    private double _loss;
    private double _weight;

    /// <summary>Starts a new step.</summary>
    internal void Clear()
    {
        (_loss, _weight) = (0, 0);
        Array.Clear(_has);
    }

    /// <summary>Adds the gradients of one batch.</summary>
    internal void Add(Tensor mean, double value, double weight)
    {
        var gradients = mean.Backward();
        (_loss, _weight) = (_loss + (value * weight), _weight + weight);
        var factor = (float)weight;
        for (var i = 0; i < _sums.Length; i++)
        {
            if (gradients[trained[i].Tensor!] is { } gradient)
            {
                var isFirst = !_has[i];
                _has[i] = true;
                Tensor.Update([_sums[i], gradient.Contiguous()], p => Add(p[0], p[1], factor, isFirst));
            }
        }
    }

    /// <summary>Adds what the other processes have summed, and gives the seconds of audio of all.</summary>
    internal double Share(ICollective processes, double seconds)
    {
        if (processes.Count == 1)
        {
            return seconds;
        }

        (_totals[0], _totals[1], _totals[2]) = (_loss, _weight, seconds);
        for (var i = 0; i < _has.Length; i++)
        {
            _totals[3 + i] = _has[i] ? 1 : 0;
        }

        processes.Sum(_totals);
        (_loss, _weight) = (_totals[0], _totals[1]);
        for (var i = 0; i < _has.Length; i++)
        {
            // A parameter may have a gradient from the batches of one process only.
            if (_totals[3 + i] > 0)
            {
                var isMissing = !_has[i];
                _has[i] = true;
                Tensor.Update([_sums[i]], p => Share(processes, p[0], isMissing));
            }
        }

        return _totals[2];
    }

    /// <summary>Mean loss, and the parameters that it depends on with their mean gradients, valid until the next <see cref="Clear"/>.</summary>
    internal (double Loss, IReadOnlyList<TrainedParameter> Parameters) Mean(Func<Parameter, bool> decays)
    {
        List<TrainedParameter> parameters = [];
        var scale = (float)(1 / _weight);
        for (var i = 0; i < _sums.Length; i++)
        {
            if (_has[i])
            {
                Tensor.Update([_sums[i]], p => Scale(p[0], scale));
                parameters.Add(new TrainedParameter(trained[i].Name, trained[i].Tensor!, _sums[i], decays(trained[i])));
            }
        }

        return (_loss / _weight, parameters);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var sum in _sums)
        {
            sum.Dispose();
        }
    }

    private static void Add(Span<float> sum, Span<float> gradient, float factor, bool isFirst)
    {
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] = (isFirst ? 0 : sum[i]) + (factor * gradient[i]);
        }
    }

    private static void Share(ICollective processes, Span<float> sum, bool isMissing)
    {
        if (isMissing)
        {
            sum.Clear();
        }

        processes.Sum(sum);
    }

    private static void Scale(Span<float> values, float scale)
    {
        foreach (ref var value in values)
        {
            value *= scale;
        }
    }
}
