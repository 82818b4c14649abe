using System.Runtime.Intrinsics;

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
        if (TStep.Depth == 4)
        {
            Packing.Pack((float*)weight.Row(first), weight.Stride / 4, 1, valid, columns, units, (float*)packed);
        }
        else
        {
            var bytes = (long)valid * units * 4;
            var widened = (int*)MemoryPool.Rent(bytes);
            for (var j = 0; j < valid; j++)
            {
                Widen(weight.Row(first + j), (short*)(widened + (j * units)), 2 * units);
            }

            Packing.Pack((float*)widened, units, 1, valid, columns, units, (float*)packed);
            MemoryPool.Return((nint)widened, bytes);
        }

        for (var j = 0; j < columns; j++)
        {
            starts[j] = TStep.Offset != 0 && j < valid ? -TStep.Offset * Sum(weight.Row(first + j), weight.In) : 0;
        }
    }

    // The count is a multiple of 16, and rows have so many bytes.
    private static void Widen(sbyte* row, short* target, int count)
    {
        for (var i = 0; i < count; i += 16)
        {
            var (low, high) = Vector128.Widen(Vector128.Load(row + i));
            low.Store(target + i);
            high.Store(target + i + 8);
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
