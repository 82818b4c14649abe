using System.Numerics;

namespace Parley.Audio;

/// <summary>Finds speech by the energy of its band over a noise floor that follows the recording; needs no weights.</summary>
/// <remarks>
/// Frames of 32 ms every 16 ms; energy from 200 to 4000 Hz, smoothed over 3 frames. The floor of a frame is the quietest tenth of the seconds
/// around it (after Martin 2001, minimum statistics), so that steady noise of any level is its own floor and speech, which pauses, is not.
/// </remarks>
public sealed class EnergyVad(EnergyVadOptions? options = null) : IVoiceActivityDetector
{
    internal const int Hop = 256;

    private const int SampleRate = 16000;
    private const int Size = 512;

    // Floors are looked for among whole decibels from -120 up to 40.
    internal const int Levels = 160;
    private const int Lowest = -120;

    private readonly EnergyVadOptions _options = options ?? new EnergyVadOptions();
    private readonly Stft _stft = new(new StftOptions(Size, Hop, Size, Pad: PadMode.Zero));

    /// <inheritdoc/>
    public IReadOnlyList<SpeechSegment> Detect(ReadOnlySpan<float> samples) =>
        SpeechSegmenter.Segment(Probabilities(samples), Hop, samples.Length, SampleRate, _options.Segments);

    /// <summary>How likely each stretch of 256 samples is speech, from 0 to 1.</summary>
    public float[] Probabilities(ReadOnlySpan<float> samples)
    {
        var levels = Smooth(BandLevels(samples));
        var probabilities = new float[levels.Length];
        var reach = Math.Max(1, (int)(_options.FloorSeconds * SampleRate / Hop / 2));
        var counts = new int[Levels];
        var (from, to) = (0, 0);
        for (var f = 0; f < levels.Length; f++)
        {
            for (; to < Math.Min(levels.Length, f + reach + 1); to++)
            {
                counts[Level(levels[to])]++;
            }

            for (; from < f - reach; from++)
            {
                counts[Level(levels[from])]--;
            }

            probabilities[f] = Probability(levels[f], Tenth(counts, to - from), _options);
        }

        return probabilities;
    }

    /// <summary>How likely a level in dB is speech over a noise floor.</summary>
    internal static float Probability(double level, double floor, EnergyVadOptions options)
    {
        floor = Math.Max(floor, options.QuietestDecibels - options.SpeechDecibels);

        // Half way at three quarters of the sure distance, on a slope of one decibel.
        return (float)(1 / (1 + Math.Exp(0.75 * options.SpeechDecibels - (level - floor))));
    }

    // Level of the speech band in dB of full scale, one for each hop.
    private double[] BandLevels(ReadOnlySpan<float> samples)
    {
        var frames = (samples.Length + Hop - 1) / Hop;
        var levels = new double[frames];
        var work = new Stft.Workspace(_stft);
        for (var first = 0; first < frames; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            _stft.Power(samples, samples.Length, first, count, work);
            var sum = BandEnergy(work.Real);
            for (var lane = 0; lane < count; lane++)
            {
                levels[first + lane] = BandLevel(sum[lane]);
            }
        }

        return levels;
    }

    /// <summary>Energy from 200 to 4000 Hz of power spectra, one in each lane.</summary>
    internal static Vector<float> BandEnergy(ReadOnlySpan<Vector<float>> power)
    {
        var sum = Vector<float>.Zero;
        for (var k = 200 * Size / SampleRate; k < 4000 * Size / SampleRate; k++)
        {
            sum += power[k];
        }

        return sum;
    }

    /// <summary>Its level in dB of full scale: of a Hann window's power, 3/8 of the size, both halves of the spectrum.</summary>
    internal static double BandLevel(float energy) => 10 * Math.Log10(energy * 2 / (Size * (Size * 0.375)) + 1e-12);

    private static double[] Smooth(double[] levels)
    {
        var smooth = new double[levels.Length];
        for (var f = 0; f < levels.Length; f++)
        {
            smooth[f] = (levels[Math.Max(0, f - 1)] + 2 * levels[f] + levels[Math.Min(levels.Length - 1, f + 1)]) / 4;
        }

        return smooth;
    }

    internal static int Level(double decibels) => double.IsNaN(decibels) ? 0 : (int)Math.Clamp(decibels - Lowest, 0, Levels - 1);

    /// <summary>The level that a tenth of all frames stays below.</summary>
    internal static double Tenth(int[] counts, int total)
    {
        var (seen, level) = (0, 0);
        for (; level < Levels - 1 && seen + counts[level] <= total / 10; level++)
        {
            seen += counts[level];
        }

        return level + Lowest + 1;
    }
}
