using System.Text.Json;

namespace Parley.Text;

/// <summary>Reads an object of token to id, such as <c>vocab.json</c>, without making a string of each token.</summary>
internal static class VocabularyJson
{
    /// <summary>UTF-8 of the tokens as they are written; ids may have as many holes as said.</summary>
    public static TokenBytes Load(string path, int holes = 65536)
    {
        var file = TiktokenFile.ReadBounded(path);
        try
        {
            var reader = new Utf8JsonReader(WithoutMark(file));
            reader.Read();
            return Read(path, ref reader, holes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: not a JSON vocabulary: {e.Message}", e);
        }
    }

    /// <summary>Reads the object that the reader stands on.</summary>
    public static TokenBytes Read(string where, ref Utf8JsonReader reader, int holes = 65536)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new InvalidDataException($"{where}: the vocabulary must be an object of token to id");
        }

        List<(int Id, int Start, int Length)> tokens = [];
        var text = new byte[1 << 16];
        var used = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var size = reader.ValueSpan.Length;
            if (used + size > text.Length)
            {
                Array.Resize(ref text, Math.Max(text.Length * 2, used + size));
            }

            var length = reader.CopyString(text.AsSpan(used));
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id))
            {
                throw new InvalidDataException(
                    $"{where}: the id of token '{System.Text.Encoding.UTF8.GetString(text, used, Math.Min(length, 40))}' is not a whole number");
            }

            tokens.Add((id, used, length));
            used += length;
        }

        return TokenBytes.FromUnordered(where, tokens, text, holes);
    }

    /// <summary>Turns tokens written in the byte alphabet into the bytes meant; a token that is not stays as it is.</summary>
    public static TokenBytes ToBytes(TokenBytes written)
    {
        var total = 0;
        for (var id = 0; id < written.Count; id++)
        {
            total += written[id].Length;
        }

        var (bytes, offsets) = (new byte[total], new int[written.Count + 1]);
        for (var id = 0; id < written.Count; id++)
        {
            var token = written[id];
            var at = offsets[id];
            var length = ByteAlphabet.Unmap(token, bytes.AsSpan(at));
            if (length < 0)
            {
                token.CopyTo(bytes.AsSpan(at));
                length = token.Length;
            }

            offsets[id + 1] = at + length;
        }

        return new TokenBytes(bytes[..offsets[^1]], offsets);
    }

    /// <summary>A file without its byte order mark.</summary>
    internal static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> file) => file.StartsWith("\uFEFF"u8) ? file[3..] : file;
}
