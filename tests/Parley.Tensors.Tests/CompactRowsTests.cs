using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Keys and values in 16 bits: how far off they are, and attention over them against attention over what they decode to.</summary>
public sealed class CompactRowsTests
{
    // batch, heads, queries, keys, dim, width
    public static TheoryData<int[]> Sizes => new()
    {
        { [1, 1, 1, 1, 1, 1] },
        { [2, 3, 4, 5, 6, 6] },
        { [2, 2, 1, 449, 64, 64] },
        { [1, 4, 3, 37, 80, 41] },
        { [3, 2, 5, 129, 33, 17] },
        { [1, 2, 17, 50, 64, 64] },
        { [0, 2, 5, 5, 8, 8] },
        { [1, 2, 5, 0, 8, 8] },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Attention_over_compact_rows_equals_attention_over_what_they_decode_to(int[] c)
    {
        foreach (var threads in new[] { 1, 3 })
        {
            using var scope = new TensorScope();
            var backend = Backend.WithThreads(threads);
            var q = ConvTests.Noise([c[0], c[2], c[1], c[4]], 1, backend).Transpose(1, 2);
            using var k = CompactRows.From(ConvTests.Noise([c[0], c[3], c[1], c[4]], 2, backend).Transpose(1, 2));
            using var v = CompactRows.From(ConvTests.Noise([c[0], c[1], c[3], c[5]], 3, backend));
            var actual = Tensor.Attention(q, k, v, 0.7f);

            var oracle = Backend.Reference;
            var expected = Tensor.Attention(
                ConvTests.Noise([c[0], c[2], c[1], c[4]], 1, oracle).Transpose(1, 2), k.ToTensor(oracle), v.ToTensor(oracle), new AttentionOptions(0.7f));
            Assert.Equal(expected.Shape, actual.Shape);
            Expect.Close(actual.Values, expected.Values, relative: 1e-5f, absolute: 2e-5f);
        }
    }

    [Fact]
    public void Values_are_off_by_at_most_half_a_step_of_their_row()
    {
        using var scope = new TensorScope();
        foreach (var dim in new[] { 1, 7, 64, 65 })
        {
            var x = ConvTests.Noise([2, 3, 10, dim], dim, Backend.Default);
            using var rows = CompactRows.From(x);
            var (given, kept) = (x.ToArray().Chunk(dim).ToArray(), rows.ToTensor(Backend.Default).ToArray().Chunk(dim).ToArray());
            for (var i = 0; i < given.Length; i++)
            {
                var bound = given[i].Max(Math.Abs) / 65534 * 1.01f;
                Assert.All(given[i].Zip(kept[i]), p => Assert.InRange(p.Second - p.First, -bound, bound));
            }
        }
    }

    [Fact]
    public void Rows_of_zeros_stay_zeros_and_NaN_is_not_hidden()
    {
        using var scope = new TensorScope();
        using var rows = CompactRows.From(Tensor.From([0, 0, 1, float.NaN], [1, 1, 2, 2], Backend.Default));
        Assert.Equal([0, 0, float.NaN, float.NaN], rows.ToTensor(Backend.Default).ToArray());
    }

    [Fact]
    public void Entries_are_kept_in_any_order()
    {
        foreach (int[] kept in (int[][])[[0, 1, 2, 3], [0, 3], [3, 1], [2, 0, 1], []])
        {
            using var scope = new TensorScope();
            using var rows = CompactRows.From(ConvTests.Noise([4, 2, 3, 5], 1, Backend.Default));
            var before = rows.ToTensor(Backend.Default).ToArray().Chunk(2 * 3 * 5).ToArray();
            rows.Keep(kept);
            Assert.Equal(kept.SelectMany(i => before[i]), rows.ToTensor(Backend.Default).ToArray());
        }
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named()
    {
        using var scope = new TensorScope();
        using var rows = CompactRows.From(ConvTests.Noise([1, 2, 3, 4], 1, Backend.Default));
        var error = Assert.Throws<ShapeException>(() => Tensor.Attention(ConvTests.Noise([1, 2, 1, 5], 1, Backend.Default), rows, rows, 1));
        Assert.Contains("[1, 2, 1, 5]", error.Message);
        Assert.Throws<ShapeException>(() => CompactRows.From(ConvTests.Noise([2, 3], 1, Backend.Default)));
    }
}
