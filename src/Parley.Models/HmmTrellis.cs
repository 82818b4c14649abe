using Parley.Decoding;

namespace Parley.Models;

/// <summary>The three problems of Rabiner 1989, §III, over a network: likelihood, best path, and who was where when. In natural logarithms.</summary>
/// <param name="network">Where a path may go.</param>
/// <param name="transitions">ln a_ij of each way.</param>
/// <param name="emissions">ln b_j(o_t) [frames, slots].</param>
/// <param name="frames">T.</param>
/// <remarks>
/// α_t(i), β_t(i) and δ_t(i) are [frames + 1, nodes]: t frames have been heard. A null state is in the same t as what leads into it, an emitting one is a
/// frame later, and at t = 0 only null states can be reached.
/// </remarks>
internal sealed class HmmTrellis(HmmNetwork network, double[] transitions, double[] emissions, int frames)
{
    private readonly HmmNode[] _nodes = [.. network.Nodes];
    private readonly int _slots = network.Emissions.Count;

    // Within a frame the emitting nodes come first, for null states may be reached from them.
    private readonly int[] _order = [.. Enumerable.Range(0, network.Nodes.Count).OrderBy(n => network.Nodes[n].Emission == HmmNetwork.Null)];

    /// <summary>α_t(i): the observations up to t, and node i (eq. 18). The likelihood is that of the last node at the last frame.</summary>
    public double[] Forward()
    {
        var alpha = Start();
        for (var t = 0; t <= frames; t++)
        {
            foreach (var node in _order)
            {
                if (Row(t, node) is var row and >= 0)
                {
                    ref var cell = ref alpha[(t * _nodes.Length) + node];
                    var sum = cell;
                    for (var way = network.First[node]; way < network.First[node + 1]; way++)
                    {
                        sum = LogAdd(sum, alpha[row + network.From[way]] + transitions[way]);
                    }

                    cell = sum + Emission(t, node);
                }
            }
        }

        return alpha;
    }

    /// <summary>β_t(i): the observations after t, given node i (eq. 23).</summary>
    public double[] Backward()
    {
        var beta = new double[(frames + 1) * _nodes.Length];
        Array.Fill(beta, double.NegativeInfinity);
        beta[(frames * _nodes.Length) + network.End] = 0;
        for (var t = frames; t >= 0; t--)
        {
            // Emitting nodes hand on to the frame before; null states to their own, highest first.
            for (var node = _nodes.Length - 1; node >= 0; node--)
            {
                if (_nodes[node].Emission == HmmNetwork.Null)
                {
                    HandBack(beta, t, node);
                }
            }

            for (var node = 0; node < _nodes.Length && t > 0; node++)
            {
                if (_nodes[node].Emission != HmmNetwork.Null)
                {
                    HandBack(beta, t, node);
                }
            }
        }

        return beta;
    }

    /// <summary>The single best path (eq. 30-35): its probability, and its nodes with the frames heard when each is reached; of equal ways the first.</summary>
    public (double LogProbability, List<(int Frame, int Node)> Path) Viterbi()
    {
        var rows = new ViterbiRows<int>(frames + 1, _nodes.Length, Advance);
        var probability = rows.Last[network.End];
        return (probability, double.IsNegativeInfinity(probability) ? [] : Trace(rows));
    }

    /// <summary>γ_t(i) of an emitting node: the probability of being there, all observations known (eq. 27).</summary>
    public double Occupancy(double[] alpha, double[] beta, int t, int node, double likelihood)
    {
        var at = (t * _nodes.Length) + node;
        return Math.Exp(alpha[at] + beta[at] - likelihood);
    }

    /// <summary>ln Σ exp of two.</summary>
    public static double LogAdd(double a, double b)
    {
        var (high, low) = a > b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(low) ? high : high + Math.Log(1 + Math.Exp(low - high));
    }

    private double[] Start()
    {
        var cells = new double[(frames + 1) * _nodes.Length];
        Array.Fill(cells, double.NegativeInfinity);
        cells[0] = 0;
        return cells;
    }

    // Where the row begins that a node at t is reached from; -1 when it cannot be.
    private int Row(int t, int node) => _nodes[node].Emission == HmmNetwork.Null ? t * _nodes.Length : (t - 1) * _nodes.Length;

    private double Emission(int t, int node) => _nodes[node].Emission == HmmNetwork.Null ? 0 : emissions[((t - 1) * _slots) + _nodes[node].Slot];

    private void HandBack(double[] beta, int t, int node)
    {
        var value = beta[(t * _nodes.Length) + node];
        if (double.IsNegativeInfinity(value))
        {
            return;
        }

        value += Emission(t, node);
        var row = Row(t, node);
        for (var way = network.First[node]; way < network.First[node + 1]; way++)
        {
            ref var before = ref beta[row + network.From[way]];
            before = LogAdd(before, value + transitions[way]);
        }
    }

    // δ_t of all nodes from δ_t-1, and ψ_t: the way into each.
    private void Advance(int t, ReadOnlySpan<double> before, Span<double> after, Span<int> ways)
    {
        after.Fill(double.NegativeInfinity);
        ways.Fill(-1);
        after[0] = t == 0 ? 0 : double.NegativeInfinity;
        foreach (var node in _order)
        {
            var isNull = _nodes[node].Emission == HmmNetwork.Null;
            if (t == 0 && !isNull)
            {
                continue;
            }

            var from = isNull ? after : before;
            var best = after[node];
            for (var way = network.First[node]; way < network.First[node + 1]; way++)
            {
                var score = from[network.From[way]] + transitions[way];
                if (score > best)
                {
                    (best, ways[node]) = (score, way);
                }
            }

            after[node] = best + Emission(t, node);
        }
    }

    private List<(int Frame, int Node)> Trace(ViterbiRows<int> rows)
    {
        List<(int Frame, int Node)> path = [];
        for (var (t, node) = (frames, network.End); ;)
        {
            path.Add((t, node));
            var way = rows.Ways(t)[node];
            if (way < 0)
            {
                break;
            }

            t -= _nodes[node].Emission == HmmNetwork.Null ? 0 : 1;
            node = network.From[way];
        }

        path.Reverse();
        return path;
    }
}
