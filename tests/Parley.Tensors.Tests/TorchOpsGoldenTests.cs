using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Operations as PyTorch computes them.</summary>
public sealed class TorchOpsGoldenTests
{
    private static readonly TensorFile Inputs = new(Path.Combine(Goldens.Folder("torch_ops"), "inputs.safetensors"));
    private static readonly TensorFile Outputs = new(Path.Combine(Goldens.Folder("torch_ops"), "expected.safetensors"));

    public static TheoryData<string> Names =>
    [
        "layer_norm", "group_norm", "rms_norm", "gelu", "gelu_tanh", "silu", "glu", "softmax", "log_softmax", "reflect_pad", "replicate_pad", "linear",
        "conv1d", "conv1d_groups", "conv1d_depthwise", "conv_transpose1d", "conv_transpose1d_groups", "conv2d", "conv2d_depthwise", "attention",
        "batch_norm_train",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void Operation_equals_torch(string name)
    {
        foreach (var backend in (Backend[])[Backend.Default, Backend.Reference])
        {
            using var scope = new TensorScope();
            Tensor[] x = [.. Enumerable.Range(0, 3).Where(i => Inputs.Has($"{name}.in{i}")).Select(i =>
                Tensor.From(Inputs.Floats($"{name}.in{i}"), Shape.Create(Inputs.Shape($"{name}.in{i}")), backend).AsParameter())];
            var y = Compute(name, x);
            Expect.Close(y.ToArray(), Outputs.Floats(Outputs.Has(name) ? name : $"{name}.out"), relative: 1e-5f, absolute: 2e-6f, name);
            var seed = Enumerable.Range(0, (int)y.Count).Select(i => (float)Math.Cos(i)).ToArray();
            var gradients = y.Backward(Tensor.From(seed, y.Shape, backend));
            for (var i = 0; i < x.Length; i++)
            {
                Expect.Close(gradients[x[i]]!.ToArray(), Outputs.Floats($"{name}.grad{i}"), relative: 2e-5f, absolute: 5e-6f, $"{name}, gradient {i}");
            }
        }
    }

    private static Tensor Compute(string name, Tensor[] x) => name switch
    {
        "layer_norm" => x[0].LayerNorm(x[1], x[2]),
        "group_norm" => x[0].GroupNorm(3, x[1], x[2]),
        "rms_norm" => x[0].RmsNorm(x[1]),
        "gelu" => x[0].Gelu(),
        "gelu_tanh" => x[0].GeluTanh(),
        "silu" => x[0].Silu(),
        "glu" => x[0].Glu(1),
        "softmax" => x[0].Softmax(),
        "log_softmax" => x[0].Transpose(1, 2).LogSoftmax().Transpose(1, 2),
        "reflect_pad" => x[0].Pad(2, 3, 2, PadMode.Reflect),
        "replicate_pad" => x[0].Pad(2, 3, 2, PadMode.Replicate),
        "linear" => x[0].Linear(WeightMatrix.Dense(x[1]), x[2]),
        "conv1d" => x[0].Conv1d(x[1], x[2], new Conv1dOptions(Stride: 2, PadLeft: 3, PadRight: 3, Dilation: 2)),
        "conv1d_groups" => x[0].Conv1d(x[1], x[2], new Conv1dOptions(PadLeft: 1, PadRight: 1, Groups: 2)),
        "conv1d_depthwise" => x[0].Conv1d(x[1], x[2], new Conv1dOptions(PadLeft: 3, PadRight: 3, Groups: 4)),
        "conv_transpose1d" => x[0].ConvTranspose1d(x[1], x[2], new Conv1dOptions(Stride: 3, PadLeft: 1, PadRight: 0)),
        "conv_transpose1d_groups" => x[0].ConvTranspose1d(x[1], x[2], new Conv1dOptions(Stride: 2, Groups: 4)),
        "conv2d" => x[0].Conv2d(x[1], x[2], new Conv2dOptions(2, 1, 1, 2, 1, 2)),
        "conv2d_depthwise" => x[0].Conv2d(x[1], null, new Conv2dOptions(2, 2, 1, 1, Groups: 3)),
        "batch_norm_train" => x[0].BatchNorm(x[1], x[2], 1e-5f, null, out _),
        "attention" => Tensor.Attention(x[0], x[1], x[2], new AttentionOptions(1 / MathF.Sqrt(6))),
        _ => throw new ArgumentException($"{name}: not an operation of this fixture that is tested", nameof(name)),
    };
}
