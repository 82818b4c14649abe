using Parley.Audio;
using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>What Conformers share in training whatever their head: the front end.</summary>
public abstract class ConformerFamilyTask : PieceTask
{
    private const int MostHeard = 2000;
    private const double SmallestDeviation = 0.1;

    private readonly FeatureNormalization _normalize;
    private NemoMelOptions _front = new();
    private NemoMel _mel = new(new NemoMelOptions());

    /// <summary>Opens the folder to go on from, if there is one.</summary>
    private protected ConformerFamilyTask(TrainingConfig config)
        : base(config) => _normalize = config.Model.Normalize;

    /// <inheritdoc/>
    public override TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random)
    {
        var features = _mel.Extract(samples).As(FeatureLayout.FramesFirst);
        Mask(features, random);
        return new TrainingExample(where, features.Values, features.Frames, targets);
    }

    /// <inheritdoc/>
    public override string Transcribe(ReadOnlyMemory<float> samples)
    {
        var example = Prepare("", samples.Span, [], random: null);
        return example.Frames == 0 ? "" : Decode(Read(Batch([example], _front.MelBins)));
    }

    /// <summary>Ids that the model hears in features [1, mel frames, mels].</summary>
    private protected abstract IEnumerable<int> Read(Tensor features);

    /// <summary>Prepares the front end, then builds the model.</summary>
    private protected T Build<T>(ConformerConfig encoder, Func<Weights, T> make)
    {
        if (From is null)
        {
            Once(ConformerFrontEnd.File, () => ConformerFrontEnd.Write(
                _normalize == FeatureNormalization.Corpus ? Heard(new NemoMelOptions(encoder.MelBins, NormalizePerFeature: false)) : new NemoMelOptions(encoder.MelBins)));
        }

        _front = ConformerFrontEnd.Read(From ?? Output, encoder.MelBins);
        _mel = new NemoMel(_front);
        return Build(make);
    }

    /// <summary>Features, lengths and targets of a batch.</summary>
    private protected (Tensor Features, int[] Lengths, int[][] Targets) Batch(IReadOnlyList<TrainingExample> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        return (Batch(examples, _front.MelBins), [.. examples.Select(e => e.Frames)], [.. examples.Select(e => e.Targets)]);
    }

    /// <summary>Writes the model's folder.</summary>
    private protected void Save(string folder, string config) => Save(folder, config, (ConformerFrontEnd.File, ConformerFrontEnd.Write(_front)));

    private NemoMelOptions Heard(NemoMelOptions plain)
    {
        var mel = new NemoMel(plain);
        var (means, deviations) = Statistics(plain.MelBins, MostHeard, (samples, _) => mel.Extract(samples.Span).As(FeatureLayout.FramesFirst).Values);

        // A band that hardly changes, such as those above 4 kHz in recordings at 8 kHz, is not blown up.
        var least = Math.Max(SmallestDeviation * deviations.Max(), 1e-3);
        return plain with { Means = [.. means.Select(m => (float)m)], Deviations = [.. deviations.Select(d => (float)Math.Max(d, least))] };
    }
}
