namespace Parley.Audio;

/// <summary>Turns one probability of speech per chunk into segments, with hysteresis.</summary>
public static class SpeechSegmenter
{
    /// <summary>Segments of a signal of so many samples at a rate in Hz, from the probability of each chunk of so many samples.</summary>
    /// <remarks>
    /// Speech starts at a chunk at or above the threshold and ends where the probability has stayed below the exit threshold for the shortest silence.
    /// Segments longer than the longest speech are cut at their last short silence, or hard where there is none. Padding never overlaps a neighbour.
    /// </remarks>
    public static IReadOnlyList<SpeechSegment> Segment(ReadOnlySpan<float> probabilities, int chunk, int samples, int sampleRate = 16000, SpeechSegmenterOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunk, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        options ??= new SpeechSegmenterOptions();
        if (!(options.ExitThreshold <= options.Threshold) || !(options.MaxSpeechMilliseconds > 0))
        {
            throw new ArgumentException($"speech segments: the exit threshold {options.ExitThreshold} is above the threshold {options.Threshold}, or the longest speech {options.MaxSpeechMilliseconds} ms is not above 0", nameof(options));
        }

        var found = Find(probabilities, chunk, samples, sampleRate, options);
        found.RemoveAll(s => s.Length <= options.MinSpeechMilliseconds * sampleRate / 1000);
        Pad(found, samples, (int)(options.PadMilliseconds * sampleRate / 1000));
        return found;
    }

    private static List<SpeechSegment> Find(ReadOnlySpan<float> probabilities, int chunk, int samples, int sampleRate, SpeechSegmenterOptions options)
    {
        var minSilence = options.MinSilenceMilliseconds * sampleRate / 1000;
        var longest = options.MaxSpeechMilliseconds * sampleRate / 1000 - 2 * options.PadMilliseconds * sampleRate / 1000;
        longest = Math.Max(longest, chunk);
        var found = new List<SpeechSegment>();

        // -1: not in speech; not in a silence within speech; no silence worth cutting at seen.
        long start = -1, silence = -1, cutEnd = -1, cutStart = -1;
        for (var i = 0; i < probabilities.Length && (long)i * chunk < samples; i++)
        {
            var (at, p) = ((long)i * chunk, probabilities[i]);
            if (start < 0)
            {
                start = p >= options.Threshold ? at : -1;
                continue;
            }

            if (p >= options.Threshold)
            {
                if (silence >= 0 && cutEnd == silence)
                {
                    cutStart = at;
                }

                silence = -1;
            }
            else if (p < options.ExitThreshold)
            {
                silence = silence < 0 ? at : silence;

                // The last pause of at least 3 chunks is where a segment that grows too long is cut.
                cutEnd = at - silence >= 2 * chunk ? silence : cutEnd;
                cutStart = cutEnd == silence ? at + chunk : cutStart;
                if (at - silence >= minSilence)
                {
                    found.Add(new SpeechSegment((int)start, (int)silence));
                    start = silence = cutEnd = cutStart = -1;
                    continue;
                }
            }

            if (at + chunk - start > longest)
            {
                var (end, next) = cutEnd > start ? (cutEnd, cutStart) : (at, at);
                found.Add(new SpeechSegment((int)start, (int)end));
                start = next;
                silence = silence >= start ? silence : -1;
                cutEnd = cutStart = -1;
            }
        }

        if (start >= 0 && start < samples)
        {
            found.Add(new SpeechSegment((int)start, samples));
        }

        return found;
    }

    private static void Pad(List<SpeechSegment> segments, int samples, int pad)
    {
        for (var i = 0; i < segments.Count; i++)
        {
            // The room between two is shared when it is smaller than both pads; the left one has been moved already.
            var before = i == 0 ? 0 : segments[i - 1].End;
            var after = i + 1 == segments.Count ? samples : segments[i + 1].Start;
            var room = after - segments[i].End;
            var right = i + 1 == segments.Count ? Math.Min(pad, room) : Math.Min(pad, room / 2);
            segments[i] = new SpeechSegment(Math.Max(before, segments[i].Start - pad), segments[i].End + right);
        }
    }
}
