namespace Parley.Text;

/// <summary>A word and the token ids that spell it.</summary>
/// <param name="Word">The word with its leading space.</param>
/// <param name="Tokens">Its ids.</param>
public sealed record WordTokens(string Word, IReadOnlyList<int> Tokens);
