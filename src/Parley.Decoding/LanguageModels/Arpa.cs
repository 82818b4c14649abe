using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Parley.Decoding;

/// <summary>Language models in ARPA files, plain or compressed with gzip.</summary>
public static class Arpa
{
    private const int Buffer = 1 << 16;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Plain, or gzip whatever its name.</param>
    /// <param name="progress">Told the part of the file that is read, 0 to 1.</param>
    /// <exception cref="InvalidDataException">The file is damaged; the message names the line.</exception>
    public static NGramModel Load(string path, IProgress<double>? progress = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new IOException($"{path}: this is a folder; a language model is a file");
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, Buffer);
        return Read(file, path, progress);
    }

    /// <summary>Reads a stream to its end and closes it.</summary>
    /// <param name="stream">Plain, or gzip if it can seek.</param>
    /// <param name="where">Name for errors.</param>
    /// <param name="progress">Told the part of the stream that is read, 0 to 1.</param>
    public static NGramModel Read(Stream stream, string where, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var lines = TextLines.Open(stream, where);
        return new ArpaReader(lines, progress, stream.CanSeek ? stream.Length : 0).Read();
    }

    /// <summary>Writes a file; one whose name ends in <c>.gz</c> is compressed.</summary>
    public static void Save(NGramModel model, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WriteWhole(path, file =>
        {
            using var stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true) : file;
            using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Buffer, leaveOpen: true) { NewLine = "\n" };
            Write(model, writer);
        });
    }

    /// <summary>Writes a file that is there whole or not at all.</summary>
    internal static void WriteWhole(string path, Action<Stream> write)
    {
        var temporary = $"{path}.{Environment.ProcessId}.part";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, Buffer))
            {
                write(file);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Writes the text of a model: log10 with seven digits, back-off weights where they are not 1 or a longer n-gram follows.</summary>
    public static void Write(NGramModel model, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteLine("\\data\\");
        for (var order = 1; order <= model.Order; order++)
        {
            writer.WriteLine($"ngram {order}={Listed(model, order)}");
        }

        Span<int> words = stackalloc int[model.Order];
        Span<char> number = stackalloc char[32];
        for (var order = 1; order <= model.Order; order++)
        {
            writer.WriteLine();
            writer.WriteLine($"\\{order}-grams:");
            for (var i = 0; i < Listed(model, order); i++)
            {
                var (logProb, backoff) = model.Entry(order, i, words);
                Append(writer, logProb, number);
                for (var place = 0; place < order; place++)
                {
                    writer.Write(place == 0 ? '\t' : ' ');
                    writer.Write(model.Word(words[place]));
                }

                if (backoff != 0 || model.IsContext(order, i))
                {
                    writer.Write('\t');
                    Append(writer, backoff, number);
                }

                writer.WriteLine();
            }
        }

        writer.WriteLine();
        writer.WriteLine("\\end\\");
    }

    // The unknown word that a file did not list is the last 1-gram.
    private static int Listed(NGramModel model, int order) => model.Count(order) - (order == 1 && !model.ListsUnknown ? 1 : 0);

    private static void Append(TextWriter writer, float value, Span<char> text)
    {
        value.TryFormat(text, out var length, "G7", CultureInfo.InvariantCulture);
        writer.Write(text[..length]);
    }
}
