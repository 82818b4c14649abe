using System.Text.Json;
using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of Whisper's word times: attention of the alignment heads, median filter, time warping, token times.</summary>
internal static class WhisperAlignmentFixture
{
    public static void Compute(Fixture fixture, JsonElement json, FixtureResults results, Backend backend)
    {
        var config = WhisperConfig.Parse(json);
        using var checkpoint = Checkpoint.Open(fixture.Model.Path);
        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new Whisper(w["model"], config), new WeightsOptions(backend)).Model;
        using var generation = fixture.Model.GenerationConfig() ?? throw new InvalidDataException($"{fixture.Model.Path}: no generation_config.json");
        var heads = WhisperVocabulary.From(generation.RootElement, config).AlignmentHeads;
        var tokens = WhisperFixture.Ids(fixture, "decoder_input_ids");
        var taps = new Taps();
        using var state = model.NewState(model.Encoder.Forward(WhisperFixture.Input(fixture, "input_features", backend)));
        model.Decoder.Step(tokens, state, [.. Enumerable.Range(0, tokens.Shape[1])], taps);

        var (batch, length, time) = (tokens.Shape[0], tokens.Shape[1], config.AudioPositions);
        var attention = Enumerable.Range(0, batch).Select(row => heads.Select(h => Head(taps, h, row, config.DecoderHeads, length * time)).ToArray()).ToArray();
        results.Add("alignment_weights", [batch, heads.Count, length, time], [.. attention.SelectMany(row => row.SelectMany(h => h.ToArray()))]);

        var frames = fixture.Inputs["num_frames"].ToIntegers();
        AddTimes("token_timestamps", row => (int)frames[row] / 2);
        AddTimes("token_timestamps_all", _ => time);
        AddMedian(fixture, results, config.MedianFilterWidth);
        AddWarping(fixture, results);

        void AddTimes(string name, Func<int, int> steps)
        {
            var times = new float[batch * (length + 1)];
            for (var row = 0; row < batch; row++)
            {
                var cost = AttentionAlignment.Cost(attention[row], length, time, steps(row), config.MedianFilterWidth, renormalise: false);
                var starts = AttentionAlignment.Starts(cost, length, steps(row));
                for (var i = 0; i < length; i++)
                {
                    times[(row * (length + 1)) + i + 1] = (float)(starts[i] * WhisperVocabulary.SecondsPerStamp);
                }
            }

            results.Add(name, [batch, length + 1], times);
        }
    }

    private static ReadOnlyMemory<float> Head(Taps taps, (int Layer, int Head) head, int row, int heads, int size) =>
        taps.TryGet($"cross_attention_{head.Layer}", out var tapped)
            ? tapped.Values.AsMemory(((row * heads) + head.Head) * size, size)
            : throw new InvalidOperationException($"the decoder gave no attention for layer {head.Layer}");

    private static void AddMedian(Fixture fixture, FixtureResults results, int width)
    {
        var stored = fixture.Inputs["median_in"];
        var (values, last) = (stored.ToSingles(), (int)stored.Shape[^1]);
        for (var start = 0; start < values.Length; start += last)
        {
            MedianFilter.Apply(values.AsSpan(start, last), width);
        }

        results.Add("median", [.. stored.Shape.Select(d => (int)d)], values);
    }

    private static void AddWarping(Fixture fixture, FixtureResults results)
    {
        var stored = fixture.Inputs["dtw_cost"];
        var (rows, columns) = DynamicTimeWarping.Align(stored.ToSingles(), (int)stored.Shape[0], (int)stored.Shape[1]);
        results.Add("dtw_text_indices", [rows.Length], [.. rows.Select(i => (long)i)]);
        results.Add("dtw_time_indices", [columns.Length], [.. columns.Select(i => (long)i)]);
    }
}
