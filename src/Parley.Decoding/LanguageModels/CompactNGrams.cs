using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Parley.Decoding;

// The arrays of an NGramModel as they lie in memory, compressed: nothing is parsed, sorted or looked up, so that a model is there in milliseconds.
// Little-endian: 8 letters, then, in Brotli (RFC 7932), order, words, whether <unk> was listed, each word's bytes and UTF-8, nodes of each order, and
// the five arrays.

/// <summary>N-gram models in Parley's own files, <c>.ngrams</c>, which open in milliseconds.</summary>
internal static class CompactNGrams
{
    /// <summary>What a file's name ends in.</summary>
    public const string Extension = ".ngrams";

    private const int LongestOrder = 32;
    private const int LongestWord = 4096;
    private const int Piece = 1 << 20;
    private const int MostPerByte = 8;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Magic => "PNGRAMS1"u8;

    /// <summary>Whether a file is one of these; the stream is left where it was.</summary>
    public static bool Is(Stream file)
    {
        Span<byte> head = stackalloc byte[Magic.Length];
        var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        file.Position -= read;
        return head[..read].SequenceEqual(Magic);
    }

    /// <summary>Writes a model.</summary>
    public static void Write(NGramArrays model, Stream file)
    {
        file.Write(Magic);
        using var stream = new BrotliStream(file, new BrotliCompressionOptions { Quality = 9 }, leaveOpen: true);
        Write(stream, [model.Starts.Length - 2, model.Names.Length, model.ListsUnknown ? 1 : 0]);
        byte[][] words = [.. model.Names.Select(s_utf8.GetBytes)];
        Write<int>(stream, [.. words.Select(w => w.Length)]);
        foreach (var word in words)
        {
            stream.Write(word);
        }

        Write<int>(stream, model.Starts);
        Write<int>(stream, model.Words);
        Write<int>(stream, model.Suffixes);
        Write<int>(stream, model.Children);
        Write<float>(stream, model.LogProbs);
        Write<float>(stream, model.Backoffs);
    }

    /// <summary>Reads a model and trusts nothing in it.</summary>
    /// <param name="file">At its first byte.</param>
    /// <param name="where">Name for errors.</param>
    public static NGramArrays Read(Stream file, string where)
    {
        file.Position += Magic.Length;
        using var stream = new BrotliStream(file, CompressionMode.Decompress, leaveOpen: true);
        try
        {
            var head = Read<int>(stream, 3);
            var (order, count) = (head[0], head[1]);
            Require(order is >= 1 and <= LongestOrder && count >= 1, "order or number of words");

            // Honest numbers shrink to a third, those of a file that is made to fill the memory to a hundred-thousandth.
            var most = (file.Length * MostPerByte) + Piece;
            Require(count <= most, "number of words");
            var names = Names(stream, count);
            var starts = Read<int>(stream, order + 2);
            Require(starts is [0, 1, ..] && starts[2] == 1 + count, "numbers of n-grams");
            for (var i = 2; i < starts.Length; i++)
            {
                Require(starts[i] >= starts[i - 1], "numbers of n-grams");
            }

            var (nodes, inner) = (starts[^1], starts[order]);
            Require(nodes <= most, "number of n-grams");
            var model = new NGramArrays(
                names, starts, Read<int>(stream, nodes), Read<int>(stream, nodes), Read<int>(stream, inner + 1), Read<float>(stream, nodes), Read<float>(stream, inner), head[2] != 0);
            Require(stream.ReadByte() < 0, "end");
            Check(model);
            return model;
        }
        catch (Exception e) when (e is EndOfStreamException or DecoderFallbackException or InvalidOperationException or InvalidDataException)
        {
            throw new InvalidDataException($"{where}: the file is damaged, or cut short", e);
        }
        catch (BadNGramsException e)
        {
            throw new InvalidDataException($"{where}: its {e.Message} cannot be; the file is damaged", e);
        }
    }

    private static string[] Names(Stream stream, int count)
    {
        var lengths = Read<int>(stream, count);
        Require(!lengths.AsSpan().ContainsAnyExceptInRange(0, LongestWord), "words");
        var names = new string[count];
        Span<byte> bytes = stackalloc byte[LongestWord];
        for (var i = 0; i < count; i++)
        {
            stream.ReadExactly(bytes[..lengths[i]]);
            names[i] = s_utf8.GetString(bytes[..lengths[i]]);
        }

        return names;
    }

    // What the queries rely on: they end, and reach no place that is not there.
    private static void Check(NGramArrays m)
    {
        var order = m.Starts.Length - 2;
        Require(!m.Words.AsSpan().ContainsAnyExceptInRange(0, m.Names.Length - 1), "n-grams");
        foreach (var value in m.LogProbs)
        {
            Require(value <= 0 && float.IsFinite(value), "probabilities");
        }

        foreach (var value in m.Backoffs)
        {
            Require(float.IsFinite(value), "back-off weights");
        }

        for (var i = 0; i < m.Names.Length; i++)
        {
            Require(m.Words[1 + i] == i, "words");
        }

        for (var level = 0; level < order; level++)
        {
            // The children of an order are the next one, in order.
            Require(m.Children[m.Starts[level]] == m.Starts[level + 1] && m.Children[m.Starts[level + 1]] == (level + 1 < order ? m.Starts[level + 2] : m.Starts[^1]), "n-grams");
            for (var node = m.Starts[level]; node < m.Starts[level + 1]; node++)
            {
                var (low, end) = (m.Children[node], m.Children[node + 1]);
                Require(low <= end && end <= m.Words.Length, "n-grams");
                for (var child = low + 1; child < end; child++)
                {
                    Require(m.Words[child] > m.Words[child - 1], "n-grams");
                }
            }
        }

        for (var level = 0; level <= order; level++)
        {
            // A suffix is shorter.
            for (var node = m.Starts[level]; node < m.Starts[level + 1]; node++)
            {
                Require(m.Suffixes[node] >= 0 && (m.Suffixes[node] < m.Starts[level] || node == 0), "suffixes");
            }
        }
    }

    private static void Write<T>(Stream stream, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (BitConverter.IsLittleEndian)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }

        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (var bits in MemoryMarshal.Cast<T, int>(values))
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, bits);
            stream.Write(bytes);
        }
    }

    // In pieces, so that a number that lies about the length costs no more memory than there is file.
    private static T[] Read<T>(Stream stream, int count)
        where T : unmanaged
    {
        Require(count >= 0, "numbers of n-grams");
        var values = new T[Math.Min(count, Piece)];
        for (var done = 0; done < count;)
        {
            if (done == values.Length)
            {
                Array.Resize(ref values, (int)Math.Min(count, 2L * values.Length));
            }

            var piece = values.AsSpan(done);
            stream.ReadExactly(MemoryMarshal.AsBytes(piece));
            done += piece.Length;
        }

        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(MemoryMarshal.Cast<T, int>(values.AsSpan()), MemoryMarshal.Cast<T, int>(values.AsSpan()));
        }

        return values;
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new BadNGramsException(what);
        }
    }

    private sealed class BadNGramsException(string message) : Exception(message);
}
