using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Nn.Tests;

/// <summary>Cross entropy by its definition, and its gradient by differences.</summary>
public sealed class CrossEntropyTests
{
    private static readonly float[] Scores = [0.3f, -1.2f, 2f, 0.1f, 1f, 1f, -3f, 0.5f, 0.2f, 0.7f, 0.9f, -0.4f];
    private static readonly int[] Targets = [2, -1, 3];

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    public void Loss_and_gradient_follow_the_definition(float smoothing)
    {
        using var scope = new TensorScope();
        foreach (var backend in (Backend[])[Backend.Default, Backend.Reference])
        {
            var logits = Tensor.From(Scores, [3, 4], backend).AsParameter();
            var loss = CrossEntropy.Compute(logits, new IntTensor(Targets, [3]), smoothing);
            Assert.Equal(Defined(Scores, smoothing), loss.Scalar, 1e-6);
            var gradient = loss.Backward()[logits]!.ToArray();
            for (var i = 0; i < Scores.Length; i++)
            {
                var (up, down) = ((float[])Scores.Clone(), (float[])Scores.Clone());
                (up[i], down[i]) = (up[i] + 1e-3f, down[i] - 1e-3f);
                Assert.Equal((Defined(up, smoothing) - Defined(down, smoothing)) / (up[i] - (double)down[i]), gradient[i], 1e-6);
            }
        }
    }

    [Fact]
    public void Targets_that_do_not_count_change_nothing_and_none_at_all_give_zero()
    {
        using var scope = new TensorScope();
        var logits = Tensor.From(Scores, [3, 4], Backend.Default).AsParameter();
        var loss = CrossEntropy.Compute(logits, new IntTensor([-100, -100, -100], [3]), smoothing: 0.2f);
        Assert.Equal(0f, loss.Scalar);
        Assert.All(loss.Backward()[logits]!.ToArray(), g => Assert.Equal(0f, g));
    }

    [Fact]
    public void Targets_outside_the_classes_are_refused()
    {
        using var scope = new TensorScope();
        var logits = Tensor.Zeros([3, 4], Backend.Default);
        Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropy.Compute(logits, new IntTensor([0, 1, 4], [3])));
        Assert.Throws<ShapeException>(() => CrossEntropy.Compute(logits, new IntTensor([0, 1], [2])));
        Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropy.Compute(logits, new IntTensor(Targets, [3]), smoothing: 1));
    }

    private static double Defined(float[] scores, double smoothing)
    {
        double sum = 0;
        for (var row = 0; row < 3; row++)
        {
            var own = scores.AsSpan(4 * row, 4).ToArray();
            var total = Math.Log(own.Sum(s => Math.Exp(s)));
            sum += Targets[row] < 0 ? 0 : ((1 - smoothing) * (total - own[Targets[row]])) + (smoothing * own.Average(s => total - s));
        }

        return sum / 2;
    }
}
