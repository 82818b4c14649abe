using System.Text.Json.Serialization;

namespace Parley.Models;

/// <summary>What an HMM-GMM has models of.</summary>
public enum HmmUnitKind
{
    /// <summary>Phones of a pronunciation dictionary; words share them, and a word may have several pronunciations.</summary>
    [JsonStringEnumMemberName("phones")]
    Phones,

    /// <summary>Phones that belong to one word each, in its first pronunciation: best for few words with many recordings.</summary>
    [JsonStringEnumMemberName("word-phones")]
    WordPhones,

    /// <summary>Whole words, all of the same number of states; needs no dictionary.</summary>
    [JsonStringEnumMemberName("words")]
    Words,
}
