using Parley.TestSupport;
using Xunit;

namespace Parley.Nn.Tests;

public sealed class CtcLossTests
{
    [Theory]
    [InlineData(0, "targets", "blank0")]
    [InlineData(8, "targets_blank8", "blank8")]
    public void Losses_are_those_of_the_reference(int blank, string targetsName, string prefix)
    {
        var folder = Goldens.Folder("ctc_loss");
        var inputs = new TensorFile(Path.Combine(folder, "inputs.safetensors"));
        var expected = new TensorFile(Path.Combine(folder, "expected.safetensors"));
        var (logits, shape, targets) = (inputs.Floats("logits"), inputs.Shape("logits"), inputs.Integers(targetsName));
        var (frames, targetLengths) = (inputs.Integers("input_lengths"), inputs.Integers("target_lengths"));
        var losses = new double[shape[1]];
        for (var b = 0; b < shape[1]; b++)
        {
            var logProbs = new float[frames[b] * shape[2]];
            for (var t = 0; t < frames[b]; t++)
            {
                LogSoftmax(logits.AsSpan(((t * shape[1]) + b) * shape[2], shape[2]), logProbs.AsSpan(t * shape[2], shape[2]));
            }

            var width = targets.Length / shape[1];
            int[] target = [.. targets.Skip(b * width).Take((int)targetLengths[b]).Select(i => (int)i)];
            losses[b] = CtcLoss.Forward(logProbs, shape[2], target, blank);
        }

        int[] lengths = [.. targetLengths.Select(i => (int)i)];
        Expect.Close([.. losses.Select(l => (float)l)], expected.Floats($"{prefix}.none"), relative: 1e-5f);
        Expect.Close([(float)CtcLoss.Reduce(losses, lengths, CtcReduction.Mean, zeroInfinity: true)], expected.Floats($"{prefix}.mean"), relative: 1e-5f);
        Expect.Close([(float)CtcLoss.Reduce(losses, lengths, CtcReduction.Sum, zeroInfinity: true)], expected.Floats($"{prefix}.sum"), relative: 1e-5f);
    }

    // Paths counted by hand over uniform posteriors (shared guides, golden scalars).
    [Theory]
    [InlineData(4, 4, new[] { 1, 2 }, 2.837127)]
    [InlineData(4, 4, new[] { 1, 1 }, 3.935740)]
    [InlineData(6, 4, new[] { 1, 2, 3 }, 3.886949)]
    [InlineData(5, 4, new int[0], 6.931472)]
    [InlineData(3, 3, new[] { 1, 1 }, 3.295837)]
    [InlineData(2, 3, new[] { 1, 1 }, double.PositiveInfinity)]
    public void Uniform_posteriors_count_the_paths(int frames, int symbols, int[] target, double loss)
    {
        var logProbs = new float[frames * symbols];
        Array.Fill(logProbs, -MathF.Log(symbols));
        Assert.Equal(loss, CtcLoss.Forward(logProbs, symbols, target, blank: 0), tolerance: 1e-5);
    }

    [Fact]
    public void A_target_that_holds_the_blank_is_refused()
    {
        var e = Assert.Throws<ArgumentException>(() => CtcLoss.Forward(new float[6], symbols: 3, [1, 0], blank: 0));
        Assert.Contains("target symbol 0", e.Message, StringComparison.Ordinal);
    }

    private static void LogSoftmax(ReadOnlySpan<float> scores, Span<float> result)
    {
        var sum = 0.0;
        foreach (var score in scores)
        {
            sum += Math.Exp(score);
        }

        for (var i = 0; i < scores.Length; i++)
        {
            result[i] = (float)(scores[i] - Math.Log(sum));
        }
    }
}
