using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Nn.Tests;

/// <summary>Optimisers and schedules as PyTorch and transformers have them.</summary>
public sealed class OptimizerGoldenTests
{
    private static readonly TensorFile Inputs = new(Path.Combine(Goldens.Folder("optimizers"), "inputs.safetensors"));
    private static readonly TensorFile Outputs = new(Path.Combine(Goldens.Folder("optimizers"), "expected.safetensors"));
    private static readonly TensorFile Rates = new(Path.Combine(Goldens.Folder("schedules"), "expected.safetensors"));

    [Theory]
    [InlineData("sgd_momentum", 0.05)]
    [InlineData("sgd_nesterov_dampening0", 0.05)]
    [InlineData("adam", 0.01)]
    [InlineData("adam_l2", 0.01)]
    [InlineData("adamw", 0.01)]
    [InlineData("adamw_clip", 0.01)]
    public void Steps_equal_the_reference(string name, double rate)
    {
        using var scope = new TensorScope();
        using var optimizer = Create(name);
        (string Key, Tensor Value)[] parameters = [.. new[] { "b", "w" }.Select(k => (k, Read($"param.{k}")))];
        for (var step = 0; step < 6; step++)
        {
            TrainedParameter[] trained = [.. parameters.Select(p => new TrainedParameter(p.Key, p.Value, Read($"grad{step}.{p.Key}"), Decays: true))];
            if (name.EndsWith("_clip", StringComparison.Ordinal))
            {
                Assert.Equal(Outputs.Floats($"{name}.norm{step}")[0], GradientNorm.Clip(trained, 1), 1e-5);
            }

            optimizer.Step(trained, rate);
            if (Outputs.Has($"{name}.step{step + 1}.w"))
            {
                Assert.All(parameters, p => Expect.Close(p.Value.ToArray(), Outputs.Floats($"{name}.step{step + 1}.{p.Key}"), relative: 1e-6f, absolute: 1e-6f, $"{name} {p.Key} after {step + 1}"));
            }
        }
    }

    [Theory]
    [InlineData("constant_with_warmup", ScheduleKind.Constant, 7, 0, 0, 1)]
    [InlineData("linear", ScheduleKind.Linear, 7, 50, 0, 1)]
    [InlineData("cosine", ScheduleKind.Cosine, 7, 50, 0, 1)]
    [InlineData("inverse_sqrt", ScheduleKind.InverseSquareRoot, 7, 0, 0, 1)]
    [InlineData("polynomial", ScheduleKind.Polynomial, 7, 50, 0.01, 2)]
    public void Rates_equal_the_reference(string name, ScheduleKind kind, int warmup, int total, double floor, double power)
    {
        var schedule = new Schedule(kind, 0.3, warmup, total, floor, Power: power);
        var expected = Rates.Floats(name);

        // Past the end the reference's cosine swings up again; training is over there.
        var steps = kind == ScheduleKind.Cosine ? total + 1 : expected.Length;
        for (var t = 0; t < steps; t++)
        {
            Assert.Equal(expected[t], schedule.At(t), 1e-6);
        }
    }

    [Fact]
    public void Noam_rises_to_its_warmup_and_falls_from_there()
    {
        var schedule = new Schedule(ScheduleKind.Noam, 2, Warmup: 100, Dim: 64);
        Assert.Equal(2 / 8.0 * 1 / 1000.0, schedule.At(0), 1e-12);
        Assert.Equal(2 / 8.0 / 10.0, schedule.At(99), 1e-12);
        Assert.Equal(2 / 8.0 / 20.0, schedule.At(399), 1e-12);
    }

    [Fact]
    public void Three_stages_rise_hold_and_fall_exponentially()
    {
        var schedule = new Schedule(ScheduleKind.TriStage, 1e-3, Warmup: 10, Hold: 20, Total: 50, Floor: 1e-5);
        Assert.Equal([0, 5e-4, 1e-3, 1e-3, 1e-3, 1e-4, 1e-5, 1e-5], new[] { 0, 5, 10, 29, 30, 40, 50, 99 }.Select(s => Math.Round(schedule.At(s), 12)));
    }

    [Fact]
    public void A_plateau_halves_the_rate_once_patience_is_over()
    {
        var plateau = new Plateau(factor: 0.5, patience: 1);
        double[] scales = [.. new[] { 10.0, 9, 9, 9, 9, 8, 8, 8 }.Select(m =>
        {
            plateau.Observe(m);
            return plateau.Scale;
        })];
        Assert.Equal([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25], scales);
    }

    [Fact]
    public void NovoGrad_follows_its_formulas()
    {
        using var scope = new TensorScope();
        using var optimizer = new NovoGrad(beta1: 0.9f, beta2: 0.5f, weightDecay: 0.1f);
        var w = Tensor.From([1f, -2f], [2], Backend.Default);
        double[] value = [1, -2], moment = [0, 0];
        var v = 0.0;
        foreach (var (step, g) in new[] { new[] { 3f, 4f }, [0.6f, 0.8f], [-1f, 0f] }.Index())
        {
            optimizer.Step([new TrainedParameter("w", w, Tensor.From(g, [2], Backend.Default), Decays: true)], 0.01);
            var square = (g[0] * g[0]) + (g[1] * g[1]);
            v = step == 0 ? square : (0.5 * v) + (0.5 * square);
            for (var i = 0; i < 2; i++)
            {
                moment[i] = (0.9 * moment[i]) + (g[i] / (Math.Sqrt(v) + 1e-8)) + (0.1 * value[i]);
                value[i] -= 0.01 * moment[i];
            }

            Assert.Equal(value[0], w.Values[0], 1e-6);
            Assert.Equal(value[1], w.Values[1], 1e-6);
        }
    }

    [Fact]
    public void A_restored_optimizer_goes_on_as_if_never_interrupted()
    {
        using var scope = new TensorScope();
        using var whole = new Adam(weightDecay: 0.1f);
        var (a, b) = (Read("param.w"), Read("param.w"));
        Run(whole, a, 0, 6);
        using var first = new Adam(weightDecay: 0.1f);
        Run(first, b, 0, 3);
        using var second = new Adam(weightDecay: 0.1f);
        second.Restore(first.Steps, first.State);
        Run(second, b, 3, 6);
        Assert.Equal(a.ToArray(), b.ToArray());
    }

    private static void Run(Optimizer optimizer, Tensor value, int start, int end)
    {
        for (var step = start; step < end; step++)
        {
            optimizer.Step([new TrainedParameter("w", value, Read($"grad{step}.w"), Decays: true)], 0.01);
        }
    }

    private static Optimizer Create(string name) => name switch
    {
        "sgd_momentum" => new Sgd(momentum: 0.9f, weightDecay: 0.01f),
        "sgd_nesterov_dampening0" => new Sgd(momentum: 0.8f, nesterov: true),
        "adam" => new Adam(0.9f, 0.98f),
        "adam_l2" => new Adam(weightDecay: 0.1f, decoupled: false),
        _ => new Adam(0.9f, 0.95f, 1e-6f, weightDecay: 0.1f),
    };

    private static Tensor Read(string name) => Tensor.From(Inputs.Floats(name), Shape.Create(Inputs.Shape(name)), Backend.Default);
}
