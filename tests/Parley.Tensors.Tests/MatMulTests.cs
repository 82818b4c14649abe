using Parley.TestSupport;

namespace Parley.Tensors.Tests;

public sealed class MatMulTests
{
    private static readonly Backend Simd = Backend.WithThreads(2);

    [Fact]
    public void A_product_worked_by_hand()
    {
        var a = Tensor.From([1, 2, 3, 4, 5, 6], [2, 3], Simd);
        var b = Tensor.From([1, 0, -1, 2, 10, 100], [3, 2], Simd);
        Assert.Equal([29f, 304f, 59f, 610f], a.MatMul(b).ToArray());
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 37, 515)]
    [InlineData(3, 129, 64)]
    [InlineData(5, 33, 7)]
    [InlineData(7, 16, 321)]
    [InlineData(13, 100, 640)]
    [InlineData(97, 65, 700)]
    [InlineData(200, 1, 33)]
    [InlineData(211, 530, 19)]
    [InlineData(193, 31, 1)]
    [InlineData(700, 150, 270)]
    [InlineData(4, 5, 0)]
    public void Products_of_all_layouts_equal_the_reference(int m, int n, int k)
    {
        foreach (var (aTurned, bTurned) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            float[] Values(Backend backend) =>
                Matrix(backend, m, k, aTurned, seed: 1).MatMul(Matrix(backend, k, n, bTurned, seed: 2)).ToArray();
            Expect.Close(Values(Simd), Values(Backend.Reference), 1e-5f, 2e-5f, $"{m}x{n}x{k} {aTurned} {bTurned}");
        }
    }

    [Fact]
    public void Every_small_size_equals_the_reference()
    {
        for (var m = 1; m <= 14; m++)
        {
            for (var n = 1; n <= 35; n++)
            {
                var k = 1 + (m * 7 + n * 5) % 19;
                float[] Values(Backend backend) =>
                    Matrix(backend, m, k, turned: false, seed: 1).MatMul(Matrix(backend, k, n, turned: true, seed: 2)).ToArray();
                Expect.Close(Values(Simd), Values(Backend.Reference), 1e-5f, 1e-5f, $"{m}x{n}x{k}");
            }
        }
    }

    [Fact]
    public void Tiles_of_every_width_equal_the_reference()
    {
        foreach (var (m, n, k) in new[] { (5, 33, 40), (24, 64, 300), (31, 70, 11), (205, 99, 401) })
        {
            var expected = Matrix(Backend.Reference, m, k, turned: false, seed: 1).MatMul(Matrix(Backend.Reference, k, n, turned: false, seed: 2)).ToArray();
            Expect.Close(Tiled<Tile128>(m, n, k), expected, 1e-5f, 2e-5f, $"128 bits, {m}x{n}x{k}");
            Expect.Close(Tiled<Tile256>(m, n, k), expected, 1e-5f, 2e-5f, $"256 bits, {m}x{n}x{k}");
            Expect.Close(Tiled<Tile512>(m, n, k), expected, 1e-5f, 2e-5f, $"512 bits, {m}x{n}x{k}");
        }
    }

    [Fact]
    public void Leading_dimensions_broadcast()
    {
        foreach (var (left, right) in new (int[], int[])[] { ([2, 3, 5, 4], [4, 6]), ([5, 4], [3, 4, 6]), ([2, 1, 5, 4], [3, 4, 6]), ([3, 5, 4], [3, 4, 6]), ([4, 1, 4], [4, 6]) })
        {
            float[] Values(Backend backend) => Random(backend, 1, left).MatMul(Random(backend, 2, right)).ToArray();
            Expect.Close(Values(Simd), Values(Backend.Reference), 1e-5f, 1e-5f, $"{left.Length} and {right.Length} dimensions");
        }
    }

    [Fact]
    public void Attention_scores_of_permuted_heads_equal_the_reference()
    {
        float[] Values(Backend backend)
        {
            var q = Random(backend, 1, [2, 11, 3, 8]).Permute(0, 2, 1, 3);
            var k = Random(backend, 2, [2, 17, 3, 8]).Permute(0, 2, 3, 1);
            return q.MatMul(k).ToArray();
        }

        Expect.Close(Values(Simd), Values(Backend.Reference), 1e-5f, 1e-5f);
    }

    [Theory]
    [InlineData(1, 64, 130)]
    [InlineData(4, 64, 130)]
    [InlineData(9, 64, 130)]
    [InlineData(250, 700, 333)]
    public void Linear_with_everything_equals_the_reference(int rows, int inputs, int outputs)
    {
        foreach (var activation in Enum.GetValues<Activation>())
        {
            float[] Values(Backend backend)
            {
                using var scope = new TensorScope();
                return Random(backend, 1, [rows, inputs]).Linear(
                    WeightMatrix.Dense(Random(backend, 2, [outputs, inputs])), Random(backend, 3, [outputs]), activation, Random(backend, 4, [rows, outputs])).ToArray();
            }

            Expect.Close(Values(Simd), Values(Backend.Reference), 1e-5f, 4e-5f, $"{activation}");
        }
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        float[] Values(Backend backend, int rows) =>
            Random(backend, 1, [rows, 700]).Linear(WeightMatrix.Dense(Random(backend, 2, [515, 700])), Random(backend, 3, [515]), Activation.Gelu).ToArray();
        foreach (var rows in new[] { 1, 3, 20, 300, 700 })
        {
            var one = Values(Backend.WithThreads(1), rows);
            Assert.Equal(one, Values(Backend.WithThreads(2), rows));
            Assert.Equal(one, Values(Backend.WithThreads(5), rows));
        }
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        var a = Tensor.Zeros([2, 3], Simd);
        Assert.Contains("[2, 3]", Assert.Throws<ShapeException>(() => a.MatMul(a)).Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => a.Linear(WeightMatrix.Dense(Tensor.Zeros([4, 2], Simd))));
        Assert.Throws<ShapeException>(() => a.Linear(WeightMatrix.Dense(a), bias: a));
        Assert.Throws<ShapeException>(() => WeightMatrix.Dense(Tensor.Zeros([3], Simd)));
    }

    private static unsafe float[] Tiled<TTile>(int m, int n, int k)
        where TTile : struct, ITile
    {
        var (a, b, y) = (Matrix(Simd, m, k, turned: false, seed: 1), Matrix(Simd, k, n, turned: false, seed: 2), Tensor.Zeros([m, n], Simd));
        Gemm.Run<TTile>(Simd.Workers, m, n, k, a.Pointer, k, 1, b.Pointer, n, 1, y.Pointer, n, default);
        return y.ToArray();
    }

    private static Tensor Matrix(Backend backend, int rows, int columns, bool turned, int seed) =>
        turned ? Random(backend, seed, [columns, rows]).Transpose(0, 1) : Random(backend, seed, [rows, columns]);

    private static Tensor Random(Backend backend, int seed, int[] dims)
    {
        var random = new Random(seed);
        var shape = Shape.Create(dims);
        return Tensor.From([.. Enumerable.Range(0, (int)shape.Count).Select(_ => random.NextSingle() * 2 - 1)], shape, backend);
    }
}
