using Parley.Tensors;

namespace Parley.Nn;

/// <summary>What a transducer's loss is computed from: what both networks say of a batch, and the joint network that scores it.</summary>
/// <remarks>
/// Scores of every frame at every position are the largest thing in training a transducer. So joint network, loss and gradients are computed one
/// utterance after another, each over its own frames and positions only, and the gradient takes the place of the scores: never more than one
/// utterance's [frames, positions, outputs] exist, and none of a batch's padding. What is left for the sweep has the sizes of both networks' results.
/// </remarks>
/// <param name="Heard">The encoder's part [batch, frames, …].</param>
/// <param name="Said">The prediction network's part [batch, positions, …]: before the first symbol and after each.</param>
/// <param name="Joint">Scores of one utterance: heard [frames, …] and said [positions, …] to logits [frames, positions, outputs].</param>
/// <param name="FrameLengths">Valid frames of each utterance.</param>
/// <param name="Targets">Symbol ids of each, without blanks.</param>
public sealed record TransducerScores(Tensor Heard, Tensor Said, Func<Tensor, Tensor, Tensor> Joint, IReadOnlyList<int> FrameLengths, IReadOnlyList<int[]> Targets)
{
    /// <summary>A loss of one utterance, its gradient into memory that may be the logits' own.</summary>
    internal delegate double[] Criterion(TransducerBatch one, ReadOnlySpan<float> logits, Span<float> gradient, ReadOnlySpan<float> weights, Workers workers);

    /// <summary>The batch's loss with its gradients.</summary>
    internal Tensor Loss(string loss, LossReduction reduction, bool zeroInfinity, Criterion criterion)
    {
        Check(loss);
        var sums = new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance);
        foreach (var network in (ReadOnlySpan<Tensor>)[Heard, Said])
        {
            if (Autograd.Records([network]))
            {
                sums[network] = Tensor.Zeros(network.Shape, network.Backend);
            }
        }

        var (losses, weights) = (new double[Targets.Count], reduction.Weights(Targets));
        for (var i = 0; i < losses.Length; i++)
        {
            // Without frames there is no joint network to ask.
            losses[i] = FrameLengths[i] > 0 ? One(loss, i, weights[i], criterion, sums) : Targets[i].Length == 0 ? 0 : double.PositiveInfinity;
        }

        var value = (float)LossReductions.Reduce(losses, weights, zeroInfinity);
        return Tensor.Loss(loss, value, Heard.Backend, [.. sums.Select(s => (s.Key, s.Value))]);
    }

    private double One(string loss, int i, float weight, Criterion criterion, Dictionary<Tensor, Tensor> sums)
    {
        using var scope = new TensorScope();
        var (frames, positions) = (FrameLengths[i], Targets[i].Length + 1);
        var (heard, said) = (Own(Heard, i, frames, sums), Own(Said, i, positions, sums));
        var logits = Joint(heard, said).Contiguous();
        if (logits.Shape.Rank != 3 || logits.Shape[0] != frames || logits.Shape[1] != positions)
        {
            throw new ShapeException($"{loss}: the joint network gives {logits.Shape} for {frames} frames and {positions} positions; it must be [{frames}, {positions}, outputs]");
        }

        var one = new TransducerBatch(frames, positions, logits.Shape[2], [frames], [Targets[i]]);
        if (!logits.NeedsGradient)
        {
            return criterion(one, logits.Values, [], [], logits.Backend.Workers)[0];
        }

        // Nobody may read the scores any more where their gradient is written.
        var isOurs = TensorScope.Has(logits.Storage) && !logits.Storage.IsHeld && logits.Storage.Length == logits.Count;
        var gradient = isOurs ? logits.StopGradient() : Tensor.Empty(logits.Shape, logits.Backend);
        var value = criterion(one, logits.Values, gradient.Span, [weight], logits.Backend.Workers)[0];
        var gradients = logits.Backward(gradient);
        AddRows(sums, Heard, i, gradients[heard]);
        AddRows(sums, Said, i, gradients[said]);
        foreach (var parameter in gradients.Parameters.Where(p => p != heard && p != said))
        {
            var found = gradients[parameter]!;
            if (sums.TryGetValue(parameter, out var sum))
            {
                sum.Backend.Binary(BinaryOp.Add, sum, found, sum);
            }
            else
            {
                sums[parameter] = scope.Keep(found.Clone());
            }
        }

        return value;
    }

    /// <summary>An utterance's own rows, as a leaf of its own graph.</summary>
    private static Tensor Own(Tensor network, int i, int length, Dictionary<Tensor, Tensor> sums)
    {
        var rows = network.StopGradient().Select(0, i).Slice(0, 0, length);
        return sums.ContainsKey(network) ? rows.AsParameter() : rows;
    }

    private static void AddRows(Dictionary<Tensor, Tensor> sums, Tensor network, int i, Tensor? gradient)
    {
        if (gradient is not null && sums.TryGetValue(network, out var sum))
        {
            sum.Select(0, i).Slice(0, 0, gradient.Shape[0]).CopyFrom(gradient);
        }
    }

    private void Check(string loss)
    {
        if (Heard.Shape.Rank < 2 || Said.Shape.Rank < 2 || Heard.Shape[0] != Targets.Count || Said.Shape[0] != Targets.Count)
        {
            throw new ShapeException($"{loss}: what was heard {Heard.Shape} and said {Said.Shape} are not [batch, frames, …] and [batch, positions, …] for {Targets.Count} targets");
        }

        if (!ReferenceEquals(Heard.Backend, Said.Backend))
        {
            throw new InvalidOperationException($"{loss}: the tensors belong to different backends");
        }

        new TransducerBatch(Heard.Shape[1], Said.Shape[1], Symbols: 0, FrameLengths, Targets).CheckLengths(loss);
    }
}
