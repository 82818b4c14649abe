namespace Parley.Nn;

/// <summary>A way on from a cell of the lattice: what it emits, and how far it goes.</summary>
/// <param name="Frames">Frames it passes.</param>
/// <param name="Blank">Id of the blank that it emits; negative: it emits the next symbol of the target.</param>
/// <param name="Duration">Which of the duration scores it has as well; negative: none.</param>
internal readonly record struct TransducerArc(int Frames, int Blank, int Duration = -1)
{
    /// <summary>Symbols of the target that it passes.</summary>
    internal int Labels => Blank < 0 ? 1 : 0;

    /// <summary>Diagonals of the lattice that it passes.</summary>
    internal int Diagonals => Frames + Labels;
}
