using System.Text.Json;

namespace Parley.Text.Tests;

public sealed class AlignmentWritersTests
{
    private static readonly AlignedText s_alignment = new(Seconds(1), "phones", -12.34567, [
        new AlignedWord("one", 1, Seconds(0.2), Seconds(0.5), [new AlignedUnit("W", Seconds(0.2), Seconds(0.3)), new AlignedUnit("AH", Seconds(0.3), Seconds(0.5), 0.5)], 0.25),
        new AlignedWord("\"two\"", 2, Seconds(0.5), Seconds(1.02), [new AlignedUnit("T", Seconds(0.5), Seconds(1.02))]),
    ]);

    [Fact]
    public void A_TextGrid_covers_the_recording_without_gaps()
    {
        using var text = new StringWriter();
        AlignmentWriters.WriteTextGrid(text, s_alignment);
        Assert.Equal(
            """
            File type = "ooTextFile"
            Object class = "TextGrid"

            xmin = 0
            xmax = 1
            tiers? <exists>
            size = 2
            item []:
                item [1]:
                    class = "IntervalTier"
                    name = "words"
                    xmin = 0
                    xmax = 1
                    intervals: size = 3
                    intervals [1]:
                        xmin = 0
                        xmax = 0.2
                        text = ""
                    intervals [2]:
                        xmin = 0.2
                        xmax = 0.5
                        text = "one"
                    intervals [3]:
                        xmin = 0.5
                        xmax = 1
                        text = ""\"two""\"
                item [2]:
                    class = "IntervalTier"
                    name = "phones"
                    xmin = 0
                    xmax = 1
                    intervals: size = 4
                    intervals [1]:
                        xmin = 0
                        xmax = 0.2
                        text = ""
                    intervals [2]:
                        xmin = 0.2
                        xmax = 0.3
                        text = "W"
                    intervals [3]:
                        xmin = 0.3
                        xmax = 0.5
                        text = "AH"
                    intervals [4]:
                        xmin = 0.5
                        xmax = 1
                        text = "T"

            """.ReplaceLineEndings("\n").Replace("\"\"\\\"", "\"\"\"", StringComparison.Ordinal),
            text.ToString());
    }

    [Fact]
    public void A_ctm_line_has_a_start_and_a_duration()
    {
        using var text = new StringWriter();
        AlignmentWriters.WriteCtm(text, s_alignment, "my talk");
        Assert.Equal("my_talk 1 0.200 0.300 one 0.250\nmy_talk 1 0.500 0.520 \"two\"\n", text.ToString());
    }

    [Fact]
    public void The_json_has_words_lines_and_units()
    {
        using var json = JsonDocument.Parse(AlignmentWriters.ToJson(s_alignment));
        var words = json.RootElement.GetProperty("words");
        Assert.Equal(-12.3457, json.RootElement.GetProperty("log_prob").GetDouble());
        Assert.Equal("\"two\"", words[1].GetProperty("word").GetString());
        Assert.Equal(2, words[1].GetProperty("line").GetInt32());
        Assert.Equal(JsonValueKind.Null, words[1].GetProperty("probability").ValueKind);
        Assert.Equal(0.5, words[0].GetProperty("units")[1].GetProperty("probability").GetDouble());
        Assert.Equal(0.3, words[0].GetProperty("units")[1].GetProperty("start").GetDouble());
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
