namespace Parley.Audio.Tests;

/// <summary>What training does to recordings: noise at a level, rooms, the telephone, and hidden bands.</summary>
public sealed class MixingTests
{
    [Theory]
    [InlineData(-5)]
    [InlineData(0)]
    [InlineData(17.5)]
    public void Noise_is_added_at_exactly_the_level_that_was_asked_for(double decibels)
    {
        // As many samples as three times the noise: the power of what is added is that of the noise.
        var (signal, noise) = (Samples(3000, 1), Samples(1000, 2));
        var mixed = signal.ToArray();
        Mixing.AddNoise(mixed, noise, decibels, start: 1_000_000_007);
        var added = mixed.Zip(signal, (m, s) => (double)m - s).ToArray();
        Assert.Equal(decibels, 10 * Math.Log10(Power(signal) / added.Average(a => a * a)), 1e-3);
        Assert.Equal(added[1000], added[0], 1e-5);
    }

    [Fact]
    public void Noise_begins_where_it_was_told_to_and_is_repeated()
    {
        float[] noise = [1, 2, 3];
        var signal = Enumerable.Repeat(100f, 7).ToArray();
        Mixing.AddNoise(signal, noise, 0, start: 4);
        var added = signal.Select(s => s - 100).ToArray();
        Assert.Equal([2, 3, 1, 2, 3, 1, 2], added.Select(a => Math.Round(a / (added[2] / 1), 3)));
    }

    [Fact]
    public void Silence_stays_and_silent_noise_adds_nothing()
    {
        var silence = new float[100];
        Mixing.AddNoise(silence, Samples(10, 3), 10);
        Assert.All(silence, s => Assert.Equal(0, s));
        var signal = Samples(100, 4);
        var mixed = signal.ToArray();
        Mixing.AddNoise(mixed, new float[10], 10);
        Assert.Equal(signal, mixed);
    }

    [Fact]
    public void Gain_is_in_decibels()
    {
        float[] samples = [0.5f, -0.25f];
        Mixing.Gain(samples, -20);
        Assert.Equal([0.05f, -0.025f], samples);
    }

    [Fact]
    public void A_telephone_passes_what_is_below_4_kHz_and_nothing_above()
    {
        Assert.InRange(Power(Mixing.Telephone(Tone(1000), 16000)) / Power(Tone(1000)), 0.95, 1.05);
        Assert.InRange(Power(Mixing.Telephone(Tone(6000), 16000)) / Power(Tone(6000)), 0, 1e-4);
        Assert.Equal(16000, Mixing.Telephone(Tone(1000), 16000).Length);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(50, 7)]
    [InlineData(7, 50)]
    [InlineData(1000, 333)]
    [InlineData(5000, 40)]
    public void Convolution_in_blocks_is_convolution(int first, int second)
    {
        var (a, b) = (Samples(first, 5), Samples(second, 6));
        var expected = new double[first + second - 1];
        for (var i = 0; i < first; i++)
        {
            for (var k = 0; k < second; k++)
            {
                expected[i + k] += (double)a[i] * b[k];
            }
        }

        var found = Rooms.Convolve(a, b);
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), p => Assert.Equal(p.First, p.Second, 1e-4));
    }

    [Fact]
    public void A_room_keeps_length_loudness_and_time()
    {
        // The direct sound comes late and an echo 100 samples after it.
        var (samples, response) = (Samples(4000, 7), new float[400]);
        (response[150], response[250]) = (0.8f, -0.4f);
        var heard = Rooms.Reverberate(samples, response);
        Assert.Equal(samples.Length, heard.Length);
        Assert.Equal(Power(samples), Power(heard), 1e-5 * Power(samples) * 10);
        var scale = heard[0] / samples[0];
        for (var i = 0; i < samples.Length; i++)
        {
            Assert.Equal(scale * (samples[i] - (i < 100 ? 0 : 0.5f * samples[i - 100])), heard[i], 1e-3);
        }

        Assert.Equal(samples, Rooms.Reverberate(samples, []));
        Assert.Empty(Rooms.Reverberate([], response));
    }

    [Fact]
    public void Masks_hide_whole_bands_and_whole_frames_and_no_more_than_they_may()
    {
        const int bins = 20, frames = 100;
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var features = Enumerable.Repeat(1f, bins * frames).ToArray();
            SpecAugment.Apply(features, bins, 2, 5, 2, 0.1, () => (ulong)random.NextInt64());
            var bands = Enumerable.Range(0, bins).Count(b => Enumerable.Range(0, frames).All(t => features[(t * bins) + b] == 0));
            var times = Enumerable.Range(0, frames).Count(t => features.AsSpan(t * bins, bins).IndexOfAnyExcept(0f) < 0);
            Assert.InRange(bands, 0, 10);
            Assert.InRange(times, 0, 20);
            Assert.Equal((bands * frames) + (times * bins) - (bands * times), features.Count(f => f == 0));
        }
    }

    [Fact]
    public void Masks_are_drawn_from_their_source_alone_and_reach_everywhere()
    {
        var hidden = new bool[1000];
        for (var seed = 0; seed < 200; seed++)
        {
            Assert.Equal(Masked(seed), Masked(seed));
            foreach (var (i, value) in Masked(seed).Index())
            {
                hidden[i] |= value == 0;
            }
        }

        Assert.DoesNotContain(false, hidden);
        Assert.NotEqual(Masked(1), Masked(2));

        static float[] Masked(int seed)
        {
            var random = new Random(seed);
            var features = Enumerable.Repeat(1f, 1000).ToArray();
            SpecAugment.Apply(features, bins: 10, 1, 4, 1, 0.3, () => (ulong)random.NextInt64());
            return features;
        }
    }

    [Fact]
    public void What_is_no_number_is_silence_or_an_error_as_asked()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.wav");
        try
        {
            float[] samples = [0.5f, float.NaN, float.PositiveInfinity, -0.5f];
            byte[] data = [.. samples.SelectMany(BitConverter.GetBytes)];
            byte[] head = [.. "RIFF"u8, .. BitConverter.GetBytes(36 + data.Length), .. "WAVEfmt "u8, 16, 0, 0, 0, 3, 0, 1, 0, .. BitConverter.GetBytes(16000), .. BitConverter.GetBytes(64000), 4, 0, 32, 0, .. "data"u8, .. BitConverter.GetBytes(data.Length)];
            File.WriteAllBytes(path, [.. head, .. data]);
            Assert.Equal([0.5f, 0, 0, -0.5f], AudioFile.LoadMono(path, cancel: TestContext.Current.CancellationToken));
            var error = Assert.Throws<InvalidDataException>(() => AudioFile.LoadMonoStrict(path, cancel: TestContext.Current.CancellationToken));
            Assert.Equal($"{path}: 2 samples are no numbers (NaN or infinite)", error.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static float[] Samples(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
    }

    private static float[] Tone(double hertz) => [.. Enumerable.Range(0, 16000).Select(t => (float)(0.5 * Math.Sin(2 * Math.PI * hertz * t / 16000)))];

    private static double Power(float[] samples) => samples.Average(s => (double)s * s);
}
