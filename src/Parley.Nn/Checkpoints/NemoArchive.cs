using System.IO.Compression;

namespace Parley.Nn;

/// <summary>A NeMo model in one file: a tar archive, gzipped in older versions, of weights, configuration and tokenizer.</summary>
/// <remarks>NVIDIA/NeMo:nemo/core/connectors/save_restore_connector.py.</remarks>
internal static class NemoArchive
{
    private const string Weights = "model_weights.ckpt";

    // Weights hardly shrink: what grows more than this is no model but a trap.
    private const int MostGrowth = 20;

    /// <summary>The archive of a mapped file, or null when the file is something else; a gzipped one is unpacked into a file of its own.</summary>
    public static TarArchive? Open(string path, ref ByteRegion file, List<ByteRegion> regions)
    {
        if (LooksPacked(file))
        {
            file = Unpack(path, file);
            regions.Add(file);
        }

        return TarArchive.Looks(file) ? new TarArchive(path, file) : null;
    }

    /// <summary>The weights inside an archive.</summary>
    public static ByteRegion WeightsOf(string path, TarArchive archive, ByteRegion file)
    {
        var (offset, size) = archive.Find(Weights) ?? throw new InvalidDataException($"{path}: no {Weights} in this archive; is it a .nemo file?");
        var part = file.Part(offset, size);
        return TorchFile.Looks(part) ? part : throw new InvalidDataException($"{path}: {Weights} is no PyTorch file");
    }

    private static unsafe bool LooksPacked(ByteRegion file)
    {
        if (file.Length < 18 || !file.Span(0, 3).SequenceEqual((ReadOnlySpan<byte>)[0x1f, 0x8b, 8]))
        {
            return false;
        }

        var start = new byte[512];
        try
        {
            using var stream = new GZipStream(new UnmanagedMemoryStream(file.At(0), file.Length), CompressionMode.Decompress);
            return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && TarArchive.Looks(start);
        }
        catch (InvalidDataException)
        {
            // Not gzip after all: the caller says what kinds of file it takes.
            return false;
        }
    }

    // Into the folder for temporary files, so that memory stays bounded; the name goes as soon as the file is mapped, where the system allows that.
    private static unsafe ByteRegion Unpack(string path, ByteRegion file)
    {
        var target = Path.Combine(Path.GetTempPath(), $"parley-{Guid.NewGuid():N}.tar");
        try
        {
            using (var stream = new GZipStream(new UnmanagedMemoryStream(file.At(0), file.Length), CompressionMode.Decompress))
            using (var unpacked = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                var most = (MostGrowth * file.Length) + (64 << 20);
                var buffer = new byte[1 << 20];
                for (int count; (count = stream.Read(buffer)) > 0;)
                {
                    unpacked.Write(buffer, 0, unpacked.Length + count <= most ? count : throw new InvalidDataException($"{path}: unpacks to more than {most} bytes, {MostGrowth} times its size; weights do not shrink like that"));
                }
            }

            return ByteRegion.Map(target);
        }
        catch (InvalidDataException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path}: the gzip stream is damaged: {e.Message}", e);
        }
        finally
        {
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(target);
            }
        }
    }
}
