using System.Text;
using System.Text.Json;

namespace Parley.Cli.Tests;

public class TranscribeTests
{
    private const string Said = "seven eight nine\none two three\n";

    [Fact]
    public void The_bundled_model_hears_the_sample()
    {
        var run = CommandRun.Of("transcribe", CommandRun.Sample);
        Assert.Equal(Said, run.Output);
        Assert.Equal(0, run.Code);
        Assert.Contains("times real time", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Batches_beams_threads_and_precisions_hear_the_same()
    {
        Assert.Equal(Said, CommandRun.Of("transcribe", CommandRun.Sample, "--batch", "4").Output);
        Assert.Equal(Said, CommandRun.Of("transcribe", CommandRun.Sample, "--beam", "3", "--patience", "2", "--threads", "1").Output);
        Assert.Equal(Said, CommandRun.Of("transcribe", CommandRun.Sample, "--precision", "int8", "--temperature", "0,0.4", "--best-of", "2").Output);
        Assert.Equal(Said, CommandRun.Of("transcribe", CommandRun.Sample, "--vad", "energy").Output);
    }

    [Fact]
    public void Standard_input_is_a_file_too()
    {
        using var input = File.OpenRead(CommandRun.Sample);
        Assert.Equal(Said, CommandRun.With(input, default, "transcribe", "-").Output);
    }

    [Fact]
    public void A_clip_is_all_that_is_heard() =>
        Assert.Equal("one two three\n", CommandRun.Of("transcribe", CommandRun.Sample, "--clip", "4-").Output);

    [Fact]
    public void Every_format_is_written_to_a_folder()
    {
        using var folder = new TemporaryFolder();
        var run = CommandRun.Of("transcribe", CommandRun.Sample, "--format", "all", "--output-dir", folder["out"]);
        Assert.Equal((0, ""), (run.Code, run.Output));
        Assert.Equal(["digits.json", "digits.srt", "digits.tsv", "digits.txt", "digits.vtt"], Directory.GetFiles(folder["out"]).Select(Path.GetFileName).Order());
        Assert.Equal(Said, File.ReadAllText(folder["out/digits.txt"]));
        Assert.StartsWith("1\n00:00:00,000 --> 00:00:0", File.ReadAllText(folder["out/digits.srt"]), StringComparison.Ordinal);
        Assert.StartsWith("WEBVTT\n", File.ReadAllText(folder["out/digits.vtt"]), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(folder["out/digits.json"]));
        Assert.Equal("en", json.RootElement.GetProperty("language").GetString());
        Assert.Equal(2, json.RootElement.GetProperty("segments").GetArrayLength());
    }

    [Fact]
    public void Json_on_standard_output_is_one_object()
    {
        using var json = JsonDocument.Parse(CommandRun.Of("transcribe", CommandRun.Sample, "--format", "json").Output);
        Assert.Equal("seven eight nine one two three", json.RootElement.GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void Words_are_timed_without_time_stamps(string batch)
    {
        using var json = JsonDocument.Parse(CommandRun.Of("transcribe", CommandRun.Sample, "--format", "json", "--word-timestamps", "--batch", batch).Output);
        Assert.Equal("seven eight nine one two three", json.RootElement.GetProperty("text").GetString());
        var words = json.RootElement.GetProperty("segments").EnumerateArray().SelectMany(s => s.GetProperty("words").EnumerateArray()).ToArray();
        Assert.Equal(["seven", "eight", "nine", "one", "two", "three"], words.Select(w => w.GetProperty("word").GetString()!.Trim()));
        var starts = words.Select(w => w.GetProperty("start").GetDouble()).ToArray();
        Assert.Equal(starts.Order(), starts);
        Assert.InRange(starts[3], 3.5, 4.5);
    }

    [Fact]
    public void Recordings_of_one_name_do_not_overwrite_each_other()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["a"]);
        Directory.CreateDirectory(folder["b"]);
        File.Copy(CommandRun.Sample, folder["a/x.wav"]);
        File.WriteAllBytes(folder["b/x.wav"], Silence(1600));
        var run = CommandRun.Of("transcribe", folder.Path, "-o", folder["text"]);
        Assert.Equal(0, run.Code);
        Assert.Equal(Said, File.ReadAllText(folder["text/x.txt"]));
        Assert.True(File.Exists(folder["text/x-2.txt"]));
    }

    [Fact]
    public void Globs_and_folders_name_sound_files()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["in/deep"]);
        File.Copy(CommandRun.Sample, folder["in/deep/b.wav"]);
        File.Copy(CommandRun.Sample, folder["in/a.wav"]);
        File.WriteAllText(folder["in/notes.txt"], "no sound");
        string[] both = [folder["in/a.wav"], folder["in/deep/b.wav"]];
        Assert.Equal(both, InputFiles.Expand(folder["in"]));
        Assert.Equal(both, InputFiles.Expand(folder["in/**/*.wav"]));
        Assert.Equal([both[0]], InputFiles.Expand(folder["in/?.wav"]));
        Assert.Equal([both[1]], InputFiles.Expand(folder["in/d*/*"]));
        Assert.Equal(Said + Said, CommandRun.Of("transcribe", folder["in/**/*.wav"]).Output);
    }

