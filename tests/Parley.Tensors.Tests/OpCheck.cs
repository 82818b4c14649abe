using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Runs an operation on the vector backend and on the reference, and compares.</summary>
internal static class OpCheck
{
    private static readonly float[] Special = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f, -0f];

    /// <summary>All lengths 0 to 257, views (transposed, sliced, expanded), and unless told otherwise NaN and infinities.</summary>
    internal static void Run(Func<Tensor, Tensor> op, float relative = 2e-6f, float absolute = 1e-7f, float low = -4f, float high = 4f, int least = 0, bool special = true)
    {
        var random = new Random(5);
        for (var n = least; n <= 257; n++)
        {
            Compare(op, Numbers(random, 3 * n, low, high), [3, n], x => x, relative, absolute, $"[3, {n}]");
        }

        foreach (var n in (int[])[1, 7, 16, 33, 64])
        {
            var values = Numbers(random, 2 * 5 * 3 * n, low, high);
            Compare(op, values, [n, 3, 10], x => x.Transpose(0, 2), relative, absolute, $"transposed, {n}");
            Compare(op, values, [2, 5, 3 * n], x => x.Transpose(0, 1), relative, absolute, $"outer transposed, {n}");
            Compare(op, values, [2, 5, 3 * n], x => x.Slice(2, n, 2 * n).Slice(1, 1, 4), relative, absolute, $"sliced, {n}");
            Compare(op, values, [30 * n], x => x.Slice(0, 0, n).Expand([4, n]), relative, absolute, $"expanded, {n}");
            Compare(op, values, [30 * n], x => x.Slice(0, 0, n).Unsqueeze(1).Expand([n, 6]), relative, absolute, $"expanded inside, {n}");
        }

        for (var i = 0; special && i < 3 * 37; i += 3)
        {
            var values = Numbers(random, 3 * 37, low, high);
            values[i] = Special[i % Special.Length];
            Compare(op, values, [3, 37], x => x, relative, absolute, $"{values[i]} at {i}");
        }
    }

    internal static float[] Numbers(Random random, int count, float low, float high)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = low + ((high - low) * random.NextSingle());
        }

        return values;
    }

    private static void Compare(Func<Tensor, Tensor> op, float[] values, Shape shape, Func<Tensor, Tensor> view, float relative, float absolute, string what)
    {
        using var scope = new TensorScope();
        var actual = op(view(Tensor.From(values, shape, Backend.Default)));
        var expected = op(view(Tensor.From(values, shape, Backend.Reference)));
        Assert.Equal(expected.Shape, actual.Shape);
        Expect.Close(actual.ToArray(), expected.ToArray(), relative, absolute, what);
    }
}
