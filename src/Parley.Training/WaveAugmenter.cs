using Parley.Audio;
using Parley.Nn;

namespace Parley.Training;

/// <summary>Varies recordings as <see cref="AugmentSettings"/> says: speed, room, noise, gain, telephone line.</summary>
internal sealed class WaveAugmenter
{
    private readonly AugmentSettings _settings;
    private readonly float[][] _noises;
    private readonly float[][] _rooms;

    internal WaveAugmenter(AugmentSettings? settings, int sampleRate, CancellationToken cancel = default)
    {
        _settings = settings ?? new AugmentSettings(NoiseShare: 0, RoomShare: 0);
        _noises = Load(_settings.Noise, sampleRate, cancel);
        _rooms = Load(_settings.Rooms, sampleRate, cancel);
    }

    /// <summary>A varied copy; every draw comes from <paramref name="random"/>.</summary>
    internal float[] Apply(ReadOnlySpan<float> samples, int sampleRate, TrainingPass random)
    {
        var x = samples.ToArray();
        if (_settings.Speeds is { Count: > 0 } speeds && speeds[(int)(random.NextSeed() % (ulong)speeds.Count)] is not 1.0 and var speed)
        {
            // Played faster means resampled as if it had been recorded at a higher rate; the pitch rises with it (Ko et al. 2015).
            x = Resampler.Resample(x, (int)Math.Round(sampleRate * speed), sampleRate);
        }

        if (_rooms.Length > 0 && Uniform(random) < _settings.RoomShare)
        {
            x = Rooms.Reverberate(x, _rooms[random.NextSeed() % (ulong)_rooms.Length]);
        }

        if (_noises.Length > 0 && Uniform(random) < _settings.NoiseShare)
        {
            var (low, high) = Range(_settings.NoiseLevel, 5, 25);
            Mixing.AddNoise(x, _noises[random.NextSeed() % (ulong)_noises.Length], low + ((high - low) * Uniform(random)), random.NextSeed());
        }

        if (Uniform(random) < _settings.TelephoneShare)
        {
            x = Mixing.Telephone(x, sampleRate);
        }

        if (_settings.Gain is { Count: 2 })
        {
            var (low, high) = Range(_settings.Gain, 0, 0);
            Mixing.Gain(x, low + ((high - low) * Uniform(random)));
        }

        return x;
    }

    private static (double Low, double High) Range(IReadOnlyList<double>? range, double low, double high) => range switch
    {
        null => (low, high),
        [var a, var b] when a <= b => (a, b),
        _ => throw new InvalidDataException("a range in \"augment\" must be two numbers, the lower first"),
    };

    private static double Uniform(TrainingPass random) => (random.NextSeed() >> 11) / (double)(1UL << 53);

    private static float[][] Load(string? manifest, int sampleRate, CancellationToken cancel) => manifest is null
        ? []
        : [.. ManifestEntry.Read(manifest, needsText: false).Select(e => ExampleLoader.Read(e, sampleRate, cancel).ToArray())];
}
