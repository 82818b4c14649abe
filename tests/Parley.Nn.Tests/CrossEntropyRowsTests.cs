using Parley.Tensors;
using Xunit;

namespace Parley.Nn.Tests;

/// <summary>Cross entropy of plain memory: many rows, wide rows, odd widths.</summary>
public sealed class CrossEntropyRowsTests
{
    [Fact]
    public void Loss_and_gradient_equal_the_reference()
    {
        var golden = new LossGolden("torch_ops");
        var (logits, gradient) = (golden.Floats("cross_entropy_smooth.in0"), new float[20]);
        var loss = CrossEntropy.Compute(logits, [1, 3, -100, 0], gradient, smoothing: 0.1f);
        golden.Same("cross_entropy_smooth.out", [loss]);

        // The fixture's gradients are of out · cos(0).
        golden.Same("cross_entropy_smooth.grad0", gradient);
    }

    [Theory]
    [InlineData(3, 1, 0f)]
    [InlineData(5, 31, 0.2f)]
    [InlineData(70, 1000, 0f)]
    [InlineData(70, 1037, 0.1f)]
    [InlineData(2, 70001, 0.1f)]
    public void Any_width_follows_the_definition_on_any_number_of_threads_and_in_place(int rows, int classes, float smoothing)
    {
        var random = new Random(2);
        float[] logits = [.. Enumerable.Range(0, rows * classes).Select(_ => (float)((random.NextDouble() * 20) - 10))];
        int[] targets = [.. Enumerable.Range(0, rows).Select(i => i % 4 == 3 ? -1 : random.Next(classes))];
        var (expected, derivative) = Defined(logits, targets, classes, smoothing);
        float[]? first = null;
        foreach (var threads in (int[])[1, 2, 3])
        {
            using var workers = new Workers(threads);
            var gradient = new float[logits.Length];
            var loss = CrossEntropy.Compute(logits, targets, gradient, smoothing, workers);
            Assert.Equal(expected, loss, 1e-5);
            Assert.Equal(loss, CrossEntropy.Compute(logits, targets, [], smoothing, workers));
            TestSupport.Expect.Close(gradient, derivative, relative: 2e-5f, absolute: 1e-9f);
            first ??= gradient;
            Assert.Equal(first, gradient);
        }

        CrossEntropy.Compute(logits, targets, logits, smoothing);
        Assert.Equal(first, logits);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_score_that_is_no_number_spoils_the_loss_and_its_own_row(float bad)
    {
        var (logits, gradient) = (new float[2 * 37], new float[2 * 37]);
        logits[40] = bad;
        Assert.True(double.IsNaN(CrossEntropy.Compute(logits, [1, 2], gradient)));
        Assert.All(gradient[..37], g => Assert.True(float.IsFinite(g)));
        Assert.All(gradient[37..], g => Assert.True(float.IsNaN(g)));
    }

    [Fact]
    public void A_class_that_is_ruled_out_takes_no_part()
    {
        var gradient = new float[3];
        Assert.Equal(Math.Log(2), CrossEntropy.Compute([0, float.NegativeInfinity, 0], [0], gradient), 1e-6);
        Assert.Equal([-0.5f, 0f, 0.5f], gradient);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var x = new float[6];
        Assert.Throws<ShapeException>(() => CrossEntropy.Compute(x, [0, 0, 0, 0], []));
        Assert.Throws<ArgumentException>(() => CrossEntropy.Compute(x, [0, 0], new float[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropy.Compute(x, [0, 3], []));
        Assert.Equal(0, CrossEntropy.Compute([], [], []));
    }

    [Fact]
    public void A_loss_that_needs_no_gradient_records_none()
    {
        using var scope = new TensorScope();
        var logits = Tensor.From([0f, 0f], [1, 2], Backend.Default);
        Assert.False(CrossEntropy.Compute(logits, new IntTensor([1], [1])).NeedsGradient);
        Assert.Equal(Math.Log(2), CrossEntropy.Compute(logits, new IntTensor([1], [1])).Scalar, 1e-6);
    }

    private static (double Loss, float[] Gradient) Defined(float[] logits, int[] targets, int classes, double smoothing)
    {
        var (sum, counted, gradient) = (0.0, Math.Max(1, targets.Count(t => t >= 0)), new float[logits.Length]);
        for (var row = 0; row < targets.Length; row++)
        {
            if (targets[row] < 0)
            {
                continue;
            }

            var own = logits.AsSpan(row * classes, classes).ToArray();
            var log = Math.Log(own.Sum(s => Math.Exp(s)));
            for (var k = 0; k < classes; k++)
            {
                var wanted = (smoothing / classes) + (k == targets[row] ? 1 - smoothing : 0);
                sum += wanted * (log - own[k]);
                gradient[(row * classes) + k] = (float)((Math.Exp(own[k] - log) - wanted) / counted);
            }
        }

        return (sum / counted, gradient);
    }
}
