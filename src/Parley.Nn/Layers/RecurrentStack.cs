using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Layers of one kind of cell, each reading what the one below wrote: what <see cref="Lstm"/>, <see cref="Gru"/> and <see cref="Rnn"/> share.</summary>
internal sealed class RecurrentStack
{
    private readonly RecurrentCell _cell;
    private readonly float _dropout;
    private readonly (RecurrentWeights Forward, RecurrentWeights? Reverse)[] _layers;

    internal RecurrentStack(Weights w, RecurrentCell cell, int inputs, int hidden, int layers, bool bidirectional, bool bias, float dropout, int projection = 0)
    {
        ArgumentNullException.ThrowIfNull(w);
        (_cell, _dropout) = (cell, dropout);
        var (size, directions) = (projection > 0 ? projection : hidden, bidirectional ? 2 : 1);
        var rows = hidden * (cell switch
        {
            RecurrentCell.Lstm => 4,
            RecurrentCell.Gru => 3,
            _ => 1,
        });
        var init = Init.KaimingUniform(hidden);
        _layers = new (RecurrentWeights, RecurrentWeights?)[layers];
        for (var layer = 0; layer < layers; layer++)
        {
            var features = layer == 0 ? inputs : size * directions;
            RecurrentWeights Read(string suffix) => new(
                w.Get($"weight_ih_{suffix}", [rows, features], init),
                w.Get($"weight_hh_{suffix}", [rows, size], init),
                bias ? w.Get($"bias_ih_{suffix}", [rows], init) : null,
                bias ? w.Get($"bias_hh_{suffix}", [rows], init) : null,
                projection > 0 ? w.Get($"weight_hr_{suffix}", [projection, hidden], init) : null);
            _layers[layer] = (Read($"l{layer}"), bidirectional ? Read($"l{layer}_reverse") : null);
        }
    }

    internal RecurrentOutput Forward(Tensor x, IReadOnlyList<int>? lengths, RecurrentState? state, TrainingPass? pass)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape.Rank != 3)
        {
            throw new ShapeException($"recurrent: {x.Shape} is not [batch, time, features]");
        }

        x = x.Transpose(0, 1);                                  // [time, batch, features]
        var (hidden, cells) = (new List<Tensor>(), new List<Tensor>());
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            if (layer > 0 && pass is not null && _dropout > 0)
            {
                x = x.Dropout(_dropout, pass.NextSeed());
            }

            var (forward, reverse) = _layers[layer];
            var result = x.Recurrent(_cell, forward, reverse, lengths, Of(state?.Hidden, layer), Of(state?.Cells, layer));
            x = result.Output;                                  // [time, batch, directions·size]
            hidden.Add(result.Hidden);
            if (result.Cells is { } memory)
            {
                cells.Add(memory);
            }
        }

        return new RecurrentOutput(x.Transpose(0, 1), new RecurrentState(Join(hidden), cells.Count == 0 ? null : Join(cells)));
    }

    internal RecurrentOutput Step(Tensor x, RecurrentState? state)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (_layers[0].Reverse is not null)
        {
            throw new InvalidOperationException("recurrent: a layer that also reads from last to first has no single step");
        }

        var result = Forward(x.Unsqueeze(1), null, state, null);
        return result with { Output = result.Output.Select(1, 0) };
    }

    private Tensor? Of(Tensor? states, int layer)
    {
        var directions = _layers[0].Reverse is null ? 1 : 2;
        return states?.Slice(0, layer * directions, (layer + 1) * directions);
    }

    private static Tensor Join(List<Tensor> states) => states.Count == 1 ? states[0] : Tensor.Concat(0, [.. states]);
}
