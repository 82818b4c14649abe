namespace Parley.Tensors;

/// <summary>Which panels of a step each core owns.</summary>
internal readonly record struct RecurrentShares(int Count, int Panels)
{
    /// <summary>Multiply-adds below which a second core costs more than it does.</summary>
    private const long Least = 1 << 17;

    internal static RecurrentShares Of(Workers workers, int columns, int width, long work)
    {
        var panels = (columns + width - 1) / width;
        return new RecurrentShares((int)Math.Max(1, Math.Min(Math.Min(workers.Threads, panels), work / Least)), panels);
    }

    internal int First(int share) => (int)((long)Panels * share / Count);
}
