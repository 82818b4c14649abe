using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Nn.Tests;

public sealed class RecurrentLayerTests
{
    private static readonly int[] Lengths = [9, 4];

    [Fact]
    public void Steps_give_what_the_whole_gives()
    {
        using var scope = new TensorScope();
        var x = Noise([2, 9, 5]);
        Same(Build(w => new Lstm(w, 5, 8, layers: 2, projection: 3)).Forward(x), Build(w => new Lstm(w, 5, 8, layers: 2, projection: 3)).Step);
        Same(Build(w => new Gru(w, 5, 8, layers: 2)).Forward(x), Build(w => new Gru(w, 5, 8, layers: 2)).Step);
        Same(Build(w => new Rnn(w, 5, 8, cell: RecurrentCell.ClippedRelu)).Forward(x), Build(w => new Rnn(w, 5, 8, cell: RecurrentCell.ClippedRelu)).Step);

        void Same(RecurrentOutput whole, Func<Tensor, RecurrentState?, RecurrentOutput> step)
        {
            RecurrentState? state = null;
            for (var t = 0; t < 9; t++)
            {
                var one = step(x.Select(1, t), state);
                Expect.Close(one.Output.ToArray(), whole.Output.Select(1, t).ToArray(), 1e-5f, 1e-6f, $"step {t}");
                state = one.State;
            }

            Expect.Close(state!.Hidden.ToArray(), whole.State.Hidden.ToArray(), 1e-5f, 1e-6f, "last state");
        }
    }

    [Fact]
    public void Stacked_layers_with_lengths_equal_each_utterance_alone()
    {
        using var scope = new TensorScope();
        var (layer, x) = (Build(w => new Lstm(w, 5, 6, layers: 3, bidirectional: true)), Noise([2, 9, 5]));
        var both = layer.Forward(x, Lengths);
        var alone = layer.Forward(x.Slice(0, 1, 2).Slice(1, 0, 4));
        Expect.Close(both.Output.Slice(0, 1, 2).Slice(1, 0, 4).ToArray(), alone.Output.ToArray(), 1e-5f, 1e-6f, "output");
        Expect.Close(both.State.Cells!.Slice(1, 1, 2).ToArray(), alone.State.Cells!.ToArray(), 1e-5f, 1e-6f, "state");
    }

    [Fact]
    public void Dropout_is_between_layers_and_in_training_only()
    {
        using var scope = new TensorScope();
        var (one, two, x) = (Build(w => new Gru(w, 5, 6, dropout: 0.5f)), Build(w => new Gru(w, 5, 6, layers: 2, dropout: 0.5f)), Noise([2, 9, 5]));
        Assert.Equal(one.Forward(x).Output.ToArray(), one.Forward(x, pass: new TrainingPass(1)).Output.ToArray());
        Assert.Equal(two.Forward(x).Output.ToArray(), two.Forward(x).Output.ToArray());
        Assert.Equal(two.Forward(x, pass: new TrainingPass(1)).Output.ToArray(), two.Forward(x, pass: new TrainingPass(1)).Output.ToArray());
        Assert.NotEqual(two.Forward(x).Output.ToArray(), two.Forward(x, pass: new TrainingPass(1)).Output.ToArray());
    }

    [Fact]
    public void A_layer_of_both_directions_has_no_step() => Assert.Throws<InvalidOperationException>(
        () => Build(w => new Gru(w, 5, 6, bidirectional: true)).Step(Tensor.Zeros([1, 5], Backend.Default), null));

    [Fact]
    public void Batch_norm_follows_the_statistics_of_training()
    {
        using var scope = new TensorScope();
        var built = Weights.Build(new RandomWeights(1), w => new BatchNorm(w, 3), new WeightsOptions(trains: _ => true));
        var x = (Noise([4, 3, 50]) * 3f) + 2f;
        for (var i = 0; i < 200; i++)
        {
            built.Model.Forward(x, new TrainingPass(1));
        }

        // What 200 passes leave of the first values is e^-21.
        float[] mean = [.. built.Parameters.First(p => p.Name == "running_mean").Tensor!.ToArray()], variance = [.. built.Parameters.First(p => p.Name == "running_var").Tensor!.ToArray()];
        for (var c = 0; c < 3; c++)
        {
            var values = x.Select(1, c).ToArray();
            var average = values.Average(v => (double)v);
            Assert.Equal(average, mean[c], 1e-4);
            Assert.Equal(values.Sum(v => (v - average) * (v - average)) / (values.Length - 1), variance[c], 1e-3);
        }

        Expect.Close(built.Model.Forward(x).ToArray(), built.Model.Forward(x, new TrainingPass(1)).ToArray(), relative: 0, absolute: 0.02f, "stored against batch");
    }

    [Fact]
    public void Frozen_batch_norm_stays_on_its_stored_statistics()
    {
        using var scope = new TensorScope();
        var built = Weights.Build(new RandomWeights(1), w => new BatchNorm(w, 3), new WeightsOptions(trains: _ => false));
        var x = Noise([4, 3, 50]) + 2f;
        Assert.Equal(built.Model.Forward(x).ToArray(), built.Model.Forward(x, new TrainingPass(1)).ToArray());
        Assert.Equal([0f, 0f, 0f], built.Parameters.First(p => p.Name == "running_mean").Tensor!.ToArray());
    }

    [Fact]
    public void Batch_norm_leaves_padding_out_in_inference_too()
    {
        using var scope = new TensorScope();
        var layer = Build(w => new BatchNorm(w, 3));
        var y = layer.Forward(Noise([2, 3, 4, 9]) + 5f, lengths: Lengths);
        Assert.All(y.Slice(0, 1, 2).Slice(3, 4, 9).ToArray(), v => Assert.Equal(0f, v));
        Assert.All(y.Slice(0, 0, 1).ToArray(), v => Assert.NotEqual(0f, v));
    }

    private static T Build<T>(Func<Weights, T> make) => Weights.Build(new RandomWeights(3), make).Model;

    private static Tensor Noise(Shape shape)
    {
        var random = new Random(4);
        return Tensor.From([.. Enumerable.Range(0, (int)shape.Count).Select(_ => (2 * random.NextSingle()) - 1)], shape, Backend.Default);
    }
}
