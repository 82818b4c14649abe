namespace Parley.Models;

/// <summary>What Baum-Welch counts (Rabiner 1989, eq. 40 and 52-54): how often densities are used, what they emit, and how often states are stayed in.</summary>
internal sealed class HmmStatistics(int states, int mixtures, int dim)
{
    // What is less likely than this adds nothing that float32 parameters could show.
    private const double Least = 1e-10;

    /// <summary>Σ γ_t(j, m) [states, mixtures].</summary>
    public double[] Occupancy { get; } = new double[states * mixtures];

    /// <summary>Σ γ_t(j, m) o_t [states, mixtures, dim].</summary>
    public double[] Sums { get; } = new double[states * mixtures * dim];

    /// <summary>Σ γ_t(j, m) o_t² [states, mixtures, dim].</summary>
    public double[] Squares { get; } = new double[states * mixtures * dim];

    /// <summary>Σ ξ_t(j, j) [states].</summary>
    public double[] Stays { get; } = new double[states];

    /// <summary>Σ ln P(O).</summary>
    public double LogLikelihood { get; private set; }

    /// <summary>Frames of the recordings that could have been said.</summary>
    public long Frames { get; private set; }

    /// <summary>Counts one recording by the forward-backward recursions; leaves out one that is too short for its words.</summary>
    public void Add(HmmGmm model, HmmNetwork network, ReadOnlySpan<float> padded, int frames)
    {
        var emissions = model.LogDensities(network, padded, frames);
        var transitions = network.Transitions(model.SelfLoops);
        var trellis = new HmmTrellis(network, transitions, emissions, frames);
        var alpha = trellis.Forward();
        var nodes = network.Nodes.Count;
        var likelihood = alpha[(frames * nodes) + network.End];
        if (double.IsNegativeInfinity(likelihood))
        {
            return;
        }

        var beta = trellis.Backward();
        (LogLikelihood, Frames) = (LogLikelihood + likelihood, Frames + frames);
        int[] slots = [.. network.Emissions];
        var gamma = new double[slots.Length];
        var logs = new float[mixtures];
        for (var t = 1; t <= frames; t++)
        {
            Array.Clear(gamma);
            for (var node = 0; node < nodes; node++)
            {
                if (network.Nodes[node] is { Emission: not HmmNetwork.Null } place)
                {
                    gamma[place.Slot] += trellis.Occupancy(alpha, beta, t, node, likelihood);
                    Stays[place.Emission] += Stay(network, transitions, emissions, alpha, beta, t, node, likelihood);
                }
            }

            var o = padded.Slice((t - 1) * model.Emissions.Stride, model.Emissions.Stride);
            for (var slot = 0; slot < slots.Length; slot++)
            {
                if (gamma[slot] > Least)
                {
                    Add(model, slots[slot], gamma[slot], o, logs);
                }
            }
        }
    }

    /// <summary>Counts a frame [dim] for the first density of a state.</summary>
    public void Add(int state, ReadOnlySpan<float> o)
    {
        Occupancy[state * mixtures]++;
        Accumulate(state * mixtures, 1, o);
    }

    /// <summary>Adds what another has counted.</summary>
    public void Add(HmmStatistics other)
    {
        (LogLikelihood, Frames) = (LogLikelihood + other.LogLikelihood, Frames + other.Frames);
        ReadOnlySpan<(double[] To, double[] From)> all = [(Occupancy, other.Occupancy), (Sums, other.Sums), (Squares, other.Squares), (Stays, other.Stays)];
        foreach (var (to, from) in all)
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] += from[i];
            }
        }
    }

    // γ_t(j, m): the share of each density in its state (eq. 54).
    private void Add(HmmGmm model, int state, double gamma, ReadOnlySpan<float> o, float[] logs)
    {
        var density = model.Emissions.LogDensity(o, state, logs);
        for (var m = 0; m < mixtures; m++)
        {
            var share = gamma * Math.Exp(logs[m] - density);
            if (share > Least)
            {
                var component = (state * mixtures) + m;
                Occupancy[component] += share;
                Accumulate(component, share, o);
            }
        }
    }

    private void Accumulate(int component, double share, ReadOnlySpan<float> o)
    {
        var sums = Sums.AsSpan(component * dim, dim);
        var squares = Squares.AsSpan(component * dim, dim);
        for (var d = 0; d < dim; d++)
        {
            var x = share * o[d];
            sums[d] += x;
            squares[d] += x * o[d];
        }
    }

    // ξ_t(j, j) (eq. 37): here in the frame before, and still here.
    private static double Stay(
        HmmNetwork network, double[] transitions, double[] emissions, double[] alpha, double[] beta, int t, int node, double likelihood)
    {
        var nodes = network.Nodes.Count;
        for (var way = network.First[node]; way < network.First[node + 1] && t > 1; way++)
        {
            if (network.From[way] == node)
            {
                var emission = emissions[((t - 1) * network.Emissions.Count) + network.Nodes[node].Slot];
                return Math.Exp(alpha[((t - 1) * nodes) + node] + transitions[way] + emission + beta[(t * nodes) + node] - likelihood);
            }
        }

        return 0;
    }
}
