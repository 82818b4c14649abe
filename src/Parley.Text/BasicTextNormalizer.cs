using System.Globalization;

namespace Parley.Text;

/// <summary>Makes text of any language comparable: lower case, no brackets, no punctuation.</summary>
/// <remarks>openai/whisper whisper/normalizers/basic.py.</remarks>
/// <param name="removeDiacritics">Letters lose their diacritics; default false.</param>
/// <param name="splitLetters">A space goes between all letters, for languages written without spaces; default false.</param>
public sealed class BasicTextNormalizer(bool removeDiacritics = false, bool splitLetters = false)
{
    /// <summary>The normalised text.</summary>
    public string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bare = TextCleaning.WithoutBrackets(TextCleaning.Lower(text));
        var clean = TextCleaning.Lower(removeDiacritics ? TextCleaning.WithoutDiacritics(bare) : TextCleaning.WithoutSymbols(bare));
        if (splitLetters)
        {
            clean = string.Join(' ', Letters(clean));
        }

        return TextCleaning.OneSpace(clean);
    }

    private static IEnumerable<string> Letters(string text)
    {
        var elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            yield return elements.GetTextElement();
        }
    }
}
