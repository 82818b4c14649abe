namespace Parley.Tensors.Tests;

/// <summary>The same bits on any number of threads; products, convolution and attention say so beside their own tests.</summary>
public sealed class ThreadCountTests
{
    [Fact]
    public void Softmax_does_not_depend_on_the_number_of_threads() => Same(x => x.Softmax());

    [Fact]
    public void LogSoftmax_does_not_depend_on_the_number_of_threads() => Same(x => x.LogSoftmax());

    [Fact]
    public void Layer_norm_does_not_depend_on_the_number_of_threads() => Same(x => x.LayerNorm(null, null));

    [Fact]
    public void Rms_norm_does_not_depend_on_the_number_of_threads() => Same(x => x.RmsNorm(ConvTests.Noise([333], 3, x.Backend)));

    [Fact]
    public void Group_norm_does_not_depend_on_the_number_of_threads() => Same(x => x.GroupNorm(4, null, null));

    [Fact]
    public void Sums_do_not_depend_on_the_number_of_threads()
    {
        Same(x => x.Sum());
        Same(x => x.Sum(0));
        Same(x => x.Mean(1));
    }

    [Fact]
    public void Elementwise_functions_do_not_depend_on_the_number_of_threads() => Same(x => (x * x.Gelu()) + x.Exp());

    [Fact]
    public void Two_callers_at_once_get_what_one_gets()
    {
        var wanted = Compute(1, x => x.LayerNorm(null, null).Softmax());
        var wrong = 0;
        var callers = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var round = 0; round < 10; round++)
            {
                Interlocked.Add(ref wrong, Compute(0, x => x.LayerNorm(null, null).Softmax()).SequenceEqual(wanted) ? 0 : 1);
            }
        })).ToList();
        callers.ForEach(caller => caller.Start());
        callers.ForEach(caller => caller.Join());
        Assert.Equal(0, wrong);
    }

    private static void Same(Func<Tensor, Tensor> op)
    {
        var one = Compute(1, op);
        Assert.All(new[] { 2, 3, 7 }, threads => Assert.Equal(one, Compute(threads, op)));
    }

    /// <summary>On so many threads; 0 means the shared backend.</summary>
    private static float[] Compute(int threads, Func<Tensor, Tensor> op)
    {
        using var scope = new TensorScope();
        var backend = threads == 0 ? Backend.Default : Backend.WithThreads(threads);
        return op(ConvTests.Noise([3, 64, 333], 1, backend)).ToArray();
    }
}
