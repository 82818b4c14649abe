using FsCheck;
using FsCheck.Fluent;

namespace Parley.Models.Tests;

/// <summary>The recursions against all paths, one by one.</summary>
public sealed class HmmTrellisTests
{
    private const int MostSteps = 100_000;

    [Fact]
    public void Three_states_in_four_frames_are_three_paths()
    {
        var network = new HmmNetwork();
        var before = network.AddNull();
        for (var state = 0; state < 3; state++)
        {
            var node = network.Add(new HmmNode(state, 0, 0, state));
            network.Connect(before, node);
            network.Connect(node, node);
            before = node;
        }

        var end = network.AddNull();
        network.Connect(before, end);
        network.Finish(end);
        var trellis = new HmmTrellis(network, new double[network.From.Length], new double[4 * 3], frames: 4);

        Assert.Equal(Math.Log(3), trellis.Forward()[(4 * network.Nodes.Count) + end], precision: 12);
        Assert.Equal(0, trellis.Viterbi().LogProbability);
    }

    [Fact]
    public void Forward_backward_and_Viterbi_equal_all_paths()
    {
        var cases = from seed in Gen.Choose(0, int.MaxValue - 1) from states in Gen.Choose(1, 4) from frames in Gen.Choose(0, 6) select (seed, states, frames);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var random = new Random(c.seed);
            var network = RandomNetwork(random, c.states);
            var transitions = Numbers(random, network.From.Length);
            var all = Numbers(random, c.frames * network.Emissions.Count);

            // A dense network has millions of paths through six frames: it gets fewer.
            var (frames, emissions) = (c.frames, all);
            List<(double Score, List<(int, int)> Path)> paths = [];
            var steps = MostSteps;
            while (!Walk(network, transitions, emissions, frames, [(0, 0)], 0, paths, ref steps))
            {
                emissions = all[..(--frames * network.Emissions.Count)];
                (paths, steps) = ([], MostSteps);
            }

            var trellis = new HmmTrellis(network, transitions, emissions, frames);
            var likelihood = trellis.Forward()[(frames * network.Nodes.Count) + network.End];
            var (best, path) = trellis.Viterbi();
            if (paths.Count == 0)
            {
                Assert.Equal(double.NegativeInfinity, likelihood);
                Assert.Equal((double.NegativeInfinity, 0), (best, path.Count));
                return;
            }

            Assert.Equal(Math.Log(paths.Sum(p => Math.Exp(p.Score))), likelihood, precision: 9);
            Assert.Equal(likelihood, trellis.Backward()[0], precision: 9);

            // Two paths may take the same ways in another order: their scores differ by rounding alone, and either is the best.
            Assert.Equal(paths.Max(p => p.Score), best, precision: 9);
            var found = Assert.Single(paths, p => p.Path.SequenceEqual(path));
            Assert.Equal(best, found.Score, precision: 9);
            Occupancies(trellis, network, frames, likelihood, paths);
        }).QuickCheckThrowOnFailure();
    }

    // γ_t(i) is the share of the paths that are in i after t frames.
    private static void Occupancies(HmmTrellis trellis, HmmNetwork network, int frames, double likelihood, List<(double Score, List<(int Frame, int Node)> Path)> paths)
    {
        var (alpha, beta) = (trellis.Forward(), trellis.Backward());
        for (var t = 1; t <= frames; t++)
        {
            for (var node = 0; node < network.Nodes.Count; node++)
            {
                if (network.Nodes[node].Emission != HmmNetwork.Null)
                {
                    var share = paths.Where(p => p.Path.Contains((t, node))).Sum(p => Math.Exp(p.Score - likelihood));
                    Assert.Equal(share, trellis.Occupancy(alpha, beta, t, node, likelihood), precision: 9);
                }
            }
        }
    }

    /// <summary>Collects the paths; false when that takes too many steps.</summary>
    private static bool Walk(
        HmmNetwork network, double[] transitions, double[] emissions, int frames, List<(int Frame, int Node)> path, double score, List<(double, List<(int, int)>)> paths, ref int steps)
    {
        var (t, at) = path[^1];
        if (t == frames && at == network.End)
        {
            paths.Add((score, [.. path]));
        }

        for (var node = 0; node < network.Nodes.Count; node++)
        {
            for (var way = network.First[node]; way < network.First[node + 1]; way++)
            {
                var next = network.Nodes[node].Emission == HmmNetwork.Null ? t : t + 1;
                if (network.From[way] == at && next <= frames)
                {
                    var heard = next == t ? 0 : emissions[(t * network.Emissions.Count) + network.Nodes[node].Slot];
                    path.Add((next, node));
                    if (!Walk(network, transitions, emissions, frames, path, score + transitions[way] + heard, paths, ref steps) || --steps < 0)
                    {
                        return false;
                    }

                    path.RemoveAt(path.Count - 1);
                }
            }
        }

        return true;
    }

    // A beginning, an end and null states between emitting ones, joined at random; some emitting nodes share a state.
    private static HmmNetwork RandomNetwork(Random random, int states)
    {
        var network = new HmmNetwork();
        var nodes = new List<int> { network.AddNull() };
        for (var i = 0; i < states; i++)
        {
            nodes.Add(network.Add(new HmmNode(random.Next(states), 0, 0, i)));
            if (random.Next(2) == 0)
            {
                nodes.Add(network.AddNull());
            }
        }

        var end = network.AddNull();
        nodes.Add(end);
        foreach (var from in nodes)
        {
            foreach (var to in nodes)
            {
                var bothNull = network.Nodes[from].Emission == HmmNetwork.Null && network.Nodes[to].Emission == HmmNetwork.Null;
                if ((!bothNull || from < to) && random.Next(5) < 2)
                {
                    network.Connect(from, to);
                }
            }
        }

        return network.Finish(end);
    }

    private static double[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 4) - 2)];
}
