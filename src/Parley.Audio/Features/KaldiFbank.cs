using System.Numerics;

namespace Parley.Audio;

/// <summary>Kaldi's log filter bank [frames, bins], with the frame's log energy as first (HTK: last) column when asked for.</summary>
/// <remarks>kaldi-asr/kaldi:src/feat/feature-fbank.cc: each frame loses its mean, is pre-emphasised, windowed and padded at its end.</remarks>
public sealed class KaldiFbank
{
    // The smallest energy whose logarithm is taken: the rounding step of float32.
    private const float Least = 1.1920929e-7f;

    private readonly KaldiFbankOptions _options;
    private readonly int _length;
    private readonly int _shift;
    private readonly LaneRealFft _fft;
    private readonly float[] _window;
    private readonly MelFilters _filters;

    /// <summary>Prepares window, transform and filters.</summary>
    public KaldiFbank(KaldiFbankOptions? options = null)
    {
        _options = options ?? new KaldiFbankOptions();
        _length = (int)(_options.SampleRate * _options.FrameLength * 0.001);
        _shift = (int)(_options.SampleRate * _options.FrameShift * 0.001);
        if (_length < 2 || _shift < 1 || _length > 1 << 20)
        {
            throw new ArgumentException($"kaldi: frames of {_options.FrameLength} ms every {_options.FrameShift} ms at {_options.SampleRate} Hz are {_length} samples every {_shift}; at least 2 and 1 are needed", nameof(options));
        }

        _fft = new LaneRealFft(_options.RoundToPowerOfTwo ? (int)BitOperations.RoundUpToPowerOf2((uint)_length) : (_length + 1) / 2 * 2);
        _window = Windows.Make(_options.Window, _length, periodic: false);
        _filters = MelFilters.CreateKaldi(_options.MelBins, _fft.Size, _options.SampleRate, _options.LowFrequency, _options.HighFrequency);
    }

    /// <summary>Columns of the result: the filters, and the energy when asked for.</summary>
    public int Columns => _options.MelBins + (_options.UseEnergy ? 1 : 0);

    /// <summary>Frames of a signal of so many samples.</summary>
    public int Frames(int samples) => _options.SnipEdges
        ? samples < _length ? 0 : 1 + (samples - _length) / _shift
        : (int)((samples + _shift / 2L) / _shift);

    /// <summary>Features [frames, columns] of a signal of full scale 1.</summary>
    public FeatureMatrix Extract(ReadOnlySpan<float> samples)
    {
        var values = new float[Frames(samples.Length) * Columns];
        var offset = _options.UseEnergy && !_options.HtkCompatible ? 1 : 0;
        Run(samples, _options.UseLog, (mels, energy, first, count) =>
        {
            FeatureMatrix.StoreFramesFirst(mels, values, Columns, offset, first, count);
            if (_options.UseEnergy)
            {
                FeatureMatrix.StoreFramesFirst([energy], values, Columns, offset == 1 ? 0 : _options.MelBins, first, count);
            }
        });
        if (_options.SubtractMean)
        {
            Cmvn.SubtractMean(values, Columns);
        }

        return new FeatureMatrix(values, values.Length / Columns, Columns, FeatureLayout.FramesFirst);
    }

    /// <summary>Takes filter outputs [bins] and log energy of some frames, one in each lane.</summary>
    internal delegate void Sink(ReadOnlySpan<Vector<float>> mels, Vector<float> logEnergy, int first, int count);

    internal void Run(ReadOnlySpan<float> samples, bool log, Sink sink)
    {
        var frames = Frames(samples.Length);
        var frame = new Vector<float>[_fft.Size];
        var power = new Vector<float>[_fft.Bins];
        var scratch = new Vector<float>[_fft.ScratchSize];
        var mels = new Vector<float>[_options.MelBins];
        var edge = new float[_length];
        var least = new Vector<float>(Least);
        var margin = _options.SnipEdges ? 0 : _length / 2 - _shift / 2;
        for (var first = 0; first < frames; first += LaneFrames.Lanes)
        {
            var count = Math.Min(LaneFrames.Lanes, frames - first);
            LaneFrames.Fill(samples, samples.Length, (long)first * _shift - margin, _shift, _length, count, PadMode.Symmetric, frame, edge);
            var energy = Prepare(frame.AsSpan(0, _length));
            frame.AsSpan(_length).Clear();
            _fft.Power(frame, power, scratch);
            if (!_options.UsePower)
            {
                for (var k = 0; k < power.Length; k++)
                {
                    power[k] = Vector.SquareRoot(power[k]);
                }
            }

            _filters.Apply(power, mels);
            for (var m = 0; m < mels.Length && log; m++)
            {
                mels[m] = VectorLog.Natural(Vector.Max(mels[m], least));
            }

            sink(mels, energy, first, count);
        }
    }

    // Removes the mean, pre-emphasises and windows frames in place; gives their log energy.
    private Vector<float> Prepare(Span<Vector<float>> frame)
    {
        var scale = new Vector<float>(_options.Scale);
        var mean = Vector<float>.Zero;
        for (var t = 0; t < frame.Length; t++)
        {
            frame[t] *= scale;
            mean += frame[t];
        }

        mean = _options.RemoveDcOffset ? mean / new Vector<float>(frame.Length) : Vector<float>.Zero;
        var energy = Vector<float>.Zero;
        for (var t = 0; t < frame.Length; t++)
        {
            frame[t] -= mean;
            energy += frame[t] * frame[t];
        }

        // The first sample has itself for a predecessor.
        var before = new Vector<float>(_options.Preemphasis);
        for (var t = frame.Length - 1; t >= 0; t--)
        {
            frame[t] = (frame[t] - before * frame[Math.Max(0, t - 1)]) * _window[t];
        }

        if (!_options.RawEnergy)
        {
            energy = Vector<float>.Zero;
            for (var t = 0; t < frame.Length; t++)
            {
                energy += frame[t] * frame[t];
            }
        }

        energy = VectorLog.Natural(Vector.Max(energy, new Vector<float>(Least)));
        return _options.EnergyFloor > 0 ? Vector.Max(energy, new Vector<float>(MathF.Log(_options.EnergyFloor))) : energy;
    }
}
