using System.Numerics;

namespace Parley.Audio;

/// <summary>Triangular filters over the bins of a power spectrum; only the ranges that are not zero are kept.</summary>
public sealed class MelFilters
{
    private readonly float[][] _weights;
    private readonly int[] _first;

    private MelFilters(double[][] rows, int fftBins)
    {
        FftBins = fftBins;
        _first = new int[rows.Length];
        _weights = new float[rows.Length][];
        for (var m = 0; m < rows.Length; m++)
        {
            var row = rows[m];
            _first[m] = Math.Max(0, Array.FindIndex(row, w => w != 0));
            var last = Array.FindLastIndex(row, w => w != 0);
            _weights[m] = [.. row[_first[m]..(last + 1 > _first[m] ? last + 1 : _first[m])].Select(w => (float)w)];
        }
    }

    /// <summary>Number of filters.</summary>
    public int Bins => _weights.Length;

    /// <summary>Frequencies of the spectrum that they read.</summary>
    public int FftBins { get; }

    /// <summary>Filters whose edges are even on a mel scale from a lowest to a highest frequency in Hz, each of height 1 or, when normalised, of area 1 in Hz.</summary>
    /// <remarks>As librosa's filters.mel and pytorch/audio:torchaudio/functional/functional.py melscale_fbanks: straight in Hz.</remarks>
    public static MelFilters Create(int bins, int fftSize, int sampleRate, double low, double high, MelScale scale = MelScale.Slaney, bool normalized = true)
    {
        Check(bins, fftSize, sampleRate, low, high);
        var (from, to) = (ToMel(low, scale), ToMel(high, scale));
        var edges = Enumerable.Range(0, bins + 2).Select(i => ToHertz(from + (to - from) * i / (bins + 1), scale)).ToArray();
        return Triangles(edges, bins, fftSize, sampleRate, normalized);
    }

    /// <summary>Kaldi's filters: straight in mels, 1127 ln(1 + f / 700), of height 1; the Nyquist bin is left out.</summary>
    /// <remarks>kaldi-asr/kaldi:src/feat/mel-computations.cc.</remarks>
    public static MelFilters CreateKaldi(int bins, int fftSize, int sampleRate, double low, double high)
    {
        high = high > 0 ? high : high + sampleRate / 2.0;
        Check(bins, fftSize, sampleRate, low, high);
        static double Mel(double f) => 1127 * Math.Log(1 + f / 700);
        var step = (Mel(high) - Mel(low)) / (bins + 1);
        var rows = new double[bins][];
        for (var m = 0; m < bins; m++)
        {
            var (left, centre, right) = (Mel(low) + m * step, Mel(low) + (m + 1) * step, Mel(low) + (m + 2) * step);
            rows[m] = new double[fftSize / 2 + 1];
            for (var k = 0; k < fftSize / 2; k++)
            {
                var mel = Mel((double)sampleRate / fftSize * k);
                rows[m][k] = Math.Max(0, Math.Min((mel - left) / (centre - left), (right - mel) / (right - centre)));
            }
        }

        return new MelFilters(rows, fftSize / 2 + 1);
    }

    /// <summary>The weights as a full matrix [bins, frequencies].</summary>
    public float[] ToDense()
    {
        var dense = new float[Bins * FftBins];
        for (var m = 0; m < Bins; m++)
        {
            _weights[m].CopyTo(dense, m * FftBins + _first[m]);
        }

        return dense;
    }

    /// <summary>Filter outputs [bins] of spectra [frequencies], a frame in each lane.</summary>
    internal void Apply(ReadOnlySpan<Vector<float>> spectrum, Span<Vector<float>> output)
    {
        for (var m = 0; m < _weights.Length; m++)
        {
            var weights = _weights[m];
            var bins = spectrum.Slice(_first[m], weights.Length);
            var sum = Vector<float>.Zero;
            for (var k = 0; k < weights.Length && k < bins.Length; k++)
            {
                sum = Vector.MultiplyAddEstimate(bins[k], new Vector<float>(weights[k]), sum);
            }

            output[m] = sum;
        }
    }

    private static MelFilters Triangles(double[] edges, int bins, int fftSize, int sampleRate, bool normalized)
    {
        var rows = new double[bins][];
        for (var m = 0; m < bins; m++)
        {
            var (left, centre, right) = (edges[m], edges[m + 1], edges[m + 2]);
            rows[m] = new double[fftSize / 2 + 1];
            for (var k = 0; k < rows[m].Length; k++)
            {
                var f = (double)sampleRate / fftSize * k;
                var height = Math.Max(0, Math.Min((f - left) / (centre - left), (right - f) / (right - centre)));
                rows[m][k] = normalized ? height * 2 / (right - left) : height;
            }
        }

        return new MelFilters(rows, fftSize / 2 + 1);
    }

    private static double ToMel(double hertz, MelScale scale) => scale switch
    {
        MelScale.Linear => hertz,
        MelScale.Htk => 2595 * Math.Log10(1 + hertz / 700),
        _ => hertz < 1000 ? hertz * 3 / 200 : 15 + Math.Log(hertz / 1000) / Math.Log(6.4) * 27,
    };

    private static double ToHertz(double mel, MelScale scale) => scale switch
    {
        MelScale.Linear => mel,
        MelScale.Htk => 700 * (Math.Pow(10, mel / 2595) - 1),
        _ => mel < 15 ? mel * 200 / 3 : 1000 * Math.Exp((mel - 15) / 27 * Math.Log(6.4)),
    };

    private static void Check(int bins, int fftSize, int sampleRate, double low, double high)
    {
        if (bins < 1 || fftSize < 2 || sampleRate < 1 || !(low >= 0 && low < high && high <= sampleRate / 2.0))
        {
            throw new ArgumentException($"mel: {bins} filters from {low} to {high} Hz over a transform of {fftSize} at {sampleRate} Hz; frequencies rise from 0 to half the rate");
        }
    }
}
