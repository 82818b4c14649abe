using System.Buffers.Binary;
using System.Text.Json;
using Parley.Nn;
using Parley.TestSupport;

namespace Parley.Cli.Tests;

/// <summary>What a user sees of bad files: one line that says what and where, and exit code 1.</summary>
public class HostileTests
{
    [Theory]
    [InlineData("model.safetensors", "", "model.safetensors: the file is empty")]
    [InlineData("model.safetensors", "this is no checkpoint at all", "not a safetensors file")]
    [InlineData("config.json", "", "config.json: the file is empty")]
    [InlineData("config.json", "{\"model_type\":", "config.json: not valid JSON")]
    [InlineData("config.json", "[]", "config.json: a JSON object was expected")]
    [InlineData("config.json", "{\"model_type\": \"gpt2\"}", "model_type \"gpt2\" is not a speech recogniser")]
    [InlineData("config.json", "{\"model_type\": \"whisper\"}", "'num_mel_bins'")]
    [InlineData("generation_config.json", "{\"a\"", "generation_config.json: not valid JSON")]
    [InlineData("generation_config.json", "{\"no_timestamps_token_id\": 0}", "no speech, is -1")]
    [InlineData("tokenizer.json", "", "tokenizer.json: the file is empty")]
    [InlineData("tokenizer.json", "{}", "no 'model'")]
    [InlineData("vocab.json", "{\"a\": 0}", "without merges.txt")]
    [InlineData("ranks.tiktoken", "###", "ranks.tiktoken, line 1")]
    [InlineData("parley.json", "{\"language\": 5}", "parley.json: expected an object")]
    public void A_bad_file_of_a_model_is_one_line(string name, string content, string message)
    {
        using var folder = Model(except: name);
        File.WriteAllText(folder[name], content);
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "--model", folder.Path), folder.Path, message);
    }

    [Theory]
    [InlineData("config.json", "a folder where a JSON file is needed")]
    [InlineData("generation_config.json", "a folder where a JSON file is needed")]
    [InlineData("parley.json", "a folder where a JSON file is needed")]
    [InlineData("model.safetensors", "no checkpoint here")]
    [InlineData("tokenizer.json", "a folder where a tokenizer file is needed")]
    public void A_folder_in_the_place_of_a_file_is_one_line(string name, string message)
    {
        using var folder = Model(except: name);
        Directory.CreateDirectory(folder[name]);
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "--model", folder.Path), folder.Path, message);
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("link.safetensors")]
    public void A_shard_outside_the_folder_is_one_line(string shard)
    {
        using var folder = Model(except: "model.safetensors");
        File.CreateSymbolicLink(folder["link.safetensors"], "/etc/passwd");
        File.WriteAllText(folder["model.safetensors.index.json"], $$"""{"weight_map": {"a": "{{shard}}"} }""");
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "-m", folder.Path), "model.safetensors.index.json", "does not stay inside the model's folder");
    }

    [Fact]
    public void Code_in_a_pickle_is_one_line_and_not_run()
    {
        using var folder = Model(except: "model.safetensors");
        File.Copy(Path.Combine(Goldens.Folder("torch_pickle"), "evil.pt"), folder["pytorch_model.bin"]);
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "-m", folder.Path), "pytorch_model.bin", "does not run code from files");
    }

    [Fact]
    public void Weights_that_are_no_numbers_are_one_line()
    {
        using var folder = Model(except: "model.safetensors");
        var file = File.ReadAllBytes(Path.Combine(CommandRun.Digits, "model.safetensors"));
        var header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using (var json = JsonDocument.Parse(file.AsMemory(8, header)))
        {
            var offsets = json.RootElement.GetProperty("model.encoder.layers.0.fc1.weight").GetProperty("data_offsets");
            file.AsSpan((8 + header + offsets[0].GetInt32())..(8 + header + offsets[1].GetInt32())).Fill(0xFF);
        }

        File.WriteAllBytes(folder["model.safetensors"], file);
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "-m", folder.Path), CommandRun.Sample, "not numbers (NaN)");
    }

    [Fact]
    public void Names_from_a_file_cannot_steer_the_terminal()
    {
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(folder["vad.safetensors"], new Dictionary<string, TensorData> { ["a\n\e[31m\u202ered"] = TensorData.Of([1f], 1) });
        var run = CommandRun.Of("transcribe", CommandRun.Sample, "--vad", folder["vad.safetensors"]);
        OneLine(run, folder.Path, "a; [31mred: in the checkpoint, but this model does not read it");
        Assert.DoesNotContain(run.Error.TrimEnd('\n'), c => char.IsControl(c) || c == '\u202e');
    }

    [Theory]
    [InlineData("config.json", "{\"model_type\": \"whisper\", \"d_model\": 5}")]
    [InlineData("config.json", "{\"model_type\": \"hubert\", \"conv_stride\": [0, 0, 0, 0, 0, 0, 0]}")]
    [InlineData("config.json", "{\"model_type\": \"bert\"}")]
    [InlineData("config.json", "x")]
    public void A_bad_folder_is_not_described(string name, string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder[name], content);
        OneLine(CommandRun.Of("models", "describe", folder.Path), folder.Path, "");
    }

    [Theory]
    [InlineData("")]
    [InlineData("no/such/folder/here")]
    [InlineData("../nowhere")]
    [InlineData("openai/whisper base")]
    public void What_is_no_model_is_one_line(string model)
    {
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "--model", model), model, "openai/whisper-base");
        OneLine(CommandRun.Of("models", "pull", model), model, "openai/whisper-base");
    }

    [Fact]
    public void A_full_disk_is_one_line_and_leaves_nothing()
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink($"{folder["digits.txt"]}.{Environment.ProcessId}.part", "/dev/full");
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "-o", folder.Path), CommandRun.Sample, "no space left on the disk");
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_full_standard_output_is_one_line()
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        using var output = new StreamWriter(new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0)) { AutoFlush = false };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await Commands.RunAsync(["models", "list"], new Terminal(output, error, () => Stream.Null), TestContext.Current.CancellationToken);
        Assert.Equal((1, "parley: standard output: /dev/full: no space left on the disk; free some, or write to another one\n"), (code, error.ToString()));
    }

    [Fact]
    public async Task A_reader_that_has_left_is_not_told()
    {
        using var output = new Closed();
        using var error = new StringWriter();
        Assert.Equal(1, await Commands.RunAsync(["models", "list"], new Terminal(output, error, () => Stream.Null), TestContext.Current.CancellationToken));
        Assert.Empty(error.ToString());
    }

    [Fact]
    public void Outputs_of_the_wrong_kind_are_found_before_the_work()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        OneLine(CommandRun.Of("transcribe", CommandRun.Sample, "-o", folder["file"]), folder["file"], "this is a file");
        OneLine(CommandRun.Of("eval", folder["missing.jsonl"], "-o", folder.Path), folder.Path, "this is a folder");
        OneLine(CommandRun.Of("eval", folder["missing.jsonl"]), folder["missing.jsonl"], "no such file");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2000)]
    public void Silence_and_noise_are_no_words_and_no_error(int amplitude)
    {
        using var folder = new TemporaryFolder();
        var file = TranscribeTests.Silence(16000 * 12);
        var random = new Random(3);
        for (var i = 44; amplitude > 0 && i < file.Length; i += 2)
        {
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(i), (short)random.Next(-amplitude, amplitude));
        }

        File.WriteAllBytes(folder["a.wav"], file);
        foreach (var batch in (string[])["1", "4"])
        {
            var run = CommandRun.Of("transcribe", folder["a.wav"], "--batch", batch);
            Assert.Equal((0, ""), (run.Code, run.Output));
        }

        Assert.NotEmpty(CommandRun.Of("transcribe", folder["a.wav"], "--vad", "none").Output);
    }

    private static void OneLine(CommandRun run, string where, string what)
    {
        Assert.Equal((1, ""), (run.Code, run.Output));
        var line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("parley: ", line, StringComparison.Ordinal);
        Assert.Contains(where, line, StringComparison.Ordinal);
        Assert.Contains(what, line, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", line, StringComparison.Ordinal);
    }

    // The bundled model with one file left out.
    private static TemporaryFolder Model(string except)
    {
        var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(CommandRun.Digits).Where(f => Path.GetFileName(f) != except))
        {
            File.CreateSymbolicLink(folder[Path.GetFileName(file)], file);
        }

        return folder;
    }

    private sealed class Closed : StringWriter
    {
        public override void Flush() => throw new IOException("Broken pipe") { HResult = 32 };
    }
}
