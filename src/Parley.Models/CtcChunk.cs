namespace Parley.Models;

/// <summary>A piece of a recording and which of its frames are kept.</summary>
/// <param name="Start">First sample.</param>
/// <param name="Samples">Number of samples.</param>
/// <param name="FrameOffset">The recording's frame that this piece's first frame is.</param>
/// <param name="FirstKept">First frame of the piece that is kept.</param>
/// <param name="EndKept">Frame after the last one kept.</param>
internal readonly record struct CtcChunk(int Start, int Samples, int FrameOffset, int FirstKept, int EndKept)
{
    /// <summary>Pieces whose kept frames follow each other without gap or overlap; none when there is not one frame.</summary>
    public static IReadOnlyList<CtcChunk> Cut(int samples, CtcOptions options, ICtcRate config)
    {
        var align = config.SamplesPerFrame;
        var chunk = Aligned(options.ChunkSeconds);
        var stride = Aligned(options.StrideSeconds ?? options.ChunkSeconds / 6);
        var step = chunk - (2 * stride);
        var chunks = new List<CtcChunk>();
        if (step < align || chunk < config.ReceptiveField)
        {
            throw new ArgumentException($"ctc: pieces of {options.ChunkSeconds} s are too short for a model that takes a frame every {align} samples");
        }

        for (long start = 0; start < samples; start += step)
        {
            var length = (int)Math.Min(chunk, samples - start);
            var isLast = start + chunk >= samples;
            var (first, end) = (start == 0 ? 0 : stride / align, isLast ? config.FramesOf(length) : (chunk - stride) / align);

            // Convolutions are not padded, so without context the last frames of a piece do not exist.
            end = Math.Min(end, config.FramesOf(length));
            if (end > first)
            {
                chunks.Add(new CtcChunk((int)start, length, (int)(start / align), first, end));
            }

            if (isLast)
            {
                break;
            }
        }

        return chunks;

        int Aligned(double seconds) => checked((int)Math.Round(seconds * Wav2Vec2Config.SampleRate / align) * align);
    }
}
