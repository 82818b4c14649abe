using System.Runtime.CompilerServices;

namespace Parley.Decoding;

/// <summary>
/// The best ways through a long recursion, kept in memory that grows with the square root of its length: scores are stored every so many rows, and
/// the ways of the rows between are found once more when they are traced back. The path is the same as if all had been kept.
/// </summary>
/// <remarks>The space for time of Hirschberg 1975 and of checkpoints in reverse-mode differentiation (Griewank 1992): every row is computed twice.</remarks>
/// <typeparam name="TWay">Names the way into a state.</typeparam>
public sealed class ViterbiRows<TWay>
    where TWay : unmanaged
{
    private const long MaxBytes = 2L << 30;

    private readonly Step _step;
    private readonly int _rows;
    private readonly int _block;
    private readonly double[][] _stored;
    private readonly TWay[][] _ways;
    private double[] _scores;
    private double[] _next;
    private int _first;

    /// <summary>Computes all rows.</summary>
    /// <param name="rows">Steps of the recursion, at least 1.</param>
    /// <param name="states">Scores of a row.</param>
    /// <param name="step">Computes a row.</param>
    /// <exception cref="InvalidDataException">More than 2 GiB would be needed.</exception>
    public ViterbiRows(int rows, int states, Step step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentNullException.ThrowIfNull(step);
        (_step, _rows) = (step, rows);
        _block = Block(rows);
        if (Bytes(rows, states) is var bytes and > MaxBytes)
        {
            throw new InvalidDataException(FormattableString.Invariant(
                $"an alignment of {states} states with {rows} frames needs {bytes / 1e9:0.0} GB, more than the {MaxBytes >> 30} GiB that are allowed; cut the recording and its text into parts"));
        }

        (_scores, _next) = (new double[states], new double[states]);
        _stored = new double[(rows + _block - 1) / _block][];
        _ways = new TWay[_block][];
        for (var i = 0; i < _ways.Length; i++)
        {
            _ways[i] = new TWay[states];
        }

        // The ways of the last block are those that are traced first: they need not be found again.
        _first = (_stored.Length - 1) * _block;
        for (var t = 0; t < rows; t++)
        {
            if (t % _block == 0)
            {
                _stored[t / _block] = [.. _scores];
            }

            Take(t);
        }
    }

    /// <summary>Computes a row from the one before it.</summary>
    /// <param name="row">Its number, from 0.</param>
    /// <param name="before">Scores of the row before; zeros for the first.</param>
    /// <param name="after">Receives all scores of the row.</param>
    /// <param name="ways">Receives the way into each state.</param>
    public delegate void Step(int row, ReadOnlySpan<double> before, Span<double> after, Span<TWay> ways);

    /// <summary>Scores of the last row; valid until <see cref="Ways"/> is first called.</summary>
    public ReadOnlySpan<double> Last => _scores;

    /// <summary>Bytes that a recursion of this size holds.</summary>
    internal static long Bytes(int rows, int states) => states * ((8L * ((rows + Block(rows) - 1) / Block(rows))) + ((long)Unsafe.SizeOf<TWay>() * Block(rows)) + 16);

    /// <summary>The ways into the states of a row; rows are asked for from the last one down.</summary>
    public ReadOnlySpan<TWay> Ways(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, _rows);
        if (row / _block * _block is var first && first != _first)
        {
            _first = first;
            _stored[first / _block].CopyTo(_scores.AsSpan());
            for (var t = first; t < Math.Min(_rows, first + _block); t++)
            {
                Take(t);
            }
        }

        return _ways[row % _block];
    }

    private void Take(int row)
    {
        _step(row, _scores, _next, _ways[row % _block]);
        (_scores, _next) = (_next, _scores);
    }

    // Blocks of this length make stored scores and ways together smallest.
    private static int Block(int rows) => Math.Max(1, (int)Math.Sqrt(8.0 * rows / Unsafe.SizeOf<TWay>()));
}
