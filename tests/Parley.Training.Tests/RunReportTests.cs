namespace Parley.Training.Tests;

/// <summary>The page of a run.</summary>
public sealed class RunReportTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-report-");

    [Fact]
    public void Curves_rates_and_samples_are_on_the_page_and_texts_cannot_break_it()
    {
        File.WriteAllLines(Metrics,
        [
            """{"kind":"step","step":10,"epoch":0,"loss":2.5,"rate":0.001,"gradientNorm":3,"audioSeconds":10,"speed":40}""",
            """{"kind":"step","step":20,"epoch":0,"loss":1.25,"rate":0.0005,"gradientNorm":1,"audioSeconds":10,"speed":40}""",
            """{"kind":"validation","step":20,"manifest":"data/dev.jsonl","wer":0.125,"cer":0.05,"utterances":8,"best":true,"samples":[{"reference":"one <b>two</b>","hypothesis":""}]}""",
        ]);
        var html = RunReport.Html(_folder.FullName);
        Assert.Contains("12.5 %", html, StringComparison.Ordinal);
        Assert.Contains("data/dev.jsonl", html, StringComparison.Ordinal);
        Assert.Contains("one &lt;b&gt;two&lt;/b&gt;", html, StringComparison.Ordinal);
        Assert.Contains("<polyline", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_last_line_that_is_being_written_is_left_out_and_another_broken_one_is_named()
    {
        File.WriteAllText(Metrics, "{\"kind\":\"step\",\"step\":1,\"epoch\":0,\"loss\":2,\"rate\":1,\"gradientNorm\":3,\"audioSeconds\":1,\"speed\":4}\n{\"kind\":\"st");
        Assert.Single(RunMetrics.Read(_folder.FullName).Steps);
        File.WriteAllText(Metrics, "{\"kind\":\"step\"}\n{\"kind\":\"st");
        Assert.Contains("metrics.jsonl:1", Assert.Throws<InvalidDataException>(() => RunMetrics.Read(_folder.FullName)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Metrics => Path.Combine(_folder.FullName, "metrics.jsonl");
}
