using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Parts of whole models with random weights, with the names and sizes of the peers.</summary>
internal static class ModelBenches
{
    private const int Past = 64;
    private const int Prompt = 224;

    /// <summary>The parts of a model on a backend, in one precision or in float32 and int8.</summary>
    /// <param name="description">Names and sizes.</param>
    /// <param name="source">Where the weights come from.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="precision">Format of the weight matrices; null: both.</param>
    public static IReadOnlyList<(string Name, Func<Action> Make)> Of(ModelDescription description, IWeightSource source, Backend backend, WeightFormat? precision)
    {
        WeightFormat[] formats = precision is { } one ? [one] : [WeightFormat.Float32, WeightFormat.Int8];
        return [.. formats.SelectMany(f => description.Whisper is { } whisper
            ? Whisper(description.Name, whisper, source, new WeightsOptions(backend, f))
            : description.Wav2Vec2 is null ? [Mels(description, source, new WeightsOptions(backend, f))]
            : [Waves(description, source, new WeightsOptions(backend, f))])];
    }

    /// <summary>What a format adds to the name of a measurement.</summary>
    public static string Suffix(WeightFormat? format) => format is null or WeightFormat.Float32 ? "" : $"-{format.ToString()!.ToLowerInvariant()}";

    private static (string Name, Func<Action> Make)[] Whisper(string name, WhisperConfig config, IWeightSource source, WeightsOptions options)
    {
        var suffix = Suffix(options.Precision);
        Lazy<Whisper> model = new(() => Weights.Build(source, w => WhisperOf(w, config), options).Model);
        Lazy<Tensor> features = new(() => OpBenches.Random([1, config.AudioPositions, config.Dim], options.Backend));
        return
        [
            ($"{name}-encoder{suffix}", () =>
            {
                var (encoder, mel) = (model.Value.Encoder, OpBenches.Random([1, config.MelBins, config.WindowFrames], options.Backend));
                return OpBenches.Call(() => encoder.Forward(mel));
            }),
            ($"{name}-crosskv{suffix}", () =>
            {
                var (whisper, heard) = (model.Value, features.Value);
                return () => whisper.NewState(heard).Dispose();
            }),
            .. config.TextPositions >= Prompt ? new (string, Func<Action>)[] { ($"{name}-prompt{Prompt}{suffix}", () => Decode(model.Value, features.Value, Prompt, 0)) } : [],
            ($"{name}-step{suffix}", () => Decode(model.Value, features.Value, 1, Math.Min(Past, config.TextPositions - 1))),
        ];
    }

    private static Whisper WhisperOf(Weights w, WhisperConfig config)
    {
        // Some files store the embedding table again as the output projection.
        w.Ignore("proj_out.");
        return new Whisper(w["model"], config);
    }

    private static (string Name, Func<Action> Make) Waves(ModelDescription description, IWeightSource source, WeightsOptions options) => ($"{description.Name}-10s{Suffix(options.Precision)}", () =>
    {
        var model = Weights.Build(source, w => new CtcModel(w, description.Wav2Vec2!), options).Model;
        var waveform = OpBenches.Random([1, 10 * Wav2Vec2Config.SampleRate], options.Backend);
        return OpBenches.Call(() => model.Forward(waveform));
    }
    );

    private static (string Name, Func<Action> Make) Mels(ModelDescription description, IWeightSource source, WeightsOptions options) => ($"{description.Name}-10s{Suffix(options.Precision)}", () =>
    {
        var config = description.Conformer?.Encoder ?? description.Transducer!.Encoder;
        var model = Weights.Build(source, w => new ConformerEncoder(w["encoder"], config), options).Model;
        var features = OpBenches.Random([1, 1000, config.MelBins], options.Backend);
        return OpBenches.Call(() => model.Forward(features));
    }
    );

    private static Action Decode(Whisper model, Tensor features, int count, int past)
    {
        var state = model.NewState(features);
        if (past > 0)
        {
            OpBenches.Call(() => model.Decoder.Step(Tokens(past, model.Config.VocabSize), state))();
        }

        var tokens = Tokens(count, model.Config.VocabSize);
        return () =>
        {
            using (new TensorScope())
            {
                model.Decoder.Step(tokens, state);
            }

            state.Rewind(past);
        };
    }

    private static IntTensor Tokens(int count, int vocabulary)
    {
        var random = new Random(2);
        var ids = new int[count];
        for (var i = 0; i < count; i++)
        {
            ids[i] = random.Next(vocabulary);
        }

        return new IntTensor(ids, [1, count]);
    }
}
