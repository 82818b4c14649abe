namespace Parley.Decoding;

/// <summary>The cheapest monotone path through a cost matrix, from its first corner to its last.</summary>
/// <remarks>Steps are one down, one right, or both; of equally cheap ways the one along a row is taken, as in openai/whisper:whisper/timing.py,
/// which keeps the sums in float32: rounding makes ties, and they must be the same ones.</remarks>
public static class DynamicTimeWarping
{
    private const byte Both = 0;
    private const byte Down = 1;
    private const byte Right = 2;

    /// <summary>Finds the path.</summary>
    /// <param name="cost">[rows, columns].</param>
    /// <param name="rows">At least 1.</param>
    /// <param name="columns">At least 1.</param>
    /// <returns>The row and the column of every step.</returns>
    public static (int[] Rows, int[] Columns) Align(ReadOnlySpan<float> cost, int rows, int columns)
    {
        if (rows < 1 || columns < 1 || cost.Length != (long)rows * columns)
        {
            throw new ArgumentException($"time warping: {cost.Length} costs do not fill [{rows}, {columns}]", nameof(cost));
        }

        var moves = new byte[rows * columns];
        var above = new float[columns + 1];
        var here = new float[columns + 1];
        Array.Fill(above, float.PositiveInfinity);
        above[0] = 0;
        for (var i = 0; i < rows; i++)
        {
            here[0] = float.PositiveInfinity;
            for (var j = 0; j < columns; j++)
            {
                var (both, down, right) = (above[j], above[j + 1], here[j]);
                var (best, move) = both < down && both < right ? (both, Both) : down < both && down < right ? (down, Down) : (right, Right);
                here[j + 1] = cost[(i * columns) + j] + best;
                moves[(i * columns) + j] = move;
            }

            (above, here) = (here, above);
        }

        var (pathRows, pathColumns) = (new List<int>(), new List<int>());
        for (var (i, j) = (rows - 1, columns - 1); i >= 0 && j >= 0;)
        {
            pathRows.Add(i);
            pathColumns.Add(j);

            // Along the edges there is one way back to the corner.
            var move = i == 0 && j == 0 ? Both : i == 0 ? Right : j == 0 ? Down : moves[(i * columns) + j];
            i -= move is Both or Down ? 1 : 0;
            j -= move is Both or Right ? 1 : 0;
        }

        pathRows.Reverse();
        pathColumns.Reverse();
        return ([.. pathRows], [.. pathColumns]);
    }
}
