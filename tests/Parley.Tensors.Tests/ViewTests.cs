namespace Parley.Tensors.Tests;

/// <summary>Shapes, views and joins: values on small tensors worked by hand, and what is refused.</summary>
public sealed class ViewTests
{
    private static readonly Backend Cpu = Backend.Default;

    private static Tensor Counting(params int[] dims)
    {
        var shape = Shape.Create(dims);
        return Tensor.From([.. Enumerable.Range(0, (int)shape.Count).Select(i => (float)i)], shape, Cpu);
    }

    [Fact]
    public void Shapes_compare_count_and_print()
    {
        Shape a = [2, 3, 4];
        Assert.Equal((3, 24L, 4, 3), (a.Rank, a.Count, a[-1], a[^2]));
        Assert.Equal("[2, 3, 4]", a.ToString());
        Assert.True(a == Shape.Create(2, 3, 4) && a != [2, 3] && a.GetHashCode() == Shape.Create(2, 3, 4).GetHashCode());
        Assert.Equal([2, 5, 4], a.With(1, 5));
        Assert.Equal((0, 1L, "[]"), (default(Shape).Rank, default(Shape).Count, default(Shape).ToString()));
        Assert.Equal([5, 2, 3], Shape.Broadcast("add", [5, 1, 3], [2, 1]));
    }

    [Fact]
    public void Impossible_shapes_are_refused_with_the_numbers()
    {
        Refused("[2, -3]", () => Shape.Create(2, -3));
        Refused("axis 3 is outside shape [2, 3]", () => _ = Shape.Create(2, 3)[3]);
        Refused("mul: shapes [2, 3] and [2, 4] do not broadcast", () => Shape.Broadcast("mul", [2, 3], [2, 4]));
        Assert.Throws<OverflowException>(() => Shape.Create(int.MaxValue, int.MaxValue, int.MaxValue).Count);
        Refused("3 values do not fill [2, 2]", () => Tensor.From([1f, 2f, 3f], [2, 2], Cpu));
        Refused("3 values do not fill [2]", () => _ = new IntTensor([1, 2, 3], [2]));
    }

    [Fact]
    public void Reshape_keeps_the_order_and_works_out_one_size()
    {
        using var scope = new TensorScope();
        var x = Counting(2, 6);
        Assert.Equal([3, 4], x.Reshape(3, -1).Shape);
        Assert.Same(x.Storage, x.Reshape(3, 4).Storage);
        Assert.Equal([0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11], x.Transpose(0, 1).Reshape(-1).ToArray());
        Refused("[2, 6]", () => x.Reshape(5, -1));
        Refused("12 elements", () => x.Reshape(5, 2));
        Assert.Throws<ShapeException>(() => x.Reshape(-1, -1));
        Assert.Throws<ShapeException>(() => Counting(0).Reshape(-1, 0));
    }

    [Fact]
    public void Views_reorder_and_stretch_without_copying()
    {
        using var scope = new TensorScope();
        var x = Counting(2, 3, 2);
        var y = x.Permute(2, 0, 1);
        Assert.Same(x.Storage, y.Storage);
        Assert.Equal([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11], y.ToArray());
        Assert.Equal(x.ToArray(), y.Permute(1, 2, 0).ToArray());
        Assert.Equal([2, 3, 8, 9], x.Select(1, 1).ToArray());
        Assert.Equal([4, 5, 10, 11], x.Slice(-2, 2, 3).ToArray());
        Assert.Equal([0, 1, 0, 1, 0, 1], Counting(2).Expand([3, 2]).ToArray());
        Assert.Equal([0, 0, 1, 1], Counting(2).Unsqueeze(-1).Expand([2, 2]).ToArray());
        Assert.Equal([1, 2, 3, 2], x.Unsqueeze(0).Shape);
        Assert.Throws<InvalidOperationException>(() => y.Values.Length);
    }

    [Fact]
    public void Impossible_views_are_refused()
    {
        using var scope = new TensorScope();
        var x = Counting(2, 3);
        Refused("slice: 1..4 is outside dimension 1 of [2, 3]", () => x.Slice(1, 1, 4));
        Refused("slice", () => x.Slice(0, -1, 1));
        Refused("slice", () => x.Slice(0, 2, 1));
        Refused("slice", () => x.Select(0, 2));
        Refused("permute: 1 axes", () => x.Permute(0));
        Refused("permute: axis 1 appears twice", () => x.Permute(1, -1));
        Refused("expand: shapes [2, 3] and [4, 3] do not broadcast", () => x.Expand([4, 3]));
        Refused("expand: [2, 3] does not stretch to [3]", () => x.Expand([3]));
        Refused("squeeze: dimension 0 of [2, 3] is not 1", () => x.Squeeze(0));
        Refused("unsqueeze: axis 3", () => x.Unsqueeze(3));
        Refused("axis -3", () => x.Transpose(0, -3));
        Refused("scalar: shape [2, 3] has 6 elements", () => _ = x.Scalar);
    }

