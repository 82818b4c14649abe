namespace Parley.Tensors;

/// <summary>Lays rows of int8 weights out by unit, so that one vector holds the same k of many outputs.</summary>
internal static unsafe class Int8Pack
{
    /// <summary>packed[unit, column] of rows <paramref name="first"/> and on, zero outside the matrix; starts[column] is what the sums begin at.</summary>
    internal static void Panel<TStep, TVector>(Int8Matrix weight, int first, int columns, int units, int* packed, int* starts)
        where TStep : struct, IInt8Step<TVector>
        where TVector : struct
    {
        var valid = Math.Min(columns, weight.Out - first);
        if (valid < columns)
        {
            new Span<int>(packed, units * columns).Clear();
        }

        for (var j = 0; j < columns; j++)
        {
            starts[j] = 0;
            if (j < valid)
            {
                var row = weight.Row(first + j);
                if (TStep.Depth == 2)
                {
                    Pairs(row, units, packed + j, columns);
                }
                else
                {
                    Quads((int*)row, units, packed + j, columns);
                }

                if (TStep.Offset != 0)
                {
                    starts[j] = -TStep.Offset * Sum(row, weight.In);
                }
            }
        }
    }

    private static void Pairs(sbyte* row, int units, int* packed, int columns)
    {
        for (var u = 0; u < units; u++)
        {
            packed[(long)u * columns] = (row[2 * u] & 0xFFFF) | (row[(2 * u) + 1] << 16);
        }
    }

    private static void Quads(int* row, int units, int* packed, int columns)
    {
        for (var u = 0; u < units; u++)
        {
            packed[(long)u * columns] = row[u];
        }
    }

    private static int Sum(sbyte* row, int count)
    {
        var sum = 0;
        for (var i = 0; i < count; i++)
        {
            sum += row[i];
        }

        return sum;
    }
}
