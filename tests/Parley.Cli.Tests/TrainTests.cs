using System.Diagnostics;
using Parley.Audio;
using Parley.Nn;
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

    [Theory]
    [InlineData("none.wav", 0.5, "none.wav: no such file", true)]
    [InlineData("0.wav", 7200.0, "outside", true)]
    [InlineData("0.wav", 0.0, "outside", true)]
    [InlineData("empty.wav", 0.5, "there is no sound in it", false)]
    [InlineData("nan.wav", 0.5, "2 samples are no numbers", false)]
    [InlineData("text.wav", 0.5, "text.wav", false)]
    public void A_recording_that_cannot_be_learnt_from_is_one_line_with_its_place(string audio, double duration, string says, bool isKnownBefore)
    {
        WavFile.Write(_folder["empty.wav"], [], 16000);
        File.WriteAllText(_folder["text.wav"], "this is no sound");
        var samples = new float[8000];
        (samples[10], samples[20]) = (float.NaN, float.NegativeInfinity);
        byte[] data = [.. samples.SelectMany(BitConverter.GetBytes)];
        File.WriteAllBytes(_folder["nan.wav"], [.. "RIFF"u8, .. BitConverter.GetBytes(36 + data.Length), .. "WAVEfmt "u8, 16, 0, 0, 0, 3, 0, 1, 0, .. BitConverter.GetBytes(16000), .. BitConverter.GetBytes(64000), 4, 0, 32, 0, .. "data"u8, .. BitConverter.GetBytes(data.Length), .. data]);
        File.AppendAllLines(_folder["train.jsonl"], [FormattableString.Invariant($$"""{"audio_filepath": "{{audio}}", "text": "one", "duration": {{duration}}}""")]);
        var run = CommandRun.Of("train", _folder["config.json"], "--set", "data.validation=[]", "--set", "data.batchSeconds=100");
        Assert.Equal((1, ""), (run.Code, run.Output));
        var line = Assert.Single(run.Error.Trim().Split('\n'), l => l.StartsWith("parley: ", StringComparison.Ordinal));
        Assert.Contains("train.jsonl:13: ", line, StringComparison.Ordinal);
        Assert.Contains(says, line, StringComparison.Ordinal);
        Assert.Equal(isKnownBefore, !Directory.Exists(_folder["run"]));
    }

    [Fact]
    public void A_full_disk_is_one_line_with_the_file()
    {
        if (!File.Exists("/dev/full"))
        {
            Assert.Skip("this system has no /dev/full");
        }

        Directory.CreateDirectory(_folder["run"]);
        File.CreateSymbolicLink(_folder["run/config.json"], "/dev/full");
        var run = CommandRun.Of("train", _folder["config.json"]);
        Assert.Equal(1, run.Code);
        Assert.Contains("no space left on the disk", run.Error, StringComparison.Ordinal);
        Assert.Contains("config.json", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_checkpoints_are_averaged_to_a_model_that_transcribes()
    {
        Assert.Equal(0, CommandRun.Of("train", _folder["config.json"], "--set", "keepCheckpoints=3").Code);
        var run = CommandRun.Of("average", _folder["run"], "--last", "3");
        Assert.Equal((0, "mean of the checkpoints after steps 6, 4, 2\n", _folder["run/model-average"]), (run.Code, run.Error, run.Output.Trim()));
        Assert.Equal(0, CommandRun.Of("transcribe", _folder["0.wav"], "--model", _folder["run/model-average"]).Code);
        Assert.Contains("3 checkpoints are there, not 4", CommandRun.Of("average", _folder["run"], "--last", "4").Error, StringComparison.Ordinal);
        Assert.Contains("give the folder of a training run", CommandRun.Of("average", _folder["nothing"], "--last", "1").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_processes_without_the_library_to_join_them_are_told_what_to_install()
    {
        var start = Command("train", _folder["config.json"]);
        start.Environment["PMI_SIZE"] = "2";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("apt install openmpi-bin", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("kind", "slow")]
    public void Two_processes_of_mpirun_end_with_the_parameters_of_one_with_twice_the_batch()
    {
        Assert.Equal(0, CommandRun.Of("train", _folder["config.json"], "--set", "output=alone", "--set", "accumulate=2").Code);
        var (code, output, error) = Mpi("train", _folder["config.json"], "--set", "output=together");
        Assert.True(code == 0, error);

        // mpirun gives processes a terminal, to which .NET may say a word of its own first.
        Assert.EndsWith(_folder["together/model"], output.Trim(), StringComparison.Ordinal);
        Assert.Equal(output.IndexOf("together", StringComparison.Ordinal), output.LastIndexOf("together", StringComparison.Ordinal));
        Assert.Single(error.Split('\n'), l => l.StartsWith("12 utterances", StringComparison.Ordinal));
        using var alone = Checkpoint.Open(_folder["alone/checkpoints/step-00000006.safetensors"]);
        using var together = Checkpoint.Open(_folder["together/checkpoints/step-00000006.safetensors"]);
        Assert.Equal(alone.Tensors.Keys.Order(StringComparer.Ordinal), together.Tensors.Keys.Order(StringComparer.Ordinal));
        var largest = alone.Tensors.Max(t => t.Value.ToSingles().Zip(together.Tensors[t.Key].ToSingles()).Max(p => Math.Abs(p.First - p.Second)));
        TestContext.Current.TestOutputHelper!.WriteLine($"largest difference of a parameter or moment: {largest}");
        Assert.InRange(largest, 0, 1e-5);
        Assert.Equal(File.ReadLines(_folder["alone/metrics.jsonl"]).Count(), File.ReadLines(_folder["together/metrics.jsonl"]).Count());

        // The run goes on in one process or in several.
        Assert.Equal(0, Mpi("train", _folder["config.json"], "--set", "output=together", "--set", "steps=8", "--resume").Code);
        Assert.True(File.Exists(_folder["together/checkpoints/step-00000008.safetensors"]));
    }

    [Fact]
    [Trait("kind", "slow")]
    public void A_process_of_mpirun_that_fails_ends_all()
    {
        WavFile.Write(_folder["empty.wav"], [], 16000);
        File.AppendAllLines(_folder["train.jsonl"], ["""{"audio_filepath": "empty.wav", "text": "one", "duration": 0.3}"""]);
        var (code, _, error) = Mpi("train", _folder["config.json"], "--set", "steps=100000");
        Assert.NotEqual(0, code);
        Assert.Contains("of 2: ", error, StringComparison.Ordinal);
        Assert.Contains("train.jsonl:13: ", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("kind", "slow")]
    public void Twenty_kills_at_random_moments_change_nothing()
    {
        string[] settings = ["--set", "steps=80", "--set", "checkpointEvery=1", "--set", "validateEvery=10"];
        Assert.Equal(0, CommandRun.Of(["train", _folder["config.json"], "--set", "output=whole", .. settings]).Code);
        var (random, kills) = (new Random(11), 0);
        while (true)
        {
            using var process = Process.Start(Command(["train", _folder["config.json"], "--resume", .. settings]))!;
            _ = process.StandardOutput.ReadToEndAsync();

            // The first line says that the data was read: what is killed from here on trains, validates or writes.
            _ = process.StandardError.ReadLine();
            _ = process.StandardError.ReadToEndAsync();
            var finished = process.WaitForExit(kills < 20 ? random.Next(1500) : 300_000);
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
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder["run"], "*", SearchOption.AllDirectories), f => f.EndsWith(".tmp", StringComparison.Ordinal));
        using var whole = Checkpoint.Open(_folder["whole/checkpoints/step-00000080.safetensors"]);
        using var parts = Checkpoint.Open(_folder["run/checkpoints/step-00000080.safetensors"]);
        Assert.Equal(whole.Tensors.Keys.Order(StringComparer.Ordinal), parts.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.All(whole.Tensors, t => Assert.Equal(t.Value.ToSingles(), parts.Tensors[t.Key].ToSingles()));
        Assert.Equal(State(whole), State(parts));

        // But for the length of metrics.jsonl, which has speeds of more digits or fewer.
        static string State(Checkpoint checkpoint) => checkpoint.Metadata["state"].Split("\"metricsLength\"")[0];
    }

    public void Dispose() => _folder.Dispose();

    private static ProcessStartInfo Command(params string[] args) =>
        new("dotnet", [Path.Combine(AppContext.BaseDirectory, "parley.dll"), .. args]) { RedirectStandardError = true, RedirectStandardOutput = true };

    private static (int Code, string Output, string Error) Mpi(params string[] args)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "mpirun")));
        if (!found)
        {
            Assert.Skip("mpirun is not on the PATH; install Open MPI (Debian, Ubuntu: apt install openmpi-bin libopenmpi-dev)");
        }

        var start = Command(args);
        start.ArgumentList.Insert(0, start.FileName);
        start.FileName = "mpirun";
        foreach (var (index, argument) in ((string[])["-n", "2", "--oversubscribe"]).Index())
        {
            start.ArgumentList.Insert(index, argument);
        }

        // In a container tests may run as root, which mpirun asks about.
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
