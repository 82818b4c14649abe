using System.IO.Compression;
using System.Text;
using Parley.TestSupport;

namespace Parley.Decoding.Tests;

/// <summary>Parley's own files of n-grams.</summary>
public sealed class CompactNGramsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-ngrams");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_model_comes_back_as_it_was(int order)
    {
        var model = Make(order);
        var (own, arpa) = (Path.Combine(_folder.FullName, "m.ngrams"), Path.Combine(_folder.FullName, "m.arpa.gz"));
        model.Save(own);
        model.Save(arpa);
        var (found, same) = (NGramModel.Load(own), NGramModel.Load(arpa));
        Assert.Equal(Text(model), Text(found));
        Assert.Equal(Text(model), Text(same));
        Assert.Equal((model.Order, model.WordCount, model.ListsUnknown), (found.Order, found.WordCount, found.ListsUnknown));
        foreach (var sentence in (string[])["", "the cat sat", "a mouse ran and ran", "zebra the", "été the cat"])
        {
            Assert.Equal(model.ScoreSentence(sentence), found.ScoreSentence(sentence));
        }
    }

    [Fact]
    public void Any_damage_is_read_or_refused()
    {
        var model = Make(3);
        using var file = new MemoryStream();
        CompactNGrams.Write(model.Arrays, file);
        var path = Path.Combine(_folder.FullName, "bad.ngrams");
        Damage.Check(file.ToArray(), bad => Use(path, bad));

        // What is compressed changes behind the first letters.
        using var unpacked = new MemoryStream();
        using (var brotli = new BrotliStream(new MemoryStream(file.ToArray()[8..]), CompressionMode.Decompress))
        {
            brotli.CopyTo(unpacked);
        }

        Damage.Check(unpacked.ToArray(), bad =>
        {
            using var packed = new MemoryStream();
            packed.Write(file.GetBuffer().AsSpan(0, 8));
            using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                brotli.Write(bad);
            }

            Use(path, packed.ToArray());
        });
    }

    [Fact]
    public void A_small_file_does_not_fill_the_memory()
    {
        using var file = new MemoryStream();
        CompactNGrams.Write(Make(3).Arrays, file);
        using var packed = new MemoryStream();
        packed.Write(file.ToArray().AsSpan(0, 8));
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            // Order 1, very many words without letters.
            foreach (var number in (int[])[1, 400_000_000, 1])
            {
                brotli.Write(BitConverter.GetBytes(number));
            }

            var zeros = new byte[1 << 20];
            for (var i = 0; i < 1600; i++)
            {
                brotli.Write(zeros);
            }
        }

        var path = Path.Combine(_folder.FullName, "bomb.ngrams");
        File.WriteAllBytes(path, packed.ToArray());
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("number of words", Assert.Throws<InvalidDataException>(() => NGramModel.Load(path)).Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 22);
    }

    // Whatever is accepted must answer every query.
    private static void Use(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        var model = NGramModel.Load(path);
        foreach (var sentence in (string[])["the cat sat", "zebra ran"])
        {
            model.ScoreSentence(sentence);
        }

        var state = model.BeginState;
        for (var word = 0; word < model.WordCount; word++)
        {
            model.Score(state, word, out state);
        }

        Text(model);
    }

    private static string Text(NGramModel model)
    {
        using var text = new StringWriter();
        Arpa.Write(model, text);
        return text.ToString();
    }

    private static NGramModel Make(int order)
    {
        var trainer = new KneserNeyTrainer(new KneserNeyOptions(order));
        using var text = new MemoryStream(Encoding.UTF8.GetBytes("the cat sat\nthe cat ran\na mouse ran and the cat sat\nthe été ran\nthe mouse sat on the cat\n"));
        trainer.AddText(text, "text");
        return trainer.Build();
    }
}
