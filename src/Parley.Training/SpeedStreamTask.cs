using System.Text.Json;
using Parley.Audio;
using Parley.Decoding;
using Parley.Models;
using Parley.Nn;

namespace Parley.Training;

/// <summary>Trains a SpeedStream with CTC over whole utterances: being causal, it streams as it was trained. From nothing, its pieces are learnt from the training texts.</summary>
/// <remarks>In a stream an utterance comes out of near-silence and falls back into it, so in training some is put around each, as long and as loud as drawn.</remarks>
public sealed class SpeedStreamTask : PieceTask
{
    private const double MostLead = 0.4;

    // A stream ends with so much silence: what has just been spoken may be said then.
    private const double LeastTail = 0.16;
    private const double MostTail = 0.6;
    private const int MostMeasured = 300;
    private const double LeastDeviation = 0.5;
    private const double QuietestDecibels = -90;
    private const double LoudestDecibels = -55;

    private readonly SpeedStream _model;
    private readonly SpeedStreamConfig _config;
    private readonly StreamingLogMel _mel;
    private readonly float[] _means;

    /// <summary>Builds a new model, or opens the one to go on from.</summary>
    public SpeedStreamTask(TrainingConfig config)
        : base(config)
    {
        _config = SpeedStreamConfig.Parse(Sizes);
        _mel = new StreamingLogMel(new StreamingLogMelOptions(_config.MelBins));
        var pieces = Pieces(_config.VocabSize - 1);
        if (From is null)
        {
            var (mean, deviation) = _config.FeatureMean is null || _config.FeatureDeviation is null ? Measured(config.Seed) : (_config.FeatureMean, _config.FeatureDeviation);
            _config = _config with { VocabSize = pieces + 1, Blank = pieces, FeatureMean = mean, FeatureDeviation = deviation };
        }

        _model = Build(w => new SpeedStream(w, _config));
        _means = [.. _config.Means];
    }

    /// <inheritdoc/>
    public override TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random)
    {
        var features = _mel.Extract(random is null ? StreamingRecognizer.Padded(samples, _config) : Surround(samples, random));
        Mask(features, random, _means);
        return new TrainingExample(where, features.Values, features.Frames, targets);
    }

    /// <inheritdoc/>
    public override BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int[][] targets = [.. batch.Select(e => e.Targets)];
        int[] frames = [.. batch.Select(e => e.Frames)];
        var logits = _model.Forward(Batch(batch, _config.MelBins), frames, pass);
        var loss = CtcLoss.Compute(logits, [.. frames.Select(SpeedStreamConfig.StepsOf)], targets, _config.Blank, LossReduction.MeanVolume, zeroInfinity: true);
        return new BatchLoss(loss, Math.Max(1, targets.Sum(t => t.Length)));
    }

    /// <inheritdoc/>
    public override string Transcribe(ReadOnlyMemory<float> samples)
    {
        var logits = _model.Forward(Batch([Prepare("", samples.Span, [], random: null)], _config.MelBins));
        return Decode(new CtcGreedyDecoder(_config.Blank).DecodeBest(logits.Values, _config.VocabSize).Tokens.Select(t => t.Id));
    }

    /// <inheritdoc/>
    public override void Save(string folder) => Save(folder, JsonSerializer.Serialize(_config, SpeedStreamJson.Default.SpeedStreamConfig));

    /// <summary>Mean and deviation of each band, every utterance under the noise that it may get in training.</summary>
    private (IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation) Measured(int seed)
    {
        var (means, deviations) = Statistics(
            _mel.Options.MelBins, MostMeasured, (samples, place) => _mel.Extract(Surround(samples.Span, new TrainingPass(TrainingPass.Seed((ulong)seed, (ulong)place)))).Values);
        return ([.. means.Select(m => (float)m)], [.. deviations.Select(d => (float)Math.Max(LeastDeviation, d))]);
    }

    /// <summary>The samples with faint noise before, under and after them; every draw comes from <paramref name="random"/>.</summary>
    private static float[] Surround(ReadOnlySpan<float> samples, TrainingPass random)
    {
        var lead = (int)(Uniform(random) * MostLead * SpeechRecognizer.SampleRate);
        var tail = (int)((LeastTail + (Uniform(random) * (MostTail - LeastTail))) * SpeechRecognizer.SampleRate);
        var level = Math.Pow(10, (QuietestDecibels + ((LoudestDecibels - QuietestDecibels) * Uniform(random))) / 20);
        var x = new float[lead + samples.Length + tail];
        samples.CopyTo(x.AsSpan(lead));
        foreach (ref var sample in x.AsSpan())
        {
            // Of a uniform draw in ±1 the deviation is 1/√3.
            sample += (float)(level * Math.Sqrt(3) * ((2 * Uniform(random)) - 1));
        }

        return x;
    }

    private static double Uniform(TrainingPass random) => (random.NextSeed() >> 11) / (double)(1UL << 53);
}
