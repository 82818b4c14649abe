namespace Parley.Models;

/// <summary>A stretch of an alignment.</summary>
/// <param name="Name">The word, the phone, or the state as "phone.number" counted from 1.</param>
/// <param name="Start">Its first frame.</param>
/// <param name="End">The frame after its last.</param>
/// <param name="Parent">Place of the phone among the phones, or of the word among the words; -1 for words, and for phones that are silence.</param>
public sealed record HmmSpan(string Name, int Start, int End, int Parent);
