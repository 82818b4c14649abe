using System.Diagnostics;
using Parley.Audio;
using Parley.TestSupport;

namespace Parley.Cli.Tests;

/// <summary><c>parley train</c>: the bundled digits model goes on learning, and a run that is killed goes on as if it had not been.</summary>
public sealed class TrainTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TrainTests()
    {
        var random = new Random(3);
        var lines = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            var (low, samples) = (i % 2 == 0, new float[4000 + (200 * i)]);
            for (var t = 0; t < samples.Length; t++)
            {
                samples[t] = (float)((0.2 * Math.Sin(t * (low ? 0.1 : 0.5))) + (0.02 * random.NextDouble()));
            }

            WavFile.Write(_folder[$"{i}.wav"], samples, 16000);
            lines.Add(FormattableString.Invariant($$"""{"audio_filepath": "{{i}}.wav", "text": "{{(low ? "one" : "two")}}", "duration": {{samples.Length / 16000.0}}}"""));
        }

        File.WriteAllLines(_folder["train.jsonl"], lines);
        File.WriteAllText(_folder["config.json"], $$"""
            {
              "model": { "type": "whisper", "from": {{System.Text.Json.JsonSerializer.Serialize(Path.Combine(Goldens.Repository, "models", "whisper-digits-micro"))}} },
              "data": { "train": ["train.jsonl"], "validation": ["train.jsonl"], "batchSeconds": 1.5, "maxSeconds": 4 },
              "augment": { "speeds": [0.9, 1.1], "gain": [-6, 6] },
              "output": "run", "steps": 6, "average": 0.9,
              "schedule": { "rate": 1e-3, "warmup": 2 },
              "validateEvery": 3, "checkpointEvery": 2, "logEvery": 1
            }
            """);
    }

    [Fact]
    public void A_model_is_fine_tuned_and_what_comes_out_transcribes()
    {
        var run = CommandRun.Of("train", _folder["config.json"]);
        Assert.Equal(0, run.Code);
        Assert.Equal(_folder["run/model"], run.Output.Trim());
        Assert.Contains("12 utterances", run.Error, StringComparison.Ordinal);
        Assert.Contains("word error rate", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("transcribe", _folder["0.wav"], "--model", _folder["run/model"]).Code);
        Assert.Equal(8, File.ReadLines(_folder["run/metrics.jsonl"]).Count());
        Assert.Contains("--resume", CommandRun.Of("train", _folder["config.json"]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Checking_trains_nothing_and_mistakes_are_one_line()
    {
        Assert.Equal(0, CommandRun.Of("train", _folder["config.json"], "--check").Code);
        Assert.False(Directory.Exists(_folder["run"]));
        var run = CommandRun.Of("train", _folder["config.json"], "--set", "data.batchSecond=3");
        Assert.Equal((1, 1), (run.Code, run.Error.Trim().Split('\n').Length));
        Assert.Contains("did you mean \"batchSeconds\"", run.Error, StringComparison.Ordinal);
        Assert.Contains("name a configuration", CommandRun.Of("train").Error, StringComparison.Ordinal);
        Assert.Contains("schedule.rate", CommandRun.Of("train", "--fields").Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("kind", "slow")]
    public void Twenty_kills_at_random_moments_change_nothing()
    {
        string[] settings = ["--set", "steps=40", "--set", "checkpointEvery=1", "--set", "validateEvery=10"];
        Assert.Equal(0, CommandRun.Of(["train", _folder["config.json"], "--set", "output=whole", .. settings]).Code);
        var (random, kills) = (new Random(11), 0);
        while (true)
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "parley.dll"), "train", _folder["config.json"], "--resume", .. settings])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
            _ = process.StandardError.ReadToEndAsync();
            _ = process.StandardOutput.ReadToEndAsync();
            var finished = process.WaitForExit(kills < 20 ? 700 + random.Next(1500) : 300_000);
            if (finished)
            {
                Assert.Equal(0, process.ExitCode);
                break;
            }

            process.Kill();
            process.WaitForExit();
            kills++;
        }

        Assert.True(kills >= 20, $"the run ended after {kills} kills; give it more steps");
        Assert.Equal(File.ReadAllBytes(_folder["whole/checkpoints/step-00000040.safetensors"])[8..], File.ReadAllBytes(_folder["run/checkpoints/step-00000040.safetensors"])[8..]);
    }

    public void Dispose() => _folder.Dispose();
}
