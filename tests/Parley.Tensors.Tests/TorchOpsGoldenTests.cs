using Parley.TestSupport;

namespace Parley.Tensors.Tests;

/// <summary>Operations as PyTorch computes them.</summary>
public sealed class TorchOpsGoldenTests
{
    private static readonly TensorFile Inputs = new(Path.Combine(Goldens.Folder("torch_ops"), "inputs.safetensors"));
    private static readonly TensorFile Outputs = new(Path.Combine(Goldens.Folder("torch_ops"), "expected.safetensors"));

    public static TheoryData<string> Names => ["layer_norm", "group_norm", "rms_norm", "gelu", "gelu_tanh", "silu", "glu", "softmax", "log_softmax", "reflect_pad", "replicate_pad"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Operation_equals_torch(string name)
    {
        foreach (var backend in (Backend[])[Backend.Default, Backend.Reference])
        {
            using var scope = new TensorScope();
            Tensor In(int i) => Tensor.From(Inputs.Floats($"{name}.in{i}"), Shape.Create(Inputs.Shape($"{name}.in{i}")), backend);
            var y = name switch
            {
                "layer_norm" => In(0).LayerNorm(In(1), In(2)),
                "group_norm" => In(0).GroupNorm(3, In(1), In(2)),
                "rms_norm" => In(0).RmsNorm(In(1)),
                "gelu" => In(0).Gelu(),
                "gelu_tanh" => In(0).GeluTanh(),
                "silu" => In(0).Silu(),
                "glu" => In(0).Glu(1),
                "softmax" => In(0).Softmax(),
                "log_softmax" => In(0).Transpose(1, 2).LogSoftmax().Transpose(1, 2),
                "reflect_pad" => In(0).Pad(2, 3, 2, PadMode.Reflect),
                _ => In(0).Pad(2, 3, 2, PadMode.Replicate),
            };
            var key = Outputs.Has(name) ? name : $"{name}.out";
            Expect.Close(y.ToArray(), Outputs.Floats(key), relative: 1e-5f, absolute: 2e-6f, name);
        }
    }
}
