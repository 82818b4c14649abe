using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Parley.Text;

/// <summary>Reads tiktoken rank files: on each line a token in base 64, a space and its rank, which is its id.</summary>
/// <remarks>openai/tiktoken tiktoken/load.py.</remarks>
internal static class TiktokenFile
{
    private const long LargestFile = 256L << 20;

    /// <summary>Opens a rank file.</summary>
    public static BpeTokenizer Load(string path, TiktokenPattern pattern, IEnumerable<AddedToken> special) =>
        Create(path, Parse(path, ReadBounded(path)), pattern, special);

    /// <summary>A tokenizer over ranks that were read already.</summary>
    public static BpeTokenizer Create(string where, TokenBytes ranks, TiktokenPattern pattern, IEnumerable<AddedToken> special) =>
        new(new BpeModel(
            where,
            ranks,
            () => new BpeMerges.Ranked(ranks),
            new AddedTokenSet(special),
            new PreTokenizer.Scan(pattern == TiktokenPattern.Gpt2 ? WordScanners.Gpt2 : text => WordScanners.Cl100k(text, digits: 3)),
            TokenDecoding.Bytes));

    /// <summary>Reads the ranks.</summary>
    public static TokenBytes Parse(string where, ReadOnlySpan<byte> file)
    {
        var bytes = new byte[file.Length];
        List<(int Id, int Start, int Length)> tokens = [];
        var (line, used) = (0, 0);
        while (!file.IsEmpty)
        {
            line++;
            var end = file.IndexOf((byte)'\n');
            var text = (end < 0 ? file : file[..end]).TrimEnd((byte)'\r');
            file = end < 0 ? [] : file[(end + 1)..];
            if (text.IsEmpty)
            {
                continue;
            }

            var space = text.IndexOf((byte)' ');
            // Whisper's multilingual file has one token of no bytes, written as padding alone; its id stays a hole.
            var length = 0;
            if (space <= 0
                || (!text[..space].SequenceEqual("="u8) && Base64.DecodeFromUtf8(text[..space], bytes.AsSpan(used), out _, out length) != OperationStatus.Done)
                || !Utf8Parser.TryParse(text[(space + 1)..], out int rank, out var digits) || digits != text.Length - space - 1)
            {
                throw new InvalidDataException(
                    $"{where}, line {line}: expected a token in base 64, a space and its rank, found '{Encoding.UTF8.GetString(text[..Math.Min(text.Length, 40)])}'");
            }

            tokens.Add((rank, used, length));
            used += length;
        }

        return tokens.Count == 0
            ? throw new InvalidDataException($"{where}: no tokens; this is not a tiktoken rank file")
            : TokenBytes.FromUnordered(where, tokens, bytes);
    }

    /// <summary>The whole of a file that is not absurdly large.</summary>
    internal static byte[] ReadBounded(string path)
    {
        if (Directory.Exists(path))
        {
            throw new InvalidDataException($"{path}: a folder where a tokenizer file is needed");
        }

        // Pipes and devices have length 0 and are never opened: opening one may block for ever.
        var file = new FileInfo(path);
        var length = (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length;
        return length switch
        {
            0 => throw new InvalidDataException($"{path}: the file is empty; download or copy it again"),
            > LargestFile => throw new InvalidDataException($"{path}: {length} bytes is more than any tokenizer file has ({LargestFile})"),
            _ => File.ReadAllBytes(path),
        };
    }
}
