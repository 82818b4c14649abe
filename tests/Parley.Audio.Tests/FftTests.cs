using Parley.TestSupport;

namespace Parley.Audio.Tests;

public sealed class FftTests
{
    public static TheoryData<int> Sizes => [.. Enumerable.Range(1, 70), 100, 121, 128, 160, 169, 200, 240, 255, 256, 257, 320, 400, 480, 500, 512, 513, 641, 1009, 1024, 1536, 2048];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Transform_equals_the_definition_and_its_inverse_undoes_it(int size)
    {
        var random = new Random(size);
        float[] x = [.. Enumerable.Range(0, size).Select(_ => random.NextSingle() - 0.5f)];
        var fft = new RealFft(size);
        var (re, im) = (new float[fft.Bins], new float[fft.Bins]);
        fft.Forward(x, re, im);
        var (er, ei) = (new float[fft.Bins], new float[fft.Bins]);
        for (var k = 0; k < fft.Bins; k++)
        {
            var (sr, si) = (0.0, 0.0);
            for (var t = 0; t < size; t++)
            {
                var angle = -2 * Math.PI * ((long)k * t % size) / size;
                sr += x[t] * Math.Cos(angle);
                si += x[t] * Math.Sin(angle);
            }

            (er[k], ei[k]) = ((float)sr, (float)si);
        }

        var tolerance = 2e-6f * MathF.Sqrt(size);
        Expect.Close(re, er, 1e-5f, tolerance, $"real parts of {size}");
        Expect.Close(im, ei, 1e-5f, tolerance, $"imaginary parts of {size}");
        var back = new float[size];
        fft.Inverse(re, im, back);
        Expect.Close(back, x, 1e-5f, 2e-6f, $"inverse of {size}");
    }

    [Theory]
    [InlineData(400, 160, 400, WindowKind.Hann, true)]
    [InlineData(512, 128, 400, WindowKind.Hann, true)]
    [InlineData(256, 64, 256, WindowKind.Hamming, false)]
    [InlineData(255, 51, 255, WindowKind.Hann, true)]
    public void Inverse_of_a_spectrogram_is_the_signal(int size, int hop, int window, WindowKind kind, bool periodic)
    {
        var random = new Random(5);
        float[] x = [.. Enumerable.Range(0, 3000).Select(_ => random.NextSingle() - 0.5f)];
        var stft = new Stft(new StftOptions(size, hop, window, kind, periodic));
        var back = stft.Inverse(stft.Forward(x), x.Length);
        var sure = (x.Length - window) / hop * hop;
        Expect.Close(back.AsSpan(0, sure), x.AsSpan(0, sure), 1e-5f, 5e-6f);
    }

    [Fact]
    public void A_tone_peaks_at_its_bin()
    {
        for (var bin = 2; bin < 199; bin += 7)
        {
            float[] x = [.. Enumerable.Range(0, 1600).Select(t => MathF.Cos(2 * MathF.PI * bin * t / 400))];
            var power = new Stft(new StftOptions(400, 160, 400, Centered: false)).Power(x);
            for (var frame = 0; frame < power.Frames; frame++)
            {
                Assert.Equal(bin, Enumerable.Range(0, power.Bins).MaxBy(k => power[frame, k]));
                Assert.Equal(10000, power[frame, bin], 5.0);
            }
        }
    }

    [Fact]
    public void Logarithm_is_accurate_over_all_magnitudes()
    {
        for (var e = -37.0; e < 38; e += 0.0137)
        {
            var x = (float)Math.Pow(10, e);
            var expected = Math.Log(x);
            Assert.True(Math.Abs(VectorLog.Natural(new System.Numerics.Vector<float>(x))[0] - expected) <= 2e-7 * Math.Max(1, Math.Abs(expected)), $"log {x}");
        }
    }
}
