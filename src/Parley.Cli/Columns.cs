namespace Parley.Cli;

/// <summary>Aligned columns of plain text: the same on a terminal, in a pipe and in a test.</summary>
internal static class Columns
{
    /// <summary>Writes rows; columns named in <paramref name="right"/> are set flush right, the last column is never padded.</summary>
    public static void Write(Terminal terminal, IReadOnlyList<string[]> rows, params ReadOnlySpan<int> right)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var widths = new int[rows.Max(r => r.Length)];
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                widths[i] = Math.Max(widths[i], row[i].Length);
            }
        }

        using var text = new StringWriter { NewLine = "\n" };
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++)
            {
                var isLast = i == row.Length - 1;
                text.Write(right.Contains(i) ? row[i].PadLeft(widths[i]) : isLast ? row[i] : row[i].PadRight(widths[i]));
                text.Write(isLast ? "\n" : "  ");
            }
        }

        terminal.Write(text.ToString());
    }
}
