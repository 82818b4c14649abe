using System.Diagnostics;
using System.Text.Json;
using Parley.Audio;
using Parley.TestSupport;
using Parley.Text;

namespace Parley.Models.Tests;

/// <summary>Real spoken digits.</summary>
public sealed class HmmGmmDigitsTests
{
    [Fact]
    [Trait("kind", "slow")]
    public void Digits_are_learned_in_two_minutes_and_the_likelihood_never_falls()
    {
        var train = Read("train.jsonl");
        var start = Stopwatch.GetTimestamp();
        var passes = new List<HmmGmmProgress>();
        var model = HmmGmmTrainer.Train(train.Select(u => u.Utterance), Options(), new Told(passes.Add), cancel: TestContext.Current.CancellationToken);
        var time = Stopwatch.GetElapsedTime(start);
        var rate = Test(model, Read("dev.jsonl"));

        TestContext.Current.TestOutputHelper!.WriteLine($"dev {100 * rate:0.00} %, trained in {time.TotalSeconds:0.0} s, {passes[^1].LeftOut.Count} recordings left out");
        Assert.True(rate <= 0.03, $"word error rate {100 * rate:0.00} %");
        Assert.True(time < TimeSpan.FromMinutes(2), $"trained in {time}");
        foreach (var (before, after) in passes.Zip(passes.Skip(1)).Where(p => p.First.Gaussians == p.Second.Gaussians))
        {
            Assert.True(after.LogLikelihood >= before.LogLikelihood - 1e-5, $"pass {after.Iteration}: {before.LogLikelihood} fell to {after.LogLikelihood}");
        }
    }

    [Fact]
    [Trait("kind", "slow")]
    public void A_speaker_who_was_not_heard_is_understood_less_well()
    {
        var all = Read("train.jsonl").Concat(Read("dev.jsonl")).ToArray();
        var rates = new List<double>();
        foreach (var speaker in all.Select(u => u.Speaker).Distinct().Order(StringComparer.Ordinal))
        {
            var model = HmmGmmTrainer.Train(all.Where(u => u.Speaker != speaker).Select(u => u.Utterance), Options(), cancel: TestContext.Current.CancellationToken);
            rates.Add(Test(model, [.. all.Where(u => u.Speaker == speaker)]));
            TestContext.Current.TestOutputHelper!.WriteLine($"without {speaker}: {100 * rates[^1]:0.00} %");
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"mean {100 * rates.Average():0.00} %");
        Assert.InRange(rates.Average(), 0, 0.5);
    }

    // The recordings have 8 kHz: nothing above 4.
    private static HmmGmmTrainingOptions Options() => new(
        HmmUnitKind.WordPhones, PronunciationDictionary.Load(SharedData.Find("lexicon/cmudict-en-us.dict")), Gaussians: 16, HighFrequency: 4000, NormalizeVariance: false);

    private static double Test(HmmGmm model, (HmmGmmUtterance Utterance, string Speaker)[] set)
    {
        var counts = new EditCounts[set.Length];
        Parallel.For(0, set.Length, i => counts[i] = ErrorRate.Words(set[i].Utterance.Text, model.Recognize(model.Features(set[i].Utterance.Load().Span)).Text));
        return counts.Aggregate(new EditCounts(), (a, b) => a + b).Rate;
    }

    private static (HmmGmmUtterance Utterance, string Speaker)[] Read(string manifest)
    {
        var path = SharedData.Find(Path.Combine("real", "fsdd", manifest));
        return [.. File.ReadLines(path).Select((text, i) =>
        {
            using var line = JsonDocument.Parse(text);
            string Field(string name) => line.RootElement.GetProperty(name).GetString()!;
            var audio = Path.Combine(Path.GetDirectoryName(path)!, Field("audio_filepath"));
            return (new HmmGmmUtterance($"{manifest}:{i + 1}", Field("text"), () => AudioFile.LoadMono(audio)), Field("speaker"));
        })];
    }

    private sealed class Told(Action<HmmGmmProgress> action) : IProgress<HmmGmmProgress>
    {
        public void Report(HmmGmmProgress value) => action(value);
    }
}
