using System.Numerics;
using System.Runtime.InteropServices;
using Parley.Tensors;

namespace Parley.Audio;

/// <summary>Band-limited change of the sample rate by a polyphase windowed sinc.</summary>
/// <remarks>
/// Smith, "Digital Audio Resampling"; gives what pytorch/audio:torchaudio/functional/functional.py resample (0.13.1) gives,
/// but keeps only the taps that are not zero: the phase of output j looks at the inputs within Width zero crossings of j.
/// </remarks>
public sealed class Resampler
{
    // Outputs that one piece of work makes.
    private const int Piece = 1 << 16;

    private readonly int _from;
    private readonly int _to;
    private readonly int _taps;
    private readonly int[] _first;
    private readonly float[] _kernel;

    /// <summary>Prepares the phases for one pair of rates in Hz.</summary>
    public Resampler(int fromRate, int toRate, ResamplerOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fromRate, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(toRate, 1);
        options ??= new ResamplerOptions();
        if (options.Width < 1 || options.Rolloff is not (> 0 and <= 1) || !(options.Beta >= 0))
        {
            throw new ArgumentException($"resample: width {options.Width}, rolloff {options.Rolloff}, beta {options.Beta}; the width is at least 1, the rolloff in (0, 1], beta not negative", nameof(options));
        }

        var divisor = (int)BigInteger.GreatestCommonDivisor(fromRate, toRate);
        (_from, _to) = (fromRate / divisor, toRate / divisor);
        var cutoff = Math.Min(_from, _to) * options.Rolloff;
        var reach = options.Width * _from / cutoff;
        var lanes = Vector<float>.Count;
        _taps = ((int)Math.Ceiling(2 * reach) + 1 + lanes - 1) / lanes * lanes;
        if ((long)_taps * _to > 1 << 28)
        {
            throw new ArgumentException($"resample: {fromRate} to {toRate} Hz needs {_to} phases of {_taps} taps; choose rates with a common divisor", nameof(toRate));
        }

        _first = new int[_to];
        _kernel = new float[_taps * _to];
        var norm = options.Window == ResamplerWindow.Kaiser ? 1 / BesselI0(options.Beta) : 1;
        for (var phase = 0; phase < _to; phase++)
        {
            var centre = (double)phase / _to * _from;
            _first[phase] = (int)Math.Ceiling(centre - reach);
            for (var tap = 0; tap < _taps; tap++)
            {
                var t = (_first[phase] + tap - centre) / _from * cutoff;
                if (Math.Abs(t) >= options.Width)
                {
                    continue;
                }

                var cosine = Math.Cos(t * Math.PI / options.Width / 2);
                var window = options.Window == ResamplerWindow.Hann
                    ? cosine * cosine
                    : BesselI0(options.Beta * Math.Sqrt(1 - t / options.Width * (t / options.Width))) * norm;
                var sinc = t == 0 ? 1 : Math.Sin(Math.PI * t) / (Math.PI * t);
                _kernel[phase * _taps + tap] = (float)(sinc * window * cutoff / _from);
            }
        }
    }

    /// <summary>Resamples a whole signal with the usual quality.</summary>
    public static float[] Resample(float[] samples, int fromRate, int toRate)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return fromRate == toRate || samples.Length == 0 ? samples : new Resampler(fromRate, toRate).Apply(samples, Workers.Shared);
    }

    /// <summary>Samples that come out for so many that go in: the ratio, rounded up.</summary>
    public int OutputLength(int samples) => checked((int)(((long)samples * _to + _from - 1) / _from));

    /// <summary>Resamples a whole signal [samples]; silence is assumed around it.</summary>
    public float[] Apply(ReadOnlySpan<float> samples)
    {
        var output = new float[OutputLength(samples.Length)];
        if (_from == _to)
        {
            samples.CopyTo(output);
            return output;
        }

        Apply(samples, output, 0);
        return output;
    }

    /// <summary>Resamples a whole signal [samples] on several cores; the result is that of one.</summary>
    public float[] Apply(float[] samples, Workers workers)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(workers);
        if (_from == _to)
        {
            return [.. samples];
        }

        var output = new float[OutputLength(samples.Length)];
        workers.Run((output.Length + Piece - 1) / Piece, piece =>
            Apply(samples, output.AsSpan(piece * Piece, Math.Min(Piece, output.Length - piece * Piece)), piece * Piece));
        return output;
    }

    // Output n is phase n mod to, whose taps start at first[phase] after the block's first input, n / to * from.
    private void Apply(ReadOnlySpan<float> samples, Span<float> output, int start)
    {
        var (block, phase) = Math.DivRem((long)start, _to);
        var origin = block * _from;
        for (var n = 0; n < output.Length; n++)
        {
            var at = origin + _first[phase];
            var kernel = _kernel.AsSpan((int)phase * _taps, _taps);
            if (at >= 0 && at + _taps <= samples.Length)
            {
                var x = MemoryMarshal.Cast<float, Vector<float>>(samples.Slice((int)at, _taps));
                var k = MemoryMarshal.Cast<float, Vector<float>>(kernel);
                var (even, odd) = (Vector<float>.Zero, Vector<float>.Zero);
                var i = 0;
                for (; i + 1 < k.Length && i + 1 < x.Length; i += 2)
                {
                    even = Vector.MultiplyAddEstimate(x[i], k[i], even);
                    odd = Vector.MultiplyAddEstimate(x[i + 1], k[i + 1], odd);
                }

                if (i < k.Length)
                {
                    even = Vector.MultiplyAddEstimate(x[i], k[i], even);
                }

                output[n] = Vector.Sum(even + odd);
            }
            else
            {
                var sum = 0f;
                for (var i = (int)Math.Max(0, -at); i < _taps && at + i < samples.Length; i++)
                {
                    sum += samples[(int)(at + i)] * kernel[i];
                }

                output[n] = sum;
            }

            if (++phase == _to)
            {
                (phase, origin) = (0, origin + _from);
            }
        }
    }

    // The modified Bessel function of order 0 by its power series.
    private static double BesselI0(double x)
    {
        var (sum, term) = (1.0, 1.0);
        for (var k = 1; term > sum * 1e-17; k++)
        {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }

        return sum;
    }
}
