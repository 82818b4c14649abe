namespace Parley.Audio;

/// <summary>Sound files to samples: WAV and FLAC are decoded here, everything else by ffmpeg when it is on the PATH.</summary>
/// <remarks>
/// The format is told by content, never by extension. A wave whose data is shorter than its header says is read as far as it goes;
/// a FLAC file that ends early or fails a checksum is an error.
/// </remarks>
public static class AudioFile
{
    // What a stream may put on the disk for ffmpeg: days of any compressed format.
    private const long MaxCopy = 8L << 30;

    /// <summary>Decodes a file with all its channels at its own rate.</summary>
    public static AudioBuffer Load(string path, CancellationToken cancel = default)
    {
        using var source = Open(path, cancel);
        return Collect(source, cancel);
    }

    /// <summary>Decodes a stream, which need not be seekable and stays open; the name is used in messages.</summary>
    public static AudioBuffer Load(Stream stream, string name, CancellationToken cancel = default)
    {
        using var source = Open(stream, name, leaveOpen: true, cancel);
        return Collect(source, cancel);
    }

    /// <summary>Decodes a file to the mean of its channels [samples] at a rate in Hz.</summary>
    public static float[] LoadMono(string path, int sampleRate = 16000, CancellationToken cancel = default)
    {
        using var source = Open(path, cancel);
        return CollectMono(source, sampleRate, path, cancel);
    }

    /// <summary>The same, but NaN and infinities are an error where they otherwise are silence: what a model learns from has to be sound.</summary>
    /// <exception cref="InvalidDataException">The file has such samples, or cannot be decoded.</exception>
    public static float[] LoadMonoStrict(string path, int sampleRate = 16000, CancellationToken cancel = default)
    {
        using var source = Open(path, cancel);
        var samples = CollectMono(source, sampleRate, path, cancel);
        return source.Replaced == 0 ? samples : throw new InvalidDataException($"{path}: {source.Replaced} samples are no numbers (NaN or infinite)");
    }

    /// <summary>Decodes a stream, which stays open, to the mean of its channels [samples] at a rate in Hz; the name is used in messages.</summary>
    public static float[] LoadMono(Stream stream, string name, int sampleRate = 16000, CancellationToken cancel = default)
    {
        using var source = Open(stream, name, leaveOpen: true, cancel);
        return CollectMono(source, sampleRate, name, cancel);
    }

    private static SampleSource Open(string path, CancellationToken cancel)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            throw new InvalidDataException($"{path}: this is a folder; give a sound file");
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: no such file; check the name");
        }

        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        try
        {
            // A pipe gives its bytes once: ffmpeg could not open it again.
            return !file.CanSeek ? Open(file, path, leaveOpen: false, cancel)
                : OpenNative(new ForwardStream(file, path), out var what) ?? FfmpegSource.Open(path, path, what, cancel);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SampleSource Open(Stream stream, string name, bool leaveOpen, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var forward = new ForwardStream(stream, name, leaveOpen);
        var head = Head(forward).ToArray();
        if (WavSource.Matches(head) || FlacSource.Matches(head))
        {
            if (OpenNative(forward, out var coding) is { } source)
            {
                return source;
            }

            throw new InvalidDataException($"{name}: {coding} is decoded from files only, not from a stream; save it to a file first");
        }

        CheckNotEmpty(head, name);

        // Most containers must be sought in, which a pipe cannot do.
        var temporary = Path.Combine(Path.GetTempPath(), $"parley-{Guid.NewGuid():N}");
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                forward.CopyTo(file, MaxCopy, cancel);
            }

            using var decoded = FfmpegSource.Open(temporary, name, Describe(head), cancel);
            return new BufferSource(Collect(decoded, cancel));
        }
        finally
        {
            forward.Dispose();
            File.Delete(temporary);
        }
    }

    private static SampleSource? OpenNative(ForwardStream stream, out string what)
    {
        var head = Head(stream);
        CheckNotEmpty(head, stream.Name);
        if (FlacSource.Matches(head))
        {
            what = "FLAC";
            return FlacSource.Open(stream);
        }

        if (WavSource.Matches(head))
        {
            var source = WavSource.Open(stream, out what);
            if (source is null)
            {
                stream.Dispose();
            }

            return source;
        }

        what = Describe(head);
        stream.Dispose();
        return null;
    }

    private static ReadOnlySpan<byte> Head(ForwardStream stream) => stream.Peek(Math.Clamp(FlacSource.Id3Length(stream.Peek(10)) + 4, 64, ForwardStream.MaxPeek));

    private static void CheckNotEmpty(ReadOnlySpan<byte> head, string name)
    {
        if (head.Length == 0)
        {
            throw new InvalidDataException($"{name}: the file is empty; a sound file has at least a header");
        }
    }

    private static string Describe(ReadOnlySpan<byte> head) =>
        head.StartsWith("ID3"u8) || head.Length > 1 && head[0] == 0xFF && (head[1] & 0xE0) == 0xE0 ? "MP3 or AAC"
        : head.StartsWith("OggS"u8) ? "Ogg"
        : head.Length >= 8 && head[4..8].SequenceEqual("ftyp"u8) ? "MP4"
        : head.StartsWith("FORM"u8) ? "AIFF"
        : head.StartsWith("caff"u8) ? "CAF"
        : head.StartsWith("#!AMR"u8) ? "AMR"
        : head.StartsWith("RIFX"u8) ? "big-endian RIFF"
        : head.Length > 3 && head[0] == 0x1A && head[1] == 0x45 ? "Matroska or WebM"
        : "this format (neither WAV nor FLAC)";

    private static AudioBuffer Collect(SampleSource source, CancellationToken cancel)
    {
        var samples = new SampleList(source.FramesHint * source.Channels);
        var block = new float[Math.Max(1, 32768 / source.Channels) * source.Channels];
        for (var read = source.Read(block); read > 0; read = source.Read(block))
        {
            cancel.ThrowIfCancellationRequested();
            samples.Add(block.AsSpan(0, read));
        }

        return new AudioBuffer(samples.ToArray(), source.SampleRate, source.Channels);
    }

    private static float[] CollectMono(SampleSource source, int sampleRate, string name, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        var samples = new SampleList(source.FramesHint);
        var block = new float[Math.Max(1, 32768 / source.Channels) * source.Channels];
        var mono = new float[block.Length / source.Channels];
        for (var read = source.Read(block); read > 0; read = source.Read(block))
        {
            cancel.ThrowIfCancellationRequested();
            var frames = read / source.Channels;
            AudioBuffer.MixDown(block.AsSpan(0, read), source.Channels, mono.AsSpan(0, frames));
            samples.Add(mono.AsSpan(0, frames));
        }

        var all = samples.ToArray();
        if ((double)all.Length * sampleRate / source.SampleRate >= Array.MaxLength)
        {
            throw new InvalidDataException($"{name}: {all.Length} samples at {source.SampleRate} Hz are too many at {sampleRate} Hz; cut the file into parts");
        }

        return Resampler.Resample(all, source.SampleRate, sampleRate);
    }

    private sealed class BufferSource(AudioBuffer buffer) : SampleSource(buffer.SampleRate, buffer.Channels)
    {
        private int _at;

        public override long FramesHint => buffer.Frames;

        public override int Read(Span<float> interleaved)
        {
            var count = Math.Min(interleaved.Length / Channels * Channels, buffer.Samples.Length - _at);
            buffer.Samples.AsSpan(_at, count).CopyTo(interleaved);
            _at += count;
            return count;
        }
    }
}
