namespace Parley.Text.Tests;

/// <summary>Lines of a pronunciation dictionary.</summary>
public sealed class PronunciationDictionaryTests
{
    [Fact]
    public void Words_have_all_their_pronunciations_without_stress_in_the_order_of_the_file()
    {
        var dictionary = Read(";;; a comment\n# another\nREAD R IY1 D # now\nread(2)  R\tEH1 D\nread(3) R IY0 D\n\n(paren P ER EH N\n");
        Assert.Equal(2, dictionary.Count);
        Assert.Equal(["R IY D", "R EH D"], dictionary["read"].Select(p => string.Join(' ', p)));
        Assert.Equal("P ER EH N", string.Join(' ', Assert.Single(dictionary["(paren"])));
        Assert.Empty(dictionary["write"]);
    }

    [Fact]
    public void A_word_without_phones_is_refused_with_its_line()
    {
        var error = Assert.Throws<InvalidDataException>(() => Read("one W AH N\ntwo\n"));
        Assert.Equal("test:2: \"two\" is not a word with its phones", error.Message);
    }

    private static PronunciationDictionary Read(string text)
    {
        using var reader = new StringReader(text);
        return PronunciationDictionary.Read(reader, "test");
    }
}
