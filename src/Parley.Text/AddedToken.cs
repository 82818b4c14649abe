namespace Parley.Text;

/// <summary>A token that is matched in the text before anything else.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">The text that spells it.</param>
/// <param name="Special">Whether it steers the model rather than spelling text.</param>
/// <param name="LeftStrip">Whether white space in front of it belongs to it.</param>
/// <param name="RightStrip">Whether white space behind it belongs to it.</param>
/// <param name="SingleWord">Whether it counts only where no word character touches it.</param>
/// <param name="Normalized">Whether it is looked for in the normalised text rather than in the text as given.</param>
public sealed record AddedToken(
    int Id,
    string Content,
    bool Special = true,
    bool LeftStrip = false,
    bool RightStrip = false,
    bool SingleWord = false,
    bool Normalized = false);
