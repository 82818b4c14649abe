namespace Parley.Decoding;

/// <summary>What an <see cref="NGramModel"/> consists of; see there.</summary>
/// <param name="Names">Spellings by word id.</param>
/// <param name="Starts">First node of each order, from the empty history of order 0; ends with the number of nodes.</param>
/// <param name="Words">The last word of each node.</param>
/// <param name="Suffixes">The longest proper suffix of each node that is a node.</param>
/// <param name="Children">First child of each node below the highest order; the next entry is where its children end.</param>
/// <param name="LogProbs">log10 of each node's probability after its parent.</param>
/// <param name="Backoffs">log10 of the back-off weight of each node below the highest order.</param>
/// <param name="ListsUnknown">Whether the unknown word was among the n-grams.</param>
internal sealed record NGramArrays(string[] Names, int[] Starts, int[] Words, int[] Suffixes, int[] Children, float[] LogProbs, float[] Backoffs, bool ListsUnknown);
