using System.Text.Json;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of recurrent layers as PyTorch constructs them: output, last states, loss and gradients, once for whole utterances and once with lengths.</summary>
internal static class RecurrentFixture
{
    private const string Family = "torch.nn.modules.rnn.";

    public static bool Fits(JsonElement? config) => config is { ValueKind: JsonValueKind.Object } c
        && c.TryGetProperty("class", out var name) && name.ValueKind == JsonValueKind.String && name.GetString()!.StartsWith(Family, StringComparison.Ordinal);

    public static void Compute(Fixture fixture, JsonElement config, FixtureResults results, Backend backend)
    {
        var arguments = config.GetProperty("arguments");
        int Number(string name, int otherwise) => arguments.TryGetProperty(name, out var n) ? n.GetInt32() : otherwise;
        bool Flag(string name, bool otherwise) => arguments.TryGetProperty(name, out var f) ? f.GetBoolean() : otherwise;
        var (inputs, hidden, layers) = (Number("input_size", 0), Number("hidden_size", 0), Number("num_layers", 1));
        var (both, bias) = (Flag("bidirectional", false), Flag("bias", true));
        using var checkpoint = Checkpoint.Open(fixture.Model["model.safetensors"]);
        var model = Weights.Build<Func<Tensor, int[]?, RecurrentState, RecurrentOutput>>(
            new CheckpointWeights(checkpoint),
            w => config.GetProperty("class").GetString()![Family.Length..] switch
            {
                "LSTM" => new Lstm(w, inputs, hidden, layers, both, Number("proj_size", 0), bias).Run,
                "GRU" => new Gru(w, inputs, hidden, layers, both, bias).Run,
                "RNN" => new Rnn(w, inputs, hidden, layers, both, Cell(arguments), bias).Run,
                var other => throw new InvalidDataException($"{fixture.Name}: no recurrent layer {other}"),
            },
            new WeightsOptions(backend, trains: _ => true));
        var batchFirst = Flag("batch_first", false);
        int[] lengths = [.. fixture.Inputs["lengths"].ToIntegers().Select(n => checked((int)n))];
        foreach (var (steps, suffix) in new[] { ((int[]?)null, ""), (lengths, ".packed") })
        {
            Compute(fixture, model, batchFirst, steps, suffix, results, backend);
        }
    }

    private static void Compute(
        Fixture fixture, BuiltModel<Func<Tensor, int[]?, RecurrentState, RecurrentOutput>> model, bool batchFirst, int[]? lengths, string suffix, FixtureResults results, Backend backend)
    {
        Tensor Input(string name)
        {
            var stored = fixture.Inputs[name];
            return Tensor.From(stored.ToSingles(), Shape.Create([.. stored.Shape.Select(d => checked((int)d))]), backend).AsParameter();
        }

        var hasCells = fixture.Expected.Any(e => e.Name == "c_n");
        var (x, h, c) = (Input("x"), Input("h0"), hasCells ? Input("c0") : null);
        var result = model.Model(batchFirst ? x : x.Transpose(0, 1), lengths, new RecurrentState(h, c));
        var y = batchFirst ? result.Output : result.Output.Transpose(0, 1);
        Add("y", y);
        Add("h_n", result.State.Hidden);
        if (result.State.Cells is { } cells)
        {
            Add("c_n", cells);
        }

        // The reference's loss: every output with a weight of its own, and the last states squared.
        var count = checked((int)y.Count);
        float[] ramp = [.. Enumerable.Range(0, count).Select(i => (float)(-1 + (2.0 * i / Math.Max(count - 1, 1))))];
        var loss = (y * Tensor.From(ramp, y.Shape, backend)).Sum() + result.State.Hidden.Square().Sum();
        Add("loss", loss);
        var gradients = loss.Backward();
        Add("grad.x", gradients[x]!);
        Add("grad.h0", gradients[h]!);
        foreach (var parameter in model.Parameters)
        {
            Add($"grad.{parameter.Name}", gradients[parameter.Tensor!]!);
        }

        void Add(string name, Tensor tensor) => results.Add(name + suffix, tensor.Shape.Dims.ToArray(), tensor.ToArray());
    }

    private static RecurrentCell Cell(JsonElement arguments) =>
        arguments.TryGetProperty("nonlinearity", out var name) && name.GetString() == "relu" ? RecurrentCell.Relu : RecurrentCell.Tanh;

    private static RecurrentOutput Run(this Lstm layer, Tensor x, int[]? lengths, RecurrentState state) => layer.Forward(x, lengths, state);

    private static RecurrentOutput Run(this Gru layer, Tensor x, int[]? lengths, RecurrentState state) => layer.Forward(x, lengths, state);

    private static RecurrentOutput Run(this Rnn layer, Tensor x, int[]? lengths, RecurrentState state) => layer.Forward(x, lengths, state);
}
