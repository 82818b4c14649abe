namespace Parley.Tensors;

/// <summary>A weight matrix that is made from float32 rows, each on its own.</summary>
internal abstract unsafe class EncodedMatrix(int rows, int columns) : WeightMatrix(rows, columns)
{
    /// <summary>Encodes one row; null when it went well, else what is wrong with the values.</summary>
    internal abstract string? EncodeRow(int row, float* source);
}
