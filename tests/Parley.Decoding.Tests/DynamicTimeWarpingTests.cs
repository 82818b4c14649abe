using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Parley.Decoding.Tests;

public sealed class DynamicTimeWarpingTests
{
    [Fact]
    public void Among_equals_the_path_runs_along_the_last_row()
    {
        var (rows, columns) = DynamicTimeWarping.Align(new float[15], 3, 5);
        Assert.Equal([0, 1, 2, 2, 2, 2, 2], rows);
        Assert.Equal([0, 0, 0, 1, 2, 3, 4], columns);
    }

    [Fact]
    public void Sums_that_float32_cannot_tell_apart_are_equals()
    {
        // 1e8 - 1 is 1e8 in float32, so all three ways into the last corner cost the same and the one along the row wins.
        var (rows, columns) = DynamicTimeWarping.Align([1e8f, -1, 0, 0], 2, 2);
        Assert.Equal([0, 1, 1], rows);
        Assert.Equal([0, 0, 1], columns);
    }

    [Fact]
    public void A_planted_path_is_found()
    {
        var gen = Gen.Choose(0, 100_000).ToArbitrary();
        Prop.ForAll(gen, seed =>
        {
            var random = new Random(seed);
            var (rows, columns) = (random.Next(1, 12), random.Next(12, 40));
            int[] path = [0, .. Enumerable.Range(0, columns - 1).Select(_ => random.Next(rows)).Order()];
            path[^1] = rows - 1;
            for (var i = 1; i < columns; i++)
            {
                // One row further at most, so that the path is the only free one.
                path[i] = Math.Min(path[i], path[i - 1] + 1);
            }

            if (path[^1] != rows - 1)
            {
                return true;
            }

            var cost = new float[rows * columns];
            Array.Fill(cost, 1);
            for (var i = 0; i < columns; i++)
            {
                cost[(path[i] * columns) + i] = 0;
            }

            var found = DynamicTimeWarping.Align(cost, rows, columns);
            return found.Columns.SequenceEqual(Enumerable.Range(0, columns)) && found.Rows.SequenceEqual(path);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Costs_that_do_not_fill_the_matrix_are_refused() =>
        Assert.Throws<ArgumentException>(() => DynamicTimeWarping.Align(new float[5], 2, 3));
}
