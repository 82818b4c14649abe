using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Recurrent layers: gradients, both backends, every width, and what padding, batch, chunks and threads must not change.</summary>
public sealed class RecurrentTests
{
    private static readonly int[] Lengths = [5, 2, 4];

    public static TheoryData<RecurrentCell, bool> Cells
    {
        get
        {
            var data = new TheoryData<RecurrentCell, bool>();
            foreach (var cell in Enum.GetValues<RecurrentCell>())
            {
                data.Add(cell, false);
                data.Add(cell, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Gradients_of_one_direction(RecurrentCell cell, bool lengths)
    {
        // One unit of a ReLU stays below its kink, one above; the third is above both kinks of a clipped one.
        var (gates, smooth) = (Gates(cell), cell is not RecurrentCell.Relu and not RecurrentCell.ClippedRelu);
        var (units, memory, third) = (smooth ? 7 : 3, cell == RecurrentCell.Lstm, cell == RecurrentCell.Relu ? 0.5f : 26f);
        Shape[] shapes = [[5, 3, 4], [gates * units, 4], [gates * units, units], [gates * units], [gates * units], [1, 3, units], .. memory ? new Shape[] { [1, 3, 7] } : []];
        GradientCheck.Run(
            t => All(smooth, (smooth ? t[0] : t[0] * 2f).Recurrent(
                cell,
                new(t[1], smooth ? t[2] : t[2] * Three(1f, 1f, 0.05f, t[2]), smooth ? t[3] : t[3] + Three(-20f, 0.3f, third, t[3]), t[4]),
                null,
                lengths ? Lengths : null,
                t[5],
                memory ? t[6] : null)),
            shapes,
            low: smooth ? -0.8f : 0.1f,
            high: smooth ? 0.8f : 0.4f);
    }

    [Theory]
    [InlineData(RecurrentCell.Lstm)]
    [InlineData(RecurrentCell.Gru)]
    public void Gradients_of_both_directions(RecurrentCell cell)
    {
        var rows = Gates(cell) * 5;
        GradientCheck.Run(
            t => t[0].Recurrent(cell, new(t[1], t[2], t[3]), new(t[4], t[5], t[6]), Lengths).Output,
            [[5, 3, 4], [rows, 4], [rows, 5], [rows], [rows, 4], [rows, 5], [rows]],
            low: -0.9f,
            high: 0.9f);
    }

    [Fact]
    public void Last_states_alone_carry_a_gradient() => GradientCheck.Run(
        t => t[0].Recurrent(RecurrentCell.Lstm, new(t[1], t[2]), new(t[3], t[4]), Lengths).Cells!.Sin(),
        [[5, 3, 4], [20, 4], [20, 5], [20, 4], [20, 5]],
        low: -0.9f,
        high: 0.9f);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_of_a_projected_lstm(bool lengths) => GradientCheck.Run(
        t => All(t[0].Recurrent(RecurrentCell.Lstm, new(t[1], t[2], t[3], t[4], t[5]), null, lengths ? Lengths : null, t[6], t[7])),
        [[5, 3, 4], [28, 4], [28, 3], [28], [28], [3, 7], [1, 3, 3], [1, 3, 7]],
        low: -0.8f,
        high: 0.8f);

    [Theory]
    [MemberData(nameof(Cells))]
    public void Both_backends_agree_at_every_size(RecurrentCell cell, bool projected)
    {
        if (projected && cell != RecurrentCell.Lstm)
        {
            return;
        }

        foreach (var (time, batch, hidden) in ((int, int, int)[])[(1, 1, 1), (1, 9, 40), (2, 3, 16), (3, 1, 33), (4, 8, 32), (6, 5, 31), (3, 13, 65), (0, 2, 3), (9, 17, 100)])
        {
            var fast = Everything(cell, projected ? (hidden / 2) + 1 : 0, time, batch, hidden, Backend.Default);
            var slow = Everything(cell, projected ? (hidden / 2) + 1 : 0, time, batch, hidden, Backend.Reference);
            for (var i = 0; i < slow.Count; i++)
            {
                Expect.Close(fast[i], slow[i], relative: 2e-5f, absolute: 1e-5f, $"{cell} {time}×{batch}×{hidden}, number {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void The_number_of_threads_changes_nothing(RecurrentCell cell, bool large)
    {
        var (time, batch, hidden) = large ? (4, 9, 160) : (5, 3, 20);
        var one = Everything(cell, 0, time, batch, hidden, Backend.WithThreads(1));
        foreach (var threads in (int[])[2, 3, 5])
        {
            var more = Everything(cell, 0, time, batch, hidden, Backend.WithThreads(threads));
            Assert.All(one.Zip(more), pair => Assert.Equal(pair.First, pair.Second));
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Padding_and_the_rest_of_the_batch_change_nothing(RecurrentCell cell, bool noise)
    {
        using var scope = new TensorScope();
        var (w, v) = (Layer(cell, 6, 20, 0, 1, Backend.Default), Layer(cell, 6, 20, 0, 2, Backend.Default));
        var x = ConvTests.Noise([5, 3, 6], 7, Backend.Default);
        var padding = ConvTests.Noise([4, 3, 6], noise ? 8 : 9, Backend.Default) * (noise ? 100f : 0f);
        var all = Tensor.Concat(0, x, padding).Recurrent(cell, w, v, Lengths);
        for (var row = 0; row < 3; row++)
        {
            var alone = x.Slice(0, 0, Lengths[row]).Slice(1, row, row + 1).Recurrent(cell, w, v);
            var among = all.Output.Slice(1, row, row + 1);
            Expect.Close(among.Slice(0, 0, Lengths[row]).ToArray(), alone.Output.ToArray(), 1e-5f, 1e-6f, $"output of row {row}");
            Expect.Close(all.Hidden.Slice(1, row, row + 1).ToArray(), alone.Hidden.ToArray(), 1e-5f, 1e-6f, $"state of row {row}");
            Assert.All(among.Slice(0, Lengths[row], 9).ToArray(), y => Assert.Equal(0f, y));
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Chunks_give_what_the_whole_gives(RecurrentCell cell, bool projected)
    {
        using var scope = new TensorScope();
        var w = Layer(cell, 6, 20, projected && cell == RecurrentCell.Lstm ? 8 : 0, 1, Backend.Default);
        var x = ConvTests.Noise([11, 2, 6], 7, Backend.Default);
        var whole = x.Recurrent(cell, w);
        foreach (var length in (int[])[1, 2, 3, 5])
        {
            Tensor? hidden = null, cells = null;
            var pieces = new List<Tensor>();
            for (var start = 0; start < 11; start += length)
            {
                var piece = x.Slice(0, start, Math.Min(11, start + length)).Recurrent(cell, w, hidden: hidden, cells: cells);
                (hidden, cells) = (piece.Hidden, piece.Cells);
                pieces.Add(piece.Output);
            }

            Expect.Close(Tensor.Concat(0, [.. pieces]).ToArray(), whole.Output.ToArray(), 1e-5f, 1e-6f, $"chunks of {length}");
            Expect.Close(hidden!.ToArray(), whole.Hidden.ToArray(), 1e-5f, 1e-6f, $"state after chunks of {length}");
        }
    }

    [Fact]
    public void Sixteen_lanes_equal_the_reference() => Widths<Lanes512>();

    [Fact]
    public void Eight_lanes_equal_the_reference() => Widths<Lanes256>();

    [Fact]
    public void Four_lanes_equal_the_reference() => Widths<Lanes128>();

    [Fact]
    public void What_does_not_fit_is_explained()
    {
        using var scope = new TensorScope();
        var x = Tensor.Zeros([5, 2, 4], Backend.Default);
        var w = Layer(RecurrentCell.Gru, 4, 3, 0, 1, Backend.Default);
        Assert.Contains("is not [time, batch, features]", Assert.Throws<ShapeException>(() => x.Select(1, 0).Recurrent(RecurrentCell.Gru, w)).Message, StringComparison.Ordinal);
        Assert.Contains("input weights [9, 4]", Assert.Throws<ShapeException>(() => x.Slice(2, 0, 3).Recurrent(RecurrentCell.Gru, w)).Message, StringComparison.Ordinal);
        Assert.Contains("lengths [6, 1]", Assert.Throws<ArgumentException>(() => x.Recurrent(RecurrentCell.Gru, w, lengths: [6, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("has none", Assert.Throws<ArgumentException>(() => x.Recurrent(RecurrentCell.Gru, w, cells: Tensor.Zeros([1, 2, 3], Backend.Default))).Message, StringComparison.Ordinal);
    }

    private static void Widths<T>()
        where T : struct, ILanes<T>
    {
        foreach (var cell in Enum.GetValues<RecurrentCell>())
        {
            using var scope = new TensorScope();
            var (fast, slow) = (One(cell, Backend.Default), One(cell, Backend.Reference));
            RecurrentForward<T>.Run(new Workers(2), fast.Pass);
            Backend.Reference.Recurrent(slow.Pass);
            Expect.Close(fast.Result.Output.ToArray(), slow.Result.Output.ToArray(), 1e-5f, 1e-6f, $"{cell} output");
            RecurrentBackward<T>.Run(new Workers(2), fast.Pass, new RecurrentGradients(fast.Result.Output, null, null, fast.Gradients, 0));
            Backend.Reference.RecurrentGradient(slow.Pass, new RecurrentGradients(slow.Result.Output, null, null, slow.Gradients, 0));
            foreach (var i in (int[])[0, 3, 4])
            {
                Expect.Close(fast.Gradients[i]!.ToArray(), slow.Gradients[i]!.ToArray(), 2e-5f, 1e-5f, $"{cell} gradient {i}");
            }
        }
    }

    private static (RecurrentPass Pass, RecurrentResult Result, Tensor?[] Gradients) One(RecurrentCell cell, Backend backend)
    {
        var (x, w) = (ConvTests.Noise([6, 7, 5], 3, backend), Layer(cell, 5, 21, 0, 4, backend));
        var result = new RecurrentResult(Tensor.Empty([6, 7, 21], backend), Tensor.Empty([1, 7, 21], backend), cell == RecurrentCell.Lstm ? Tensor.Empty([1, 7, 21], backend) : null);
        var sizes = RecurrentSizes.Check(cell, x, [w], null, null, null);
        var pass = new RecurrentPass(sizes, x, w, 0, [6, 3, 5, 6, 0, 1, 6], null, null, result);
        return (pass, result, [Tensor.Empty(x.Shape, backend), null, null, Tensor.Empty(w.Input.Shape, backend), Tensor.Empty(w.Hidden.Shape, backend), null, null, null]);
    }

    // Output, last states and all gradients of a bidirectional layer with lengths and first states.
    private static List<float[]> Everything(RecurrentCell cell, int size, int time, int batch, int hidden, Backend backend)
    {
        using var scope = new TensorScope();
        var x = ConvTests.Noise([time, batch, 6], 7, backend).AsParameter();
        RecurrentWeights[] layers = [Layer(cell, 6, hidden, size, 1, backend), Layer(cell, 6, hidden, size, 2, backend)];
        int[] lengths = [.. Enumerable.Range(0, batch).Select(i => time - (i * 3 % (time + 1)))];
        var h = ConvTests.Noise([2, batch, size == 0 ? hidden : size], 5, backend).AsParameter();
        var c = cell == RecurrentCell.Lstm ? ConvTests.Noise([2, batch, hidden], 6, backend).AsParameter() : null;
        var result = x.Recurrent(cell, layers[0], layers[1], lengths, h, c);
        List<float[]> numbers = [result.Output.ToArray(), result.Hidden.ToArray(), result.Cells?.ToArray() ?? []];
        var gradients = All(result).Sum().Backward();
        Tensor?[] inputs = [x, h, c, .. layers.SelectMany(w => (Tensor?[])[w.Input, w.Hidden, w.InputBias, w.HiddenBias, w.Projection])];
        numbers.AddRange(inputs.OfType<Tensor>().Select(t => gradients[t]!.ToArray()));
        return numbers;
    }

    private static Tensor All(RecurrentResult result) => All(true, result);

    // Values of a ReLU pass no sine: their rounding would be all that differences see.
    private static Tensor All(bool curved, RecurrentResult result)
    {
        var ends = result.Cells is null ? result.Hidden.Reshape(-1) : Tensor.Concat(0, result.Hidden.Reshape(-1), result.Cells.Reshape(-1));
        var all = Tensor.Concat(0, result.Output.Reshape(-1), ends);
        return curved ? all.Sin() : all;
    }

    private static RecurrentWeights Layer(RecurrentCell cell, int features, int hidden, int size, int seed, Backend backend)
    {
        var (rows, scale) = (Gates(cell) * hidden, 1 / MathF.Sqrt(hidden));
        Tensor Noise(int salt, params ReadOnlySpan<int> dims)
        {
            var shape = Shape.Create(dims);
            return Tensor.From([.. ConvTests.Noise(shape, (10 * seed) + salt, backend).ToArray().Select(v => v * scale)], shape, backend).AsParameter();
        }

        return new(Noise(1, rows, features), Noise(2, rows, size == 0 ? hidden : size), Noise(3, rows), Noise(4, rows), size == 0 ? null : Noise(5, size, hidden));
    }

    private static Tensor Three(float a, float b, float c, Tensor like) => Tensor.From([a, b, c], [3], like.Backend);

    private static int Gates(RecurrentCell cell) => cell switch
    {
        RecurrentCell.Lstm => 4,
        RecurrentCell.Gru => 3,
        _ => 1,
    };
}
