namespace Parley.Text;

/// <summary>What to do with text that spells a special token, such as "&lt;|endoftext|&gt;".</summary>
public enum SpecialTokens
{
    /// <summary>It becomes the special token.</summary>
    Recognise,

    /// <summary>It is ordinary text: use this for anything a stranger wrote.</summary>
    AsText,
}
