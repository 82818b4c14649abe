using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Batch norm on the statistics of the batch.</summary>
public sealed class BatchNormTests
{
    private static readonly int[] Lengths = [7, 0, 3];

    [Fact]
    public void Gradients_over_whole_examples() => GradientCheck.Run(t => t[0].BatchNorm(t[1], t[2], 1e-3f, null, out _), [[3, 4, 7], [4], [4]]);

    [Fact]
    public void Gradients_over_valid_frames() => GradientCheck.Run(t => t[0].BatchNorm(t[1], t[2], 1e-3f, Lengths, out _), [[3, 2, 5, 7], [2], [2]]);

    [Fact]
    public void Gradients_without_scale_and_shift() => GradientCheck.Run(t => t[0].BatchNorm(null, null, 1e-3f, Lengths, out _), [[3, 2, 7]]);

    [Fact]
    public void Both_backends_agree_at_every_length()
    {
        for (var n = 1; n <= 257; n++)
        {
            using var scope = new TensorScope();
            int[] lengths = [n, n / 2];
            Tensor? fastStatistics = null, slowStatistics = null;
            Tensor Of(Backend backend, out Tensor statistics) =>
                ConvTests.Noise([2, 3, 2, n], n, backend).BatchNorm(ConvTests.Noise([3], 1, backend), ConvTests.Noise([3], 2, backend), 1e-5f, n % 2 == 0 ? lengths : null, out statistics);
            Expect.Close(Of(Backend.Default, out fastStatistics).ToArray(), Of(Backend.Reference, out slowStatistics).ToArray(), 1e-5f, 1e-5f, $"{n}");
            Expect.Close(fastStatistics.ToArray(), slowStatistics.ToArray(), 1e-5f, 1e-6f, $"statistics of {n}");
        }
    }

    [Fact]
    public void Padding_does_not_count_and_gives_zero()
    {
        using var scope = new TensorScope();
        var x = ConvTests.Noise([3, 4, 7], 1, Backend.Default);
        var padded = Tensor.Concat(2, x, ConvTests.Noise([3, 4, 9], 2, Backend.Default) * 50f);
        var (brief, whole) = (x.BatchNorm(null, null, 1e-5f, Lengths, out var first), padded.BatchNorm(null, null, 1e-5f, Lengths, out var second));
        Expect.Close(second.ToArray(), first.ToArray(), 1e-6f, 1e-7f);
        Expect.Close(whole.Slice(2, 0, 7).ToArray(), brief.ToArray(), 1e-5f, 1e-6f);
        Assert.All(whole.Slice(2, 7, 16).ToArray(), y => Assert.Equal(0f, y));
    }

    [Fact]
    public void A_constant_channel_is_zero() => Assert.All(
        (Tensor.Zeros([2, 3, 50], Backend.Default) + 0.1f).BatchNorm(null, null, 1e-5f, null, out _).ToArray(), y => Assert.Equal(0f, y));

    [Fact]
    public void The_number_of_threads_changes_nothing()
    {
        float[] Of(int threads)
        {
            using var scope = new TensorScope();
            var x = ConvTests.Noise([4, 20, 333], 3, Backend.WithThreads(threads)).AsParameter();
            var y = x.BatchNorm(null, null, 1e-5f, null, out _);
            return [.. y.ToArray(), .. y.Square().Sum().Backward()[x]!.ToArray()];
        }

        Assert.Equal(Of(1), Of(2));
        Assert.Equal(Of(1), Of(5));
    }

    [Fact]
    public void What_does_not_fit_is_explained()
    {
        using var scope = new TensorScope();
        var x = Tensor.Zeros([2, 3, 5], Backend.Default);
        Assert.Contains("is not [batch, channels", Assert.Throws<ShapeException>(() => x.Select(0, 0).BatchNorm(null, null, 1e-5f, null, out _)).Message, StringComparison.Ordinal);
        Assert.Contains("lengths [6, 1]", Assert.Throws<ArgumentException>(() => x.BatchNorm(null, null, 1e-5f, [6, 1], out _)).Message, StringComparison.Ordinal);
        Assert.Contains("no frame", Assert.Throws<ShapeException>(() => x.BatchNorm(null, null, 1e-5f, [0, 0], out _)).Message, StringComparison.Ordinal);
    }
}
