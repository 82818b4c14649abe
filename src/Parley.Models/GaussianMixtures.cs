using System.Numerics;
using System.Runtime.InteropServices;

namespace Parley.Models;

/// <summary>What states emit: b_j(o) = Σ_m c_jm N(o; μ_jm, U_jm) with diagonal covariances (Rabiner 1989, eq. 49).</summary>
/// <remarks>The lanes of a vector hold neighbouring dimensions; rows are filled up with dimensions of precision 0, which add nothing.</remarks>
public sealed class GaussianMixtures
{
    // A mixture of a trained state sums to one but for the rounding of float32.
    private const double WeightTolerance = 1e-3;

    private readonly float[] _rows;
    private readonly float[] _constants;

    /// <summary>Takes parameters, which are not copied and must not change.</summary>
    /// <param name="weights">c [states, mixtures]; 0 for a density that a state does not use.</param>
    /// <param name="means">μ [states, mixtures, dim].</param>
    /// <param name="variances">The diagonals of U [states, mixtures, dim].</param>
    /// <param name="states">States.</param>
    /// <param name="mixtures">Most densities of a state.</param>
    /// <exception cref="InvalidDataException">Numbers that no density has.</exception>
    public GaussianMixtures(float[] weights, float[] means, float[] variances, int states, int mixtures)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(means);
        ArgumentNullException.ThrowIfNull(variances);
        (Weights, Means, Variances, States, Mixtures) = (weights, means, variances, states, mixtures);
        Dim = means.Length / Math.Max(1, weights.Length);
        if (states < 1 || mixtures < 1 || weights.Length != states * mixtures || means.Length != weights.Length * Dim || variances.Length != means.Length || Dim < 1)
        {
            throw new ArgumentException($"{states} states of {mixtures} Gaussians do not fit {weights.Length} weights, {means.Length} means and {variances.Length} variances");
        }

        Stride = (Dim + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        _rows = new float[checked(weights.Length * 2 * Stride)];
        _constants = new float[weights.Length];
        for (var state = 0; state < states; state++)
        {
            Prepare(state);
        }
    }

    /// <summary>States.</summary>
    public int States { get; }

    /// <summary>Most densities of a state.</summary>
    public int Mixtures { get; }

    /// <summary>Numbers of an observation.</summary>
    public int Dim { get; }

    /// <summary>c [states, mixtures].</summary>
    public ReadOnlyMemory<float> Weights { get; }

    /// <summary>μ [states, mixtures, dim].</summary>
    public ReadOnlyMemory<float> Means { get; }

    /// <summary>Diagonals of U [states, mixtures, dim].</summary>
    public ReadOnlyMemory<float> Variances { get; }

    /// <summary>Length of an observation that the kernel takes: the dimensions, rounded up to whole vectors.</summary>
    internal int Stride { get; }

    /// <summary>ln b_j(o) of one observation [dim].</summary>
    public double LogDensity(ReadOnlySpan<float> observation, int state)
    {
        if (observation.Length != Dim)
        {
            throw new ArgumentException($"an observation of {observation.Length} numbers where the densities have {Dim}", nameof(observation));
        }

        Span<float> padded = new float[Stride];
        observation.CopyTo(padded);
        return LogDensity(padded, state, new float[Mixtures]);
    }

    /// <summary>Rows of features [frames, dim] filled up with zeros to [frames, stride].</summary>
    internal float[] Pad(ReadOnlySpan<float> features)
    {
        var frames = features.Length / Dim;
        var padded = new float[frames * Stride];
        for (var t = 0; t < frames; t++)
        {
            features.Slice(t * Dim, Dim).CopyTo(padded.AsSpan(t * Stride));
        }

        return padded;
    }

    /// <summary>ln b_j(o) of a padded observation; leaves ln c_jm N(o; μ_jm, U_jm) of each density behind.</summary>
    internal double LogDensity(ReadOnlySpan<float> observation, int state, Span<float> logs)
    {
        var x = MemoryMarshal.Cast<float, Vector<float>>(observation[..Stride]);
        var best = float.NegativeInfinity;
        for (var m = 0; m < Mixtures; m++)
        {
            var component = (state * Mixtures) + m;
            if (_constants[component] == float.NegativeInfinity)
            {
                logs[m] = float.NegativeInfinity;
                continue;
            }

            var row = MemoryMarshal.Cast<float, Vector<float>>(_rows.AsSpan(component * 2 * Stride, 2 * Stride));
            var means = row[..x.Length];
            var precisions = row.Slice(x.Length, x.Length);
            var sum = Vector<float>.Zero;
            for (var i = 0; i < x.Length; i++)
            {
                var d = x[i] - means[i];
                sum = Vector.MultiplyAddEstimate(d * d, precisions[i], sum);
            }

            logs[m] = _constants[component] - (0.5f * Vector.Sum(sum));
            best = Math.Max(best, logs[m]);
        }

        if (Mixtures == 1 || best == float.NegativeInfinity)
        {
            return best;
        }

        var total = 0.0;
        for (var m = 0; m < Mixtures; m++)
        {
            total += MathF.Exp(logs[m] - best);
        }

        return best + Math.Log(total);
    }

    private void Prepare(int state)
    {
        var sum = 0.0;
        for (var component = state * Mixtures; component < (state + 1) * Mixtures; component++)
        {
            var weight = Weights.Span[component];
            sum += weight >= 0 ? weight : double.NaN;
            var means = Means.Span.Slice(component * Dim, Dim);
            var variances = Variances.Span.Slice(component * Dim, Dim);
            var row = _rows.AsSpan(component * 2 * Stride, 2 * Stride);
            var constant = Math.Log(weight);
            for (var d = 0; d < Dim; d++)
            {
                if (!float.IsFinite(means[d]) || !(variances[d] is >= 1e-12f and <= 1e12f))
                {
                    throw new InvalidDataException($"state {state}: a Gaussian with mean {means[d]} and variance {variances[d]}; the model is damaged");
                }

                (row[d], row[Stride + d]) = (means[d], 1 / variances[d]);
                constant -= 0.5 * Math.Log(2 * Math.PI * variances[d]);
            }

            _constants[component] = (float)constant;
        }

        if (!(Math.Abs(sum - 1) <= WeightTolerance))
        {
            throw new InvalidDataException($"state {state}: its mixture weights sum to {sum}; they must be positive and sum to 1");
        }
    }
}
