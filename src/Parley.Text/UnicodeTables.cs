using System.Globalization;

namespace Parley.Text;

/// <summary>Decompositions, compositions and combining classes of Unicode, read once from the embedded table.</summary>
internal sealed class UnicodeTables
{
    private static readonly Lazy<UnicodeTables> Lazily = new(() => new UnicodeTables());
    private readonly Dictionary<int, int[]> canonical = [];
    private readonly Dictionary<int, int[]> compatible = [];
    private readonly Dictionary<(int First, int Second), int> pairs = [];
    private readonly Dictionary<int, byte> classes = [];

    private UnicodeTables()
    {
        foreach (var line in TextResource.Lines("unicode-normal.gz"))
        {
            var fields = line.Split(' ');
            if (fields[0] == "V")
            {
                continue;
            }

            int[] numbers = [.. fields.Skip(1).Select(f => int.Parse(f, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            switch (fields[0])
            {
                case "D":
                    canonical[numbers[0]] = numbers[1..];
                    break;
                case "K":
                    compatible[numbers[0]] = numbers[1..];
                    break;
                case "P":
                    pairs[(numbers[0], numbers[1])] = numbers[2];
                    break;
                default:
                    for (var point = numbers[1]; point <= numbers[2]; point++)
                    {
                        classes[point] = (byte)numbers[0];
                    }

                    break;
            }
        }
    }

    /// <summary>The tables.</summary>
    public static UnicodeTables Shared => Lazily.Value;

    /// <summary>The canonical combining class of a code point, 0 for a starter.</summary>
    public int Class(int point) => classes.GetValueOrDefault(point);

    /// <summary>The full decomposition of a code point, or null where it stays as it is.</summary>
    public int[]? Decomposition(int point, bool compatibility) =>
        (compatibility ? compatible.GetValueOrDefault(point) : null) ?? canonical.GetValueOrDefault(point);

    /// <summary>What two code points compose to, or -1.</summary>
    public int Composition(int first, int second) => pairs.GetValueOrDefault((first, second), -1);
}
