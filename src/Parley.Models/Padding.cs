using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Where the utterances of a batch end.</summary>
/// <param name="Lengths">Valid steps of each.</param>
internal sealed record Padding(int[] Lengths)
{
    /// <summary>The padding of x [batch, time, width]; null when every utterance fills its row.</summary>
    public static Padding? Of(Tensor x, int[]? lengths, int width)
    {
        if (x.Shape.Rank != 3 || x.Shape[2] != width)
        {
            throw new ShapeException($"conformer: features are {x.Shape}; the model takes [batch, frames, {width}]");
        }

        if (x.Shape[1] == 0)
        {
            throw new ShapeException("conformer: not one frame of features; an utterance needs at least one");
        }

        if (lengths is not null && (lengths.Length != x.Shape[0] || lengths.Any(n => n < 0 || n > x.Shape[1])))
        {
            throw new ShapeException($"conformer: lengths [{string.Join(", ", lengths)}] do not fit features {x.Shape}");
        }

        return lengths is null || lengths.All(n => n == x.Shape[1]) ? null : new Padding(lengths);
    }

    /// <summary>The same after time was shortened.</summary>
    public Padding After(Func<int, int> frames) => new([.. Lengths.Select(frames)]);

    /// <summary>1 on each utterance's own steps and 0 after them, to go with <paramref name="rank"/> dimensions whose time is <paramref name="axis"/>.</summary>
    public Tensor Mask(int rank, int axis, int time, Backend backend)
    {
        var mask = new float[Lengths.Length * time];
        for (var i = 0; i < Lengths.Length; i++)
        {
            mask.AsSpan(i * time, Lengths[i]).Fill(1);
        }

        var dims = new int[rank];
        Array.Fill(dims, 1);
        (dims[0], dims[axis]) = (Lengths.Length, time);
        return Tensor.From(mask, Shape.Create(dims), backend);
    }
}

/// <summary>What layers with padding and dropout say often.</summary>
internal static class PaddingExtensions
{
    /// <summary>Zeros past each utterance's end; the same tensor where there is no padding.</summary>
    public static Tensor Silence(this Padding? padding, Tensor x, int axis) => padding is null ? x : x * padding.Mask(x.Shape.Rank, axis, x.Shape[axis], x.Backend);

    /// <summary>Dropout in training; the same tensor otherwise.</summary>
    public static Tensor Drop(this Tensor x, float p, TrainingPass? pass) => pass is null || p == 0 ? x : x.Dropout(p, pass.NextSeed());
}