    [Fact]
    public void Gather_copies_rows_in_the_order_of_the_ids()
    {
        using var scope = new TensorScope();
        var table = Counting(4, 2);
        var y = table.Gather(new IntTensor([3, 0, 3, 1], [2, 2]));
        Assert.Equal([2, 2, 2], y.Shape);
        Assert.Equal([6, 7, 0, 1, 6, 7, 2, 3], y.ToArray());
        Assert.Equal([4, 5, 6, 7], table.Reshape(2, 4).Transpose(0, 1).Transpose(0, 1).Gather(new IntTensor([1], [1])).ToArray());
        Assert.Equal([1, 3, 5, 7], table.Transpose(0, 1).Gather(new IntTensor([1], [1])).ToArray());
        foreach (var id in new[] { -1, 4 })
        {
            Assert.Contains("4 rows", Assert.Throws<ArgumentOutOfRangeException>(() => table.Gather(new IntTensor([id], [1]))).Message, StringComparison.Ordinal);
        }

        Refused("gather: the table must be [rows, dim]", () => table.Reshape(8).Gather(new IntTensor([0], [1])));
    }

    [Fact]
    public void Joins_put_parts_side_by_side()
    {
        using var scope = new TensorScope();
        var (a, b) = (Counting(2, 2), Counting(2, 1) + 10f);
        Assert.Equal([0, 1, 10, 2, 3, 11], Tensor.Concat(1, a, b).ToArray());
        Assert.Equal([0, 1, 2, 3, 0, 2, 1, 3], Tensor.Stack(0, a, a.Transpose(0, 1)).ToArray());
        Assert.Equal([0, 0, 1, 2, 2, 1, 3, 3], Tensor.Stack(-1, a, a.Transpose(0, 1)).ToArray());
        Refused("concat: [2, 2] and [2, 1] differ outside axis 0", () => Tensor.Concat(0, a, b));
        Refused("stack: [2, 2] and [2, 1] differ", () => Tensor.Stack(0, a, b));
        Assert.Throws<ArgumentException>(() => Tensor.Concat(0));
        Assert.Throws<InvalidOperationException>(() => Tensor.Concat(0, a, Tensor.Zeros([2, 2], Backend.Reference)));
    }

    [Fact]
    public void Padding_mirrors_repeats_or_is_zero()
    {
        using var scope = new TensorScope();
        var x = Counting(3) + 1f;
        Assert.Equal([0, 1, 2, 3, 0, 0], x.Pad(0, 1, 2).ToArray());
        Assert.Equal([3, 2, 1, 2, 3, 2], x.Pad(0, 2, 1, PadMode.Reflect).ToArray());
        Assert.Equal([1, 1, 1, 2, 3, 3], x.Pad(0, 2, 1, PadMode.Replicate).ToArray());
        Assert.Equal([0, 0, 1, 2], Counting(0).Pad(0, 2, 0).ToArray().Concat([1f, 2f]));
        Refused("needs at least 4 elements", () => x.Pad(0, 3, 0, PadMode.Reflect));
        Refused("needs at least 1 elements", () => Counting(0).Pad(0, 0, 1, PadMode.Replicate));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Pad(0, -1, 0));
    }

    [Fact]
    public void Argmax_is_the_first_of_equals_and_nan_is_largest()
    {
        using var scope = new TensorScope();
        foreach (var backend in new[] { Backend.Default, Backend.Reference })
        {
            for (var n = 1; n < 70; n++)
            {
                for (var at = 0; at < n; at++)
                {
                    var values = Enumerable.Range(0, n).Select(i => i == at || i == n - 1 ? 5f : -1f).ToArray();
                    Assert.Equal([at], Tensor.From(values, [n], backend).ArgMax().Values.ToArray());
                    values[n / 2] = float.NaN;
                    Assert.Equal([n / 2], Tensor.From(values, [n], backend).ArgMax().Values.ToArray());
                }
            }

            Assert.Equal([1, 0], Tensor.From([1f, 2f, 4f, 3f], [2, 2], backend).ArgMax().Values.ToArray());
            Refused("argmax", () => Tensor.Zeros([2, 0], backend).ArgMax());
        }
    }

    private static void Refused(string words, Action action) =>
        Assert.Contains(words, Assert.Throws<ShapeException>(action).Message, StringComparison.Ordinal);
}
