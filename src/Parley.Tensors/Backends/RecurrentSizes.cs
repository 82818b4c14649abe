namespace Parley.Tensors;

/// <summary>Dimensions of a recurrent layer.</summary>
internal readonly record struct RecurrentSizes(RecurrentCell Cell, int Time, int Batch, int Features, int Hidden, int Size)
{
    /// <summary>Parts that the rows of the weights have.</summary>
    internal int Gates => Cell switch
    {
        RecurrentCell.Lstm => 4,
        RecurrentCell.Gru => 3,
        _ => 1,
    };

    /// <summary>Rows of the weights.</summary>
    internal int Rows => Gates * Hidden;

    /// <summary>Sizes of a call; throws when its tensors do not fit each other.</summary>
    internal static RecurrentSizes Check(
        RecurrentCell cell, Tensor x, RecurrentWeights[] weights, IReadOnlyList<int>? lengths, Tensor? hidden, Tensor? cells)
    {
        if (x.Shape.Rank != 3)
        {
            throw new ShapeException($"recurrent: {x.Shape} is not [time, batch, features]");
        }

        var w = weights[0];
        var s = new RecurrentSizes(cell, x.Shape[0], x.Shape[1], x.Shape[2], 0, 0);
        if (w.Hidden.Shape.Rank != 2 || w.Hidden.Shape[0] % s.Gates != 0)
        {
            throw new ShapeException($"recurrent: hidden weights {w.Hidden.Shape} are not [{s.Gates}·hidden, size]");
        }

        s = s with { Hidden = w.Hidden.Shape[0] / s.Gates, Size = w.Hidden.Shape[1] };
        foreach (var direction in weights)
        {
            Needs("input weights", direction.Input, [s.Rows, s.Features]);
            Needs("hidden weights", direction.Hidden, [s.Rows, s.Size]);
            Needs("input bias", direction.InputBias, [s.Rows]);
            Needs("hidden bias", direction.HiddenBias, [s.Rows]);
            Needs("projection", direction.Projection, [s.Size, s.Hidden]);
            if ((direction.Projection is null && s.Size != s.Hidden) || (direction.Projection is not null && cell != RecurrentCell.Lstm))
            {
                throw new ShapeException($"recurrent: {s.Hidden} hidden units give {s.Size} outputs; that takes a projection, which only an LSTM has");
            }
        }

        Needs("hidden state", hidden, [weights.Length, s.Batch, s.Size]);
        Needs("cell state", cells, [weights.Length, s.Batch, s.Hidden]);
        if (cells is not null && cell != RecurrentCell.Lstm)
        {
            throw new ArgumentException($"recurrent: a cell state was given, but a {cell} has none", nameof(cells));
        }

        if (lengths is not null && (lengths.Count != s.Batch || lengths.Any(n => n < 0 || n > x.Shape[0])))
        {
            throw new ArgumentException($"recurrent: lengths [{string.Join(", ", lengths)}] do not fit x {x.Shape}: {s.Batch} of them, from 0 to {s.Time}", nameof(lengths));
        }

        return s;

        void Needs(string name, Tensor? tensor, Shape shape)
        {
            if (tensor is not null && tensor.Shape != shape)
            {
                throw new ShapeException($"recurrent: {name} {tensor.Shape} where x {x.Shape} and hidden weights {w.Hidden.Shape} take {shape}");
            }

            if (tensor is not null && !ReferenceEquals(tensor.Backend, x.Backend))
            {
                throw new InvalidOperationException($"recurrent: x and {name} belong to different backends");
            }
        }
    }
}
