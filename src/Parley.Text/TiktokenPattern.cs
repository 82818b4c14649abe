namespace Parley.Text;

/// <summary>The word pattern that belongs to a tiktoken rank file, which does not say it itself.</summary>
public enum TiktokenPattern
{
    /// <summary>GPT-2, r50k and both Whisper vocabularies.</summary>
    Gpt2,

    /// <summary>cl100k_base (GPT-4); Llama 3 has the same.</summary>
    Cl100k,
}
