using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Models.Tests;

public sealed class WhisperStateTests
{
    private static readonly WhisperConfig Config = new(80, 32, 1, 2, 2, 2, 64, 64, 20, 80, 50);

    [Theory]
    [InlineData(0, 1, 2, 3, 4)]
    [InlineData(0, 4, 2, 3)]
    [InlineData(1, 3)]
    [InlineData(4, 0, 2)]
    [InlineData(2)]
    public void Windows_that_are_kept_go_on_as_if_they_had_been_alone(params int[] kept)
    {
        Check(kept, WeightFormat.Float32);
        Check(kept, WeightFormat.BFloat16);
    }

    private static void Check(int[] kept, WeightFormat precision)
    {
        const int beams = 2;
        var model = Weights.Build(new RandomWeights(3), w => new Whisper(w["model"], Config), new WeightsOptions(Backend.Default, precision)).Model;
        using var scope = new TensorScope();
        var features = Features(5);
        using var state = model.NewState(features, beams);
        Step(model, state, row => row);
        Step(model, state, row => row + 7);
        state.KeepWindows(kept);
        Step(model, state, row => kept[row / beams] + (row % beams));
        state.Reorder([.. Enumerable.Range(0, kept.Length * beams).Select(row => row - (row % beams) + 1 - (row % beams))]);
        var together = Enumerable.Range(0, 40).Select(t => Step(model, state, row => kept[row / beams] + t)).Last();

        for (var i = 0; i < kept.Length; i++)
        {
            var window = kept[i];
            using var alone = model.NewState(features.Slice(0, window, window + 1), beams);
            Step(model, alone, row => (window * beams) + row);
            Step(model, alone, row => (window * beams) + row + 7);
            Step(model, alone, row => window + row);
            alone.Reorder([1, 0]);
            var last = Enumerable.Range(0, 40).Select(t => Step(model, alone, _ => window + t)).Last();
            Expect.Close(together.AsSpan(i * last.Length, last.Length), last, relative: 1e-4f, absolute: 1e-5f, what: $"{precision} window {window}");
        }
    }

    private static float[] Step(Whisper model, WhisperState state, Func<int, int> token)
    {
        using var scope = new TensorScope();
        return model.Decoder.Step(new IntTensor([.. Enumerable.Range(0, state.Rows).Select(row => token(row) % Config.VocabSize)], [state.Rows, 1]), state).ToArray();
    }

    private static Tensor Features(int windows)
    {
        var random = new Random(9);
        return Tensor.From([.. Enumerable.Range(0, windows * Config.AudioPositions * Config.Dim).Select(_ => random.NextSingle() - 0.5f)], [windows, Config.AudioPositions, Config.Dim], Backend.Default);
    }
}
