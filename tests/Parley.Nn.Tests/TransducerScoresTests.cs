using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Nn.Tests;

/// <summary>Transducer losses with their joint network, one utterance after another.</summary>
public sealed class TransducerScoresTests
{
    private const int Dim = 5;
    private static readonly int[] Durations = [0, 1, 2];
    private static readonly int[] Frames = [6, 3, 5];
    private static readonly int[][] Targets = [[1, 0, 2], [2], [0, 0]];

    public enum Kind
    {
        Rnnt,
        MultiBlank,
        Tdt,
    }

    public static TheoryData<Kind> Kinds => [Kind.Rnnt, Kind.MultiBlank, Kind.Tdt];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_of_both_networks_and_of_the_joint_one_are_central_differences(Kind kind)
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 3);
        var gradients = net.Loss(kind, LossReduction.MeanPerSymbol).Backward();
        foreach (var parameter in net.Parameters)
        {
            var (found, values) = (gradients[parameter]!.ToArray(), parameter.ToArray());
            for (var k = 0; k < values.Length; k++)
            {
                double At(float step)
                {
                    var moved = (float[])values.Clone();
                    moved[k] += step;
                    parameter.Fill(moved);
                    using var pause = Autograd.Pause();
                    return net.Loss(kind, LossReduction.MeanPerSymbol).Scalar;
                }

                Assert.Equal((At(1e-2f) - At(-1e-2f)) / 2e-2, found[k], 1e-3);
                parameter.Fill(values);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void It_is_the_loss_of_the_whole_table_of_scores(Kind kind)
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 4);
        foreach (var reduction in Enum.GetValues<LossReduction>())
        {
            var loss = net.Loss(kind, reduction);
            var gradients = loss.Backward();

            var logits = net.Joint(net.Heard.Unsqueeze(2), net.Said.Unsqueeze(1));
            var batch = new TransducerBatch(6, 4, Net.Outputs, Frames, Targets);
            var (weights, gradient) = (reduction.Weights(Targets), new float[batch.Count]);
            var losses = Span(kind, batch, logits.ToArray(), gradient, weights);
            var whole = logits.Backward(Tensor.From(gradient, logits.Shape, Backend.Default));
            Assert.Equal(LossReductions.Reduce(losses, weights), loss.Scalar, 1e-4);
            Assert.All(net.Parameters, p => Expect.Close(gradients[p]!.ToArray(), whole[p]!.ToArray(), relative: 1e-4f, absolute: 1e-6f));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Neither_padding_nor_neighbours_change_a_bit(Kind kind)
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 5);
        var together = net.Loss(kind, LossReduction.Sum).Backward();
        for (var i = 0; i < Frames.Length; i++)
        {
            var (frames, positions) = (Frames[i], Targets[i].Length + 1);
            var heard = net.Heard.StopGradient().Slice(0, i, i + 1).Slice(1, 0, frames).Clone().AsParameter();
            var said = net.Said.StopGradient().Slice(0, i, i + 1).Slice(1, 0, positions).Clone().AsParameter();
            var alone = Net.Loss(kind, new TransducerScores(heard, said, net.Joint, [frames], [Targets[i]]), LossReduction.Sum).Backward();
            Assert.Equal(alone[heard]!.ToArray(), together[net.Heard]!.Slice(0, i, i + 1).Slice(1, 0, frames).ToArray());
            Assert.Equal(alone[said]!.ToArray(), together[net.Said]!.Slice(0, i, i + 1).Slice(1, 0, positions).ToArray());
            Assert.All(together[net.Heard]!.Slice(0, i, i + 1).Slice(1, frames, 6).ToArray(), g => Assert.Equal(0f, g));
            Assert.All(together[net.Said]!.Slice(0, i, i + 1).Slice(1, positions, 4).ToArray(), g => Assert.Equal(0f, g));
        }
    }

    // The scores themselves as the parameter: a joint network that only looks its utterance up.
    [Theory]
    [InlineData("rnnt_loss", "logits", "logit_lengths", "targets", "target_lengths", "blank0.mean", "blank0.mean.grad_logits")]
    [InlineData("rnnt_loss", "logits", "logit_lengths", "targets", "target_lengths", "blank0.sum", "blank0.sum.grad_logits")]
    [InlineData("transducer_losses", "acts_multi", "act_lens", "labels", "label_lens", "multiblank.mean_volume", null)]
    [InlineData("transducer_losses", "acts_tdt", "act_lens", "labels", "label_lens", "tdt.mean", null)]
    public void It_equals_the_references(string name, string input, string lengths, string targets, string targetLengths, string expected, string? expectedGradient)
    {
        using var scope = new TensorScope();
        var golden = new LossGolden(name);
        var table = Tensor.From(golden.Floats(input), Shape.Create(golden.Shape(input)), Backend.Default).AsParameter();
        var (batch, utterance) = (table.Shape[0], 0);
        Tensor Look(Tensor heard, Tensor said) => table.Select(0, utterance++).Slice(0, 0, heard.Shape[0]).Slice(1, 0, said.Shape[0]);
        var scores = new TransducerScores(
            Tensor.Zeros([batch, table.Shape[1], 1], Backend.Default), Tensor.Zeros([batch, table.Shape[2], 1], Backend.Default), Look, golden.Integers(lengths), golden.Rows(targets, targetLengths));
        var before = table.ToArray();
        var loss = expected switch
        {
            "multiblank.mean_volume" => MultiBlankLoss.Compute(scores, blank: 8, [2, 4], LossReduction.MeanVolume, sigma: 0.05f),
            "tdt.mean" => TdtLoss.Compute(scores, blank: 6, [0, 1, 2, 3, 4], LossReduction.MeanPerSymbol),
            _ => RnntLoss.Compute(scores, blank: 0, expected.EndsWith("mean", StringComparison.Ordinal) ? LossReduction.Mean : LossReduction.Sum),
        };
        golden.Same(expected, [loss.Scalar]);
        var gradient = loss.Backward()[table]!;
        if (expectedGradient is not null)
        {
            golden.Same(expectedGradient, gradient.ToArray());
        }

        Assert.Equal(before, table.ToArray());
    }

    [Fact]
    public void Scores_of_one_utterance_are_gone_before_the_next_ones_come()
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 6);
        var last = (Tensor?)null;
        RnntLoss.Compute(
            net.Scores with
            {
                Joint = (heard, said) =>
                {
                    if (last is not null)
                    {
                        Assert.Throws<ObjectDisposedException>(() => last.Values[0]);
                    }

                    return last = net.Joint(heard, said);
                },
            },
            blank: 3).Backward();
        Assert.NotNull(last);
    }

    [Fact]
    public void Scores_that_a_rule_will_read_are_not_written_over()
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 7);
        TransducerScores Squashed(Func<Tensor, Tensor> last) => net.Scores with { Joint = (heard, said) => last(net.Joint(heard, said)) };

        // The rule of tanh reads its result; the other way has the same numbers in memory that nobody reads.
        var (read, copied) = (RnntLoss.Compute(Squashed(x => x.Tanh()), blank: 3).Backward(), RnntLoss.Compute(Squashed(x => x.Tanh().Clone()), blank: 3).Backward());
        Assert.All(net.Parameters, p => Assert.Equal(copied[p]!.ToArray(), read[p]!.ToArray()));
    }

    [Fact]
    public void Utterances_without_a_path_count_as_nothing_if_asked_and_empty_targets_are_blanks_only()
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 8);
        var scores = net.Scores with { FrameLengths = [4, 0, 0], Targets = [[], [1], []] };
        Assert.Equal(float.PositiveInfinity, RnntLoss.Compute(scores, blank: 3, LossReduction.Sum).Scalar);
        var loss = RnntLoss.Compute(scores, blank: 3, LossReduction.Sum, zeroInfinity: true);
        using (Autograd.Pause())
        {
            var blanks = net.Joint(net.Heard.Select(0, 0).Slice(0, 0, 4), net.Said.Select(0, 0).Slice(0, 0, 1)).LogSoftmax().Select(2, 3).Sum().Scalar;
            Assert.Equal(-blanks, loss.Scalar, 1e-4);
        }

        var gradient = loss.Backward()[net.Heard]!;
        Assert.All(gradient.ToArray()[(4 * Dim)..], g => Assert.Equal(0f, g));
        Assert.Contains(gradient.ToArray()[..(4 * Dim)], g => g != 0);
        var skipped = TdtLoss.Compute(net.Scores with { FrameLengths = [3, 3, 3], Targets = [[], [], []] }, blank: 3, [2, 4, 0], LossReduction.Sum, zeroInfinity: true);
        Assert.Equal(0, skipped.Scalar);
        Assert.All(skipped.Backward()[net.Heard]!.ToArray(), g => Assert.Equal(0f, g));
    }

    [Fact]
    public void Nothing_is_recorded_where_nothing_is_trained()
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 9);
        using (Autograd.Pause())
        {
            Assert.False(net.Loss(Kind.Rnnt, LossReduction.Mean).NeedsGradient);
        }

        // A frozen encoder.
        var frozen = net.Scores with { Heard = net.Heard.StopGradient() };
        var gradients = RnntLoss.Compute(frozen, blank: 3).Backward();
        Assert.Null(gradients[net.Heard]);
        Assert.NotNull(gradients[net.Said]);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using var scope = new TensorScope();
        var net = new Net(seed: 10);
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(net.Scores with { FrameLengths = [7, 3, 5] }, blank: 3));
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(net.Scores with { FrameLengths = [6, 3] }, blank: 3));
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(net.Scores with { Targets = [[0, 0, 0, 0], [], []] }, blank: 3));
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(net.Scores with { Targets = [[0]] }, blank: 3));
        Assert.Throws<ShapeException>(() => RnntLoss.Compute(net.Scores with { Joint = (heard, _) => heard }, blank: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => RnntLoss.Compute(net.Scores, blank: 2));
    }

    private static double[] Span(Kind kind, TransducerBatch batch, float[] logits, float[] gradient, float[] weights) => kind switch
    {
        Kind.Rnnt => RnntLoss.Compute(batch, logits, gradient, blank: 3, weights: weights),
        Kind.MultiBlank => MultiBlankLoss.Compute(batch, logits, gradient, blank: 5, [2, 3], sigma: 0.05f, weights: weights),
        _ => TdtLoss.Compute(batch, logits, gradient, blank: 3, Durations, sigma: 0.02f, weights: weights),
    };

    /// <summary>Two networks' results and a joint network of seven outputs.</summary>
    private sealed class Net
    {
        internal const int Outputs = 7;

        internal Net(int seed)
        {
            var random = new Random(seed);
            Tensor Noise(params ReadOnlySpan<int> shape)
            {
                var of = Shape.Create(shape);
                return Tensor.From([.. Enumerable.Range(0, (int)of.Count).Select(_ => (2 * random.NextSingle()) - 1)], of, Backend.Default).AsParameter();
            }

            (Heard, Said, Head, Bias) = (Noise(3, 6, Dim), Noise(3, 4, Dim), Noise(Dim, Outputs), Noise(Outputs));
        }

        internal Tensor Heard { get; }

        internal Tensor Said { get; }

        internal Tensor[] Parameters => [Heard, Said, Head, Bias];

        internal TransducerScores Scores => new(Heard, Said, Joint, Frames, Targets);

        private Tensor Head { get; }

        private Tensor Bias { get; }

        internal Tensor Joint(Tensor heard, Tensor said) => heard.Shape.Rank == 2
            ? (heard.Unsqueeze(1) + said.Unsqueeze(0)).Tanh().MatMul(Head) + Bias
            : (heard + said).Tanh().MatMul(Head) + Bias;

        internal Tensor Loss(Kind kind, LossReduction reduction) => Loss(kind, Scores, reduction);

        internal static Tensor Loss(Kind kind, TransducerScores scores, LossReduction reduction) => kind switch
        {
            Kind.Rnnt => RnntLoss.Compute(scores, blank: 3, reduction),
            Kind.MultiBlank => MultiBlankLoss.Compute(scores, blank: 5, [2, 3], reduction, sigma: 0.05f),
            _ => TdtLoss.Compute(scores, blank: 3, Durations, reduction, sigma: 0.02f),
        };
    }
}
