using Parley.TestSupport;

namespace Parley.Tensors.Tests;

public sealed class AttentionTests
{
    // batch, heads, kvHeads, queries, keys, dim, width
    public static TheoryData<int[]> Sizes => new()
    {
        { [1, 1, 1, 1, 1, 1, 1] },
        { [2, 3, 3, 4, 5, 6, 6] },
        { [1, 2, 2, 1, 448, 64, 64] },
        { [2, 4, 2, 1, 37, 80, 40] },
        { [1, 4, 1, 3, 129, 33, 17] },
        { [1, 2, 1, 150, 150, 64, 64] },
        { [2, 2, 2, 70, 250, 32, 48] },
        { [1, 3, 3, 17, 121, 7, 5] },
        { [1, 6, 2, 5, 5, 20, 20] },
        { [1, 2, 2, 64, 120, 16, 16] },
        { [0, 2, 2, 5, 5, 8, 8] },
        { [1, 2, 2, 5, 0, 8, 8] },
        { [1, 2, 2, 0, 9, 8, 8] },
        { [1, 1, 1, 9, 3, 8, 8] },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Fast_attention_equals_the_reference(int[] c)
    {
        foreach (var causal in new[] { false, true })
        {
            foreach (var (masked, biased) in new[] { (false, 0), (true, 0), (false, 1), (true, 2), (false, 3) })
            {
                ConvTests.Agree(backend =>
                {
                    int[]? lengths = masked ? [.. Enumerable.Range(0, c[0]).Select(b => b == 0 ? c[4] * 2 / 3 : 0)] : null;
                    var bias = biased switch
                    {
                        0 => null,
                        1 => ConvTests.Noise([c[1], c[3], c[4]], 4, backend),
                        2 => ConvTests.Noise([c[0], 1, 1, c[4]], 5, backend),
                        _ => ConvTests.Noise([c[4], c[3]], 6, backend).Transpose(0, 1),
                    };
                    var q = ConvTests.Noise([c[0], c[3], c[1], c[5]], 1, backend).Transpose(1, 2);
                    var k = ConvTests.Noise([c[0], c[4], c[2], c[5]], 2, backend).Transpose(1, 2);
                    var v = ConvTests.Noise([c[0], c[2], c[4], c[6]], 3, backend);
                    return Tensor.Attention(q, k, v, new(0.7f, causal, lengths, bias));
                });
            }
        }
    }

    [Fact]
    public void Attention_equals_PyTorch()
    {
        var folder = Goldens.Folder("torch_ops");
        var (given, wanted) = (new TensorFile(Path.Combine(folder, "inputs.safetensors")), new TensorFile(Path.Combine(folder, "expected.safetensors")));
        foreach (var backend in new[] { Backend.Reference, Backend.Default })
        {
            Tensor Read(int i) => Tensor.From(given.Floats($"attention.in{i}"), Shape.Create(given.Shape($"attention.in{i}")), backend);
            var y = Tensor.Attention(Read(0), Read(1), Read(2), new(1 / MathF.Sqrt(6)));
            Expect.Close(y.Values, wanted.Floats("attention.out"), relative: 1e-5f, absolute: 1e-5f);
        }
    }

    [Fact]
    public void Rows_that_see_nothing_are_zero()
    {
        foreach (var queries in new[] { 2, 20 })
        {
            var bias = Tensor.From([.. Enumerable.Repeat(float.NegativeInfinity, 3)], [3], Backend.Default);
            var x = ConvTests.Noise([1, 1, queries, 4], 1, Backend.Default);
            var v = ConvTests.Noise([1, 1, 3, 4], 1, Backend.Default);
            Assert.All(Tensor.Attention(x, v, v, new(1, Bias: bias)).ToArray(), y => Assert.Equal(0, y));
            Assert.All(Tensor.Attention(x, v, v, new(1, KeyLengths: [0])).ToArray(), y => Assert.Equal(0, y));
        }
    }

    [Fact]
    public void Large_scores_do_not_overflow_and_the_winner_takes_all()
    {
        foreach (var queries in new[] { 1, 40 })
        {
            var q = Tensor.From([.. Enumerable.Repeat(1000f, queries)], [1, 1, queries, 1], Backend.Default);
            var k = Tensor.From([.. Enumerable.Range(0, 300).Select(j => (float)j)], [1, 1, 300, 1], Backend.Default);
            Assert.All(Tensor.Attention(q, k, k, new(1)).ToArray(), y => Assert.Equal(299, y));
        }
    }

    [Fact]
    public void Misfitting_heads_and_lengths_are_refused()
    {
        var q = ConvTests.Noise([1, 3, 2, 4], 1, Backend.Default);
        var k = ConvTests.Noise([1, 2, 2, 4], 1, Backend.Default);
        Assert.Contains("3 query heads", Assert.Throws<ShapeException>(() => Tensor.Attention(q, k, k, new(1))).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => Tensor.Attention(q, q, q, new(1, KeyLengths: [3])));
        Assert.Throws<ShapeException>(() => Tensor.Attention(q, q, q, new(1, Bias: k)));
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        float[][] results = [.. new[] { 1, 2, 5 }.Select(threads =>
        {
            var x = ConvTests.Noise([1, 2, 300, 24], 1, Backend.WithThreads(threads));
            return Tensor.Attention(x, x, x, new(0.2f, Causal: true)).ToArray();
        })];
        Assert.All(results, r => Assert.Equal(results[0], r));
    }
}