    [Fact]
    public void Bad_files_do_not_stop_good_ones()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["empty.wav"], []);
        File.WriteAllText(folder["text.wav"], "this is not a sound, whatever its name says, and it is long enough to look like one at first");
        File.WriteAllBytes(folder["cut.flac"], "fLaC\0\0\0\x22"u8.ToArray());
        var run = CommandRun.Of("transcribe", folder["empty.wav"], folder["missing.wav"], folder["text.wav"], CommandRun.Sample, folder["cut.flac"], folder["*.mp3"]);
        Assert.Equal((1, Said), (run.Code, run.Output));
        var lines = run.Error.Split('\n').Where(l => l.StartsWith("parley: ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(5, lines.Length);
        foreach (var name in new[] { "empty.wav", "missing.wav", "text.wav", "cut.flac", "*.mp3" })
        {
            Assert.Contains(lines, l => l.Contains(name, StringComparison.Ordinal));
        }

        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_of_no_samples_has_no_words()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["nothing.wav"], Silence(0));
        var run = CommandRun.Of("transcribe", folder["nothing.wav"]);
        Assert.Equal((0, ""), (run.Code, run.Output));
    }

    [Fact]
    public void A_stop_keeps_what_is_done_and_says_so()
    {
        using var folder = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        using var input = new StoppingStream(File.ReadAllBytes(CommandRun.Sample), cancel);
        var run = CommandRun.With(input, cancel.Token, "transcribe", "-", CommandRun.Sample, "-o", folder.Path);
        Assert.Equal(1, run.Code);
        Assert.Contains("stopped", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["digits.txt"]));
    }

    [Theory]
    [InlineData("--temperature", "warm", "--temperature: \"warm\" is not a number")]
    [InlineData("--clip", "5", "is not a stretch")]
    [InlineData("--beam", "0", "beam size 0 must be 1 to 64")]
    [InlineData("--threads", "0", "--threads 0 must be 1 to 1024")]
    [InlineData("--batch", "9999", "batch size 9999 must be 1 to 256")]
    [InlineData("--model", "no/such/folder", "no such folder or file, and not a hub id")]
    [InlineData("--format", "all", "say where with --output-dir")]
    [InlineData("--vad", "nowhere.safetensors", "nowhere.safetensors")]
    [InlineData("--hallucination-silence", "2", "hallucination silence needs word timestamps")]
    public void Wrong_options_are_one_line(string option, string value, string message)
    {
        var run = CommandRun.Of("transcribe", CommandRun.Sample, option, value);
        Assert.Equal((1, ""), (run.Code, run.Output));
        var line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("parley: ", line, StringComparison.Ordinal);
        Assert.Contains(message, line, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_option_is_an_error()
    {
        var run = CommandRun.Of("transcribe", CommandRun.Sample, "--nonsense");
        Assert.Equal(1, run.Code);
        Assert.Contains("--nonsense", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A WAV file of 16 kHz mono silence.</summary>
    internal static byte[] Silence(int samples)
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file, Encoding.ASCII);
        writer.Write("RIFF"u8);
        writer.Write(36 + (2 * samples));
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)1);
        writer.Write((short)1);
        writer.Write(16000);
        writer.Write(32000);
        writer.Write((short)2);
        writer.Write((short)16);
        writer.Write("data"u8);
        writer.Write(2 * samples);
        writer.Write(new byte[2 * samples]);
        return file.ToArray();
    }

    // The user gives up while the sound is still being read.
    private sealed class StoppingStream(byte[] bytes, CancellationTokenSource cancel) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            cancel.Cancel();
            return base.Read(buffer, offset, count);
        }

        public override int Read(Span<byte> buffer)
        {
            cancel.Cancel();
            return base.Read(buffer);
        }
    }
}
