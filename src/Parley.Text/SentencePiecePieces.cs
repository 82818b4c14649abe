using System.Text;

namespace Parley.Text;

/// <summary>Reads the list of pieces out of a SentencePiece <c>.model</c>, which is all that turning ids into text needs.</summary>
/// <remarks>google/sentencepiece:src/sentencepiece_model.proto: ModelProto.pieces is field 1, with piece 1, score 2 and type 3. Wire format: protobuf encoding guide.</remarks>
public static class SentencePiecePieces
{
    private const int Normal = 1;
    private const int UserDefined = 4;
    private const int Byte = 6;

    /// <summary>The pieces in the order of their ids, and which of them say nothing.</summary>
    /// <param name="where">Names the file in messages.</param>
    /// <param name="model">The file.</param>
    public static (IReadOnlyList<string> Pieces, IReadOnlyList<int> Silent) Read(string where, ReadOnlySpan<byte> model)
    {
        var (pieces, silent) = (new List<string>(), new List<int>());
        while (model.Length > 0)
        {
            var field = Varint(where, ref model);
            if (field != ((1 << 3) | 2))
            {
                Skip(where, field & 7, ref model);
                continue;
            }

            var (text, type) = Piece(where, Chunk(where, ref model));
            if (type is not (Normal or UserDefined or Byte))
            {
                silent.Add(pieces.Count);
            }

            pieces.Add(text);
        }

        return pieces.Count > 0 ? (pieces, silent) : throw new InvalidDataException($"{where}: no pieces; this is not a SentencePiece model");
    }

    private static (string Text, ulong Type) Piece(string where, ReadOnlySpan<byte> message)
    {
        var (text, type) = ("", (ulong)Normal);
        while (message.Length > 0)
        {
            switch (Varint(where, ref message))
            {
                case (1 << 3) | 2:
                    text = Encoding.UTF8.GetString(Chunk(where, ref message));
                    break;
                case 3 << 3:
                    type = Varint(where, ref message);
                    break;
                case var field:
                    Skip(where, field & 7, ref message);
                    break;
            }
        }

        return (text, type);
    }

    private static void Skip(string where, ulong kind, ref ReadOnlySpan<byte> message)
    {
        switch (kind)
        {
            case 0:
                Varint(where, ref message);
                break;
            case 1 or 5:
                var size = kind == 1 ? 8 : 4;
                message = message.Length >= size ? message[size..] : throw Bad(where);
                break;
            case 2:
                Chunk(where, ref message);
                break;
            default:
                throw Bad(where);
        }
    }

    private static ReadOnlySpan<byte> Chunk(string where, ref ReadOnlySpan<byte> message)
    {
        var length = Varint(where, ref message);
        var chunk = length <= (ulong)message.Length ? message[..(int)length] : throw Bad(where);
        message = message[(int)length..];
        return chunk;
    }

    private static ulong Varint(string where, ref ReadOnlySpan<byte> message)
    {
        var value = 0UL;
        for (var i = 0; i < 10 && i < message.Length; i++)
        {
            value |= (ulong)(message[i] & 0x7f) << (7 * i);
            if (message[i] < 0x80)
            {
                message = message[(i + 1)..];
                return value;
            }
        }

        throw Bad(where);
    }

    private static InvalidDataException Bad(string where) => new($"{where}: not a SentencePiece model, or a damaged one");
}
