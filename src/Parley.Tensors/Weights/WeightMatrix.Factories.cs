namespace Parley.Tensors;

// Ways to make a weight matrix: encode float32 rows, or look into 16-bit values of a mapped file.
public abstract partial class WeightMatrix
{
    /// <summary>Encodes <paramref name="source"/> [out, in], row-major; <paramref name="name"/> is what errors call it.</summary>
    public static WeightMatrix Quantise(ReadOnlySpan<float> source, int rows, int columns, WeightFormat format, string name = "weight", Workers? workers = null)
    {
        if (source.Length != (long)rows * columns)
        {
            throw new ShapeException($"quantise: {name}: {source.Length} values do not fill [{rows}, {columns}]");
        }

        var builder = new WeightMatrixBuilder(format, rows, columns, name, workers);
        builder.Add(source);
        return builder.Build();
    }

    /// <summary>Encodes a contiguous tensor [out, in].</summary>
    public static WeightMatrix Quantise(Tensor source, WeightFormat format, string name = "weight", Workers? workers = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Shape.Rank != 2)
        {
            throw new ShapeException($"quantise: {name} {source.Shape} is not a matrix");
        }

        var matrix = Quantise(source.Values, source.Shape[0], source.Shape[1], format, name, workers);
        GC.KeepAlive(source);
        return matrix;
    }

    /// <summary>A matrix over bfloat16 values that live as long as <paramref name="owner"/>, such as a mapped file; nothing is copied.</summary>
    public static WeightMatrix FromBFloat16(nint address, int rows, int columns, object owner) =>
        new BFloat16Matrix(rows, columns, address, owner ?? throw new ArgumentNullException(nameof(owner)));

    /// <summary>A matrix over IEEE half values that live as long as <paramref name="owner"/>, such as a mapped file; nothing is copied.</summary>
    public static WeightMatrix FromFloat16(nint address, int rows, int columns, object owner) =>
        new Float16Matrix(rows, columns, address, owner ?? throw new ArgumentNullException(nameof(owner)));

    private protected void CheckRow(int row, Span<float> target)
    {
        if ((uint)row >= (uint)Out)
        {
            throw new ShapeException($"weight row: {row} is outside [{Out}, {In}]");
        }

        if (target.Length < In)
        {
            throw new ShapeException($"weight row: {target.Length} places for a row of {In}");
        }
    }
}
