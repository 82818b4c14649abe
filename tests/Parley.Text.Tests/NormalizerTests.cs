using System.Text;
using System.Text.Json;

namespace Parley.Text.Tests;

public sealed class NormalizerTests
{
    private static readonly JsonElement Own = Cases.Of("whisper_normalizer");

    [Fact]
    public void The_published_cases_match_with_their_own_spelling_table()
    {
        using var table = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Goldens.Folder("tokenizer_whisper"), "normalizer.json")));
        var spelling = table.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
        var (english, basic, plain) = (new EnglishTextNormalizer(spelling), new BasicTextNormalizer(), new BasicTextNormalizer(removeDiacritics: true));
        foreach (var entry in Cases.Of("tokenizer_whisper").GetProperty("normalize").EnumerateArray())
        {
            var text = entry.Str("text");
            Assert.Equal(entry.Str("english"), english.Normalize(text));
            Assert.Equal(entry.Str("basic"), basic.Normalize(text));
            Assert.Equal(entry.Str("basic_no_diacritics"), plain.Normalize(text));
        }
    }

    [Fact]
    public void Hundreds_of_texts_come_out_as_the_reference_writes_them()
    {
        var (english, basic, plain) = (new EnglishTextNormalizer(), new BasicTextNormalizer(), new BasicTextNormalizer(removeDiacritics: true));
        List<string> wrong = [];
        foreach (var entry in Own.GetProperty("cases").EnumerateArray())
        {
            var text = entry.Str("text");
            foreach (var (name, got) in new[] { ("english", english.Normalize(text)), ("basic", basic.Normalize(text)), ("plain", plain.Normalize(text)) })
            {
                if (got != entry.Str(name))
                {
                    wrong.Add($"{name} of '{text}': '{got}', not '{entry.Str(name)}'");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_four_forms_of_unicode_are_those_of_the_standard()
    {
        foreach (var entry in Own.GetProperty("forms").EnumerateArray())
        {
            var text = entry.Str("text");
            Assert.Equal(entry.Str("NFC"), UnicodeNormal.Apply(text, NormalizationForm.FormC));
            Assert.Equal(entry.Str("NFD"), UnicodeNormal.Apply(text, NormalizationForm.FormD));
            Assert.Equal(entry.Str("NFKC"), UnicodeNormal.Apply(text, NormalizationForm.FormKC));
            Assert.Equal(entry.Str("NFKD"), UnicodeNormal.Apply(text, NormalizationForm.FormKD));
        }
    }

    [Fact]
    public void Letters_can_be_split() => Assert.Equal("我 們 é", new BasicTextNormalizer(splitLetters: true).Normalize("我們e\u0301"));
}
