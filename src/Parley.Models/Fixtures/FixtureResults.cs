using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>What Parley computed for a fixture, by the names the fixture expects.</summary>
internal sealed class FixtureResults
{
    private readonly Dictionary<string, (long[] Shape, float[]? Numbers, long[]? Integers)> _tensors = new(StringComparer.Ordinal);
    private readonly List<(string Prefix, string Reason)> _reasons = [];

    /// <summary>Real numbers.</summary>
    public void Add(string name, IReadOnlyList<int> shape, float[] values) => _tensors[name] = ([.. shape.Select(d => (long)d)], values, null);

    /// <summary>Integers, to match exactly.</summary>
    public void Add(string name, IReadOnlyList<int> shape, long[] values) => _tensors[name] = ([.. shape.Select(d => (long)d)], null, values);

    /// <summary>Everything that was tapped, under its own name and a suffix.</summary>
    public void Add(Taps taps, string suffix = "")
    {
        foreach (var name in taps.Names)
        {
            if (taps.TryGet(name, out var tensor))
            {
                Add(name + suffix, tensor.Shape.Dims.ToArray(), tensor.Values);
            }
        }
    }

    /// <summary>Gradients of a loss with respect to parameters, as grad.NAME.</summary>
    public void AddGradients(Tensor loss, IReadOnlyList<Parameter> parameters)
    {
        var gradients = loss.Backward();
        foreach (var parameter in parameters)
        {
            if (parameter.Tensor is { } tensor && gradients[tensor] is { } gradient)
            {
                Add($"grad.{parameter.Name}", tensor.Shape.Dims.ToArray(), gradient.ToArray());
            }
        }
    }

    /// <summary>Why names that start so are not computed.</summary>
    public void CannotCompute(string prefix, string reason) => _reasons.Add((prefix, reason));

    /// <summary>The row of one expected tensor.</summary>
    public FixtureRow Compare(ExpectedTensor expected)
    {
        if (!_tensors.TryGetValue(expected.Name, out var got))
        {
            var (prefix, reason) = _reasons.Find(r => expected.Name.StartsWith(r.Prefix, StringComparison.Ordinal));
            return new FixtureRow(expected.Name, FixtureVerdict.NotComputed, 0, 0, prefix is null ? "unknown to this model's runner" : reason);
        }

        if (!got.Shape.SequenceEqual(expected.Stored.Shape))
        {
            return Failed($"shape [{string.Join(", ", got.Shape)}] where [{string.Join(", ", expected.Stored.Shape)}] was expected");
        }

        if (expected.IsExact)
        {
            return got.Integers is null ? Failed("numbers where integers were expected") : CompareIntegers(expected, got.Integers);
        }

        return got.Numbers is null ? Failed("integers where numbers were expected") : CompareNumbers(expected, got.Numbers);

        FixtureRow Failed(string detail) => new(expected.Name, FixtureVerdict.Failed, double.PositiveInfinity, 0, detail);
    }

    private static FixtureRow CompareIntegers(ExpectedTensor expected, long[] got)
    {
        var (want, wrong, first) = (expected.Stored.ToIntegers(), 0, -1);
        for (var i = 0; i < want.Length; i++)
        {
            if (got[i] != want[i])
            {
                (wrong, first) = (wrong + 1, first < 0 ? i : first);
            }
        }

        return wrong == 0
            ? new FixtureRow(expected.Name, FixtureVerdict.Passed, 0, 0, "")
            : new FixtureRow(expected.Name, FixtureVerdict.Failed, Math.Abs(got[first] - want[first]), 0, $"{wrong} of {want.Length} differ; first at {first}: {got[first]} where {want[first]} was expected");
    }

    private static FixtureRow CompareNumbers(ExpectedTensor expected, float[] got)
    {
        var want = expected.Stored.ToSingles();
        var (wrong, worst, worstRatio, worstError, worstAllowed) = (0, -1, -1.0, 0.0, expected.Absolute);
        for (var i = 0; i < want.Length; i++)
        {
            if (got[i].Equals(want[i]))
            {
                continue;
            }

            var error = Math.Abs((double)got[i] - want[i]);
            var allowed = expected.Absolute + (expected.Relative * Math.Abs((double)want[i]));
            error = double.IsNaN(error) ? double.PositiveInfinity : error;
            allowed = double.IsFinite(allowed) ? allowed : 0;
            var ratio = allowed > 0 ? error / allowed : double.PositiveInfinity;
            wrong += error <= allowed ? 0 : 1;
            if (ratio > worstRatio)
            {
                (worst, worstRatio, worstError, worstAllowed) = (i, ratio, error, allowed);
            }
        }

        return wrong == 0
            ? new FixtureRow(expected.Name, FixtureVerdict.Passed, worstError, worstAllowed, "")
            : new FixtureRow(expected.Name, FixtureVerdict.Failed, worstError, worstAllowed, $"{wrong} of {want.Length} differ; worst at {worst}: {got[worst]:R} where {want[worst]:R} was expected");
    }
}
