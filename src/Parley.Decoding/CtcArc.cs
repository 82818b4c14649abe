namespace Parley.Decoding;

/// <summary>A symbol that may stand at a place of a text: the ways to spell a text are the paths of such arcs from its first place to its last.</summary>
/// <param name="Id">Symbol.</param>
/// <param name="From">Place before it, from 0.</param>
/// <param name="To">Place after it, higher than <paramref name="From"/>.</param>
/// <param name="Word">The word that it is part of; -1: it stands between words.</param>
public readonly record struct CtcArc(int Id, int From, int To, int Word = -1);
