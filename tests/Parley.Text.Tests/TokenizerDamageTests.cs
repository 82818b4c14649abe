using System.Text;
using System.Text.Json;

namespace Parley.Text.Tests;

/// <summary>Tokenizer files that somebody has tampered with: each is read or refused, and what is read encodes and decodes without any other error.</summary>
public sealed class TokenizerDamageTests : IDisposable
{
    private static readonly string Golden = Goldens.Folder("tokenizer_gpt2");

    private readonly string _folder = Directory.CreateTempSubdirectory("parley-text-").FullName;

    [Fact]
    public void Any_damage_to_tokenizer_json_is_read_or_refused() =>
        Check("tokenizer.json", Whole(), path => BpeTokenizer.FromTokenizerJson(path));

    [Fact]
    public void Any_damage_to_vocab_json_is_read_or_refused()
    {
        File.Copy(Path.Combine(Golden, "merges.txt"), At("merges.txt"));
        Check("vocab.json", File.ReadAllBytes(Path.Combine(Golden, "vocab.json")), path => BpeTokenizer.FromVocabAndMerges(path, At("merges.txt")));
    }

    [Fact]
    public void Any_damage_to_merges_txt_is_read_or_refused()
    {
        File.Copy(Path.Combine(Golden, "vocab.json"), At("vocab.json"));
        Check("merges.txt", File.ReadAllBytes(Path.Combine(Golden, "merges.txt")), path => BpeTokenizer.FromVocabAndMerges(At("vocab.json"), path));
    }

    [Fact]
    public void Any_damage_to_tokenizer_config_json_is_read_or_refused()
    {
        File.Copy(Path.Combine(Golden, "vocab.json"), At("vocab.json"));
        File.Copy(Path.Combine(Golden, "merges.txt"), At("merges.txt"));
        Check("tokenizer_config.json", File.ReadAllBytes(Path.Combine(Golden, "tokenizer_config.json")), _ => BpeTokenizer.FromVocabAndMerges(At("vocab.json"), At("merges.txt")));
    }

    [Fact]
    public void Any_damage_to_tiktoken_ranks_is_read_or_refused()
    {
        var ranks = string.Concat(Enumerable.Range(0, 256).Select(i => $"{Convert.ToBase64String([(byte)i])} {i}\n")) + "aGU= 256\nbGw= 257\nbGxv 258\n";
        Check("ranks.tiktoken", Encoding.ASCII.GetBytes(ranks), path => BpeTokenizer.FromTiktoken(path, TiktokenPattern.Gpt2));
    }

    [Fact]
    public void Any_damage_to_a_ctc_vocabulary_is_read_or_refused()
    {
        Damage.Check(File.ReadAllBytes(Path.Combine(Goldens.Folder("tokenizer_wav2vec2_ctc"), "vocab.json")), bad =>
        {
            File.WriteAllBytes(At("vocab.json"), bad);
            CtcVocabulary.Load(_folder).Decode([0]);
        });
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.json")]
    public void A_folder_in_the_place_of_a_file_is_said_so(string name)
    {
        Directory.CreateDirectory(At(name));
        File.WriteAllText(At("merges.txt"), "");
        Assert.Contains($"{name}: a folder", Assert.Throws<InvalidDataException>(() => WhisperTokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_without_an_end_is_not_read()
    {
        if (!File.Exists("/dev/zero"))
        {
            return;
        }

        File.CreateSymbolicLink(At("tokenizer.json"), "/dev/zero");
        Assert.Contains("empty", Assert.Throws<InvalidDataException>(() => WhisperTokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_without_its_merges_is_an_error()
    {
        File.Copy(Path.Combine(Golden, "vocab.json"), At("vocab.json"));
        Assert.Contains("without merges.txt", Assert.Throws<FileNotFoundException>(() => WhisperTokenizer.Load(_folder)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    private void Check(string name, byte[] good, Func<string, BpeTokenizer> open)
    {
        void Read(byte[] file)
        {
            File.WriteAllBytes(At(name), file);
            var tokenizer = open(At(name));
            var ids = tokenizer.Encode("hello, world: 1 2 3 <|endoftext|> \u00e9\ud83d\ude00");
            tokenizer.Decode([.. ids]);
            tokenizer.Decode([0, tokenizer.VocabSize - 1]);
        }

        Read(good);
        Damage.Check(good, Read);
    }

    // The golden's vocabulary and merges as one tokenizer.json, as huggingface/tokenizers writes it.
    private static byte[] Whole()
    {
        var merges = File.ReadLines(Path.Combine(Golden, "merges.txt")).Where(l => l.Length > 0 && !l.StartsWith("#version", StringComparison.Ordinal));
        var list = string.Join(",", merges.Select(m => $"\"{JsonEncodedText.Encode(m)}\""));
        return Encoding.UTF8.GetBytes($$$"""
            {"version":"1.0","added_tokens":[{"id":2000,"content":"<|x|>","special":true,"lstrip":false,"rstrip":false,"single_word":false,"normalized":false}],
            "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"String":"~"},"content":"-"}]},
            "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}"},"behavior":"Isolated","invert":false},
            {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]},"decoder":{"type":"ByteLevel"},
            "model":{"type":"BPE","dropout":null,"unk_token":null,"fuse_unk":false,"vocab":{{{File.ReadAllText(Path.Combine(Golden, "vocab.json"))}}},"merges":[{{{list}}}]}}
            """);
    }
}
