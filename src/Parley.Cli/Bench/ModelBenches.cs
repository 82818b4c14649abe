using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Parts of whole models with random weights, with the names and sizes of the peers.</summary>
internal static class ModelBenches
{
    private const int Past = 64;
    private const int Prompt = 224;

    /// <summary>The parts of a configuration on a backend, in float32 and in int8.</summary>
    public static IReadOnlyList<(string Name, Func<Action> Make)> Of(ModelDescription description, Backend backend) => description.Whisper is { } whisper
        ? [.. Whisper(description.Name, "", whisper, new WeightsOptions(backend)), .. Whisper(description.Name, "-int8", whisper, new WeightsOptions(backend, WeightFormat.Int8))]
        : [Waves(description, "", new WeightsOptions(backend)), Waves(description, "-int8", new WeightsOptions(backend, WeightFormat.Int8))];

    private static (string Name, Func<Action> Make)[] Whisper(string name, string suffix, WhisperConfig config, WeightsOptions options)
    {
        Lazy<Whisper> model = new(() => Weights.Build(new RandomWeights(0), w => new Whisper(w["model"], config), options).Model);
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
            ($"{name}-prompt{Prompt}{suffix}", () => Decode(model.Value, features.Value, Prompt, 0)),
            ($"{name}-step{suffix}", () => Decode(model.Value, features.Value, 1, Past)),
        ];
    }

    private static (string Name, Func<Action> Make) Waves(ModelDescription description, string suffix, WeightsOptions options) => ($"{description.Name}-10s{suffix}", () =>
    {
        var model = Weights.Build(new RandomWeights(0), w => new CtcModel(w, description.Wav2Vec2!), options).Model;
        var waveform = OpBenches.Random([1, 10 * Wav2Vec2Config.SampleRate], options.Backend);
        return OpBenches.Call(() => model.Forward(waveform));
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
