using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training.Tests;

/// <summary>Tells a high tone from a low one with two linear layers and a dropout: small enough to train in a test.</summary>
internal sealed class ToyTask : ITrainingTask
{
    private const int Bands = 16;
    private const int Width = 24;
    private readonly Net _net;

    internal ToyTask(int seed = 1) => (_net, Parameters) = Weights.Build(new RandomWeights(seed), w => new Net(w), new WeightsOptions(trains: _ => true));

    public IReadOnlyList<Parameter> Parameters { get; }

    public int SampleRate => 8000;

    /// <summary>Called for each utterance that is prepared, with its place.</summary>
    internal Func<string, float[], float[]> Heard { get; set; } = (_, features) => features;

    /// <summary>Called before each batch.</summary>
    internal Action OnLoss { get; set; } = () => { };

    /// <summary>Share of the hidden layer that is dropped in training.</summary>
    internal float Dropout { get; set; } = 0.2f;

    public int[] Encode(string text) => text switch
    {
        "low" => [0],
        "high" => [1],
        _ => throw new InvalidDataException($"\"{text}\" is neither low nor high"),
    };

    public TrainingExample Prepare(string where, ReadOnlySpan<float> samples, int[] targets, TrainingPass? random)
    {
        // Energy of differences of the signal, scaled by its own: a crude spectrum that needs nothing.
        var features = new float[Bands];
        for (var lag = 1; lag <= Bands; lag++)
        {
            double sum = 0, all = 1e-9;
            for (var i = lag; i < samples.Length; i++)
            {
                sum += samples[i] * samples[i - lag];
                all += samples[i] * samples[i];
            }

            features[lag - 1] = (float)(sum / all);
        }

        return new TrainingExample(where, Heard(where, features), 1, targets);
    }

    public BatchLoss Loss(IReadOnlyList<TrainingExample> batch, TrainingPass pass)
    {
        OnLoss();
        var x = Tensor.From([.. batch.SelectMany(e => e.Features)], [batch.Count, Bands], Backend.Default);
        var logits = _net.Forward(x, pass, Dropout);
        return new BatchLoss(CrossEntropy.Compute(logits, new IntTensor([.. batch.Select(e => e.Targets[0])], [batch.Count])), batch.Count);
    }

    public string Transcribe(ReadOnlyMemory<float> samples)
    {
        var example = Prepare("", samples.Span, [], random: null);
        var logits = _net.Forward(Tensor.From(example.Features, [1, Bands], Backend.Default), pass: null);
        return logits.Values[0] > logits.Values[1] ? "low" : "high";
    }

    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "model.txt"), string.Join(",", Values()));
    }

    public float[] Values() => [.. Parameters.SelectMany(p => p.Tensor!.ToArray())];

    public void Dispose()
    {
    }

    private sealed class Net(Weights w)
    {
        private readonly Linear _in = new(w["in"], Bands, Width);
        private readonly Linear _out = new(w["out"], Width, 2);

        public Tensor Forward(Tensor x, TrainingPass? pass, float dropout = 0)
        {
            var h = _in.Forward(x, Activation.Gelu);
            return _out.Forward(pass is null ? h : h.Dropout(dropout, pass.NextSeed()));
        }
    }
}
