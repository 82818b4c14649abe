using System.Text.Json;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of single operations: inputs NAME.in0, .in1, …, the result NAME.out and gradients NAME.grad0, ….</summary>
/// <remarks>fixture.json has the Python of each under "operations"; a name stands for those settings. Gradients are of sum(out · cos(0, 1, 2, …)).</remarks>
internal static class TorchOpsFixture
{
    public static bool Fits(Fixture fixture)
    {
        using var json = fixture.Folder.Json("fixture.json");
        return json.RootElement.TryGetProperty("operations", out var operations) && operations.ValueKind == JsonValueKind.Object;
    }

    public static void Compute(Fixture fixture, FixtureResults results, Backend backend)
    {
        foreach (var name in fixture.Expected.Where(e => e.Name.EndsWith(".out", StringComparison.Ordinal)).Select(e => e.Name[..^".out".Length]))
        {
            using var scope = new TensorScope();
            List<Tensor> inputs = [];
            while (fixture.Inputs.Tensors.TryGetValue($"{name}.in{inputs.Count}", out var stored))
            {
                inputs.Add(Tensor.From(stored.ToSingles(), Shape.Create([.. stored.Shape.Select(d => checked((int)d))]), backend).AsParameter());
            }

            if (inputs.Count == 0 || Run(name, inputs) is not { } y)
            {
                results.CannotCompute($"{name}.", "Parley has no such operation");
                continue;
            }

            results.Add($"{name}.out", y.Shape.Dims.ToArray(), y.ToArray());
            var counter = Tensor.From([.. Enumerable.Range(0, checked((int)y.Count)).Select(i => MathF.Cos(i))], y.Shape, backend);
            var gradients = y.Backward(counter);
            for (var i = 0; i < inputs.Count; i++)
            {
                if (gradients[inputs[i]] is { } gradient)
                {
                    results.Add($"{name}.grad{i}", gradient.Shape.Dims.ToArray(), gradient.ToArray());
                }
            }
        }
    }

    private static Tensor? Run(string name, List<Tensor> x) => name switch
    {
        "linear" => x[0].Linear(WeightMatrix.Dense(x[1]), x[2]),
        "layer_norm" => x[0].LayerNorm(x[1], x[2]),
        "group_norm" => x[0].GroupNorm(3, x[1], x[2]),
        "batch_norm_train" => x[0].BatchNorm(x[1], x[2], 1e-5f, null, out _),
        "rms_norm" => x[0].RmsNorm(x[1]),
        "conv1d" => x[0].Conv1d(x[1], x[2], new Conv1dOptions(2, 3, 3, 2)),
        "conv1d_groups" => x[0].Conv1d(x[1], x[2], new Conv1dOptions(1, 1, 1, 1, 2)),
        "conv1d_depthwise" => x[0].Conv1d(x[1], x[2], new Conv1dOptions(1, 3, 3, 1, 4)),
        "conv_transpose1d" => x[0].ConvTranspose1d(x[1], x[2], new Conv1dOptions(3, 1, 0)),
        "conv_transpose1d_groups" => x[0].ConvTranspose1d(x[1], x[2], new Conv1dOptions(2, 0, 0, 1, 4)),
        "conv2d" => x[0].Conv2d(x[1], x[2], new Conv2dOptions(2, 1, 1, 2, 1, 2)),
        "conv2d_depthwise" => x[0].Conv2d(x[1], null, new Conv2dOptions(2, 2, 1, 1, 1, 1, 3)),
        "gelu" => x[0].Gelu(),
        "gelu_tanh" => x[0].GeluTanh(),
        "silu" => x[0].Silu(),
        "glu" => x[0].Glu(1),
        "softmax" => x[0].Softmax(),
        "log_softmax" => x[0].Transpose(1, 2).LogSoftmax().Transpose(1, 2),
        "attention" => Tensor.Attention(x[0], x[1], x[2], new AttentionOptions(1 / MathF.Sqrt(x[0].Shape[-1]))),
        "reflect_pad" => x[0].Pad(2, 3, 2, PadMode.Reflect),
        "replicate_pad" => x[0].Pad(2, 3, 2, PadMode.Replicate),
        "cross_entropy_smooth" => CrossEntropy.Compute(x[0], new IntTensor([1, 3, -100, 0], [4]), smoothing: 0.1f),
        "scatter_embedding" => Tensor.Concat(0, x[0].Slice(0, 0, 1).StopGradient(), x[0].Slice(0, 1, x[0].Shape[0])).Gather(new IntTensor([1, 2, 2, 0, 4, 1], [2, 3])),
        _ => null,
    };
}
