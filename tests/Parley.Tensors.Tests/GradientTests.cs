namespace Parley.Tensors.Tests;

/// <summary>Every operation's gradient against central differences; one line each.</summary>
public sealed class GradientTests
{
    private static readonly Shape[] Matrix = [[3, 37]];
    private static readonly Shape[] Pair = [[3, 37], [3, 37]];

    [Theory]
    [InlineData("neg")]
    [InlineData("abs")]
    [InlineData("exp")]
    [InlineData("square")]
    [InlineData("sin")]
    [InlineData("cos")]
    [InlineData("tanh")]
    [InlineData("sigmoid")]
    [InlineData("gelu")]
    [InlineData("gelu tanh")]
    [InlineData("silu")]
    [InlineData("affine")]
    [InlineData("softmax")]
    [InlineData("log softmax")]
    [InlineData("sum rows")]
    [InlineData("mean columns")]
    [InlineData("total")]
    public void Function_of_one_tensor(string name) => GradientCheck.Run(
        t => name switch
        {
            "neg" => -t[0],
            "abs" => (t[0] + 3f).Abs() + (t[0] - 3f).Abs(),
            "exp" => t[0].Exp(),
            "square" => t[0].Square(),
            "sin" => t[0].Sin(),
            "cos" => t[0].Cos(),
            "tanh" => t[0].Tanh(),
            "sigmoid" => t[0].Sigmoid(),
            "gelu" => t[0].Gelu(),
            "gelu tanh" => t[0].GeluTanh(),
            "silu" => t[0].Silu(),
            "affine" => 3f - (t[0] * 2f),
            "softmax" => t[0].Softmax(),
            "log softmax" => t[0].LogSoftmax(),
            "sum rows" => t[0].Sum(-1),
            "mean columns" => t[0].Mean(0, keepDims: true),
            _ => t[0].Mean() + t[0].Sum(),
        },
        Matrix);

    [Fact]
    public void Relu_passes_what_it_let_through() => GradientCheck.Run(t => (t[0] + 2.1f).Relu() + (t[0] - 2.1f).Relu(), Matrix);

    [Fact]
    public void Logarithm_and_root() => GradientCheck.Run(t => t[0].Log() + t[0].Sqrt(), Matrix, low: 1f, high: 3f);

    [Fact]
    public void Sum_difference_product_quotient() => GradientCheck.Run(t => (t[0] + t[1]) * (t[0] - t[1]) / (t[1] + 5f), Pair);

    [Fact]
    public void Broadcast_operands_collect_their_gradients() => GradientCheck.Run(t => (t[0] * t[1]) + t[2] - t[3], [[2, 3, 5], [3, 1], [5], [2, 1, 1]]);

    [Fact]
    public void Larger_and_smaller() => GradientCheck.Run(t => t[0].Maximum(t[1] + 7f) + (t[0] - 9f).Minimum(t[1]) + t[0].Clamp(-5f, 5f), Pair);

    [Fact]
    public void Largest_of_a_row() => GradientCheck.Run(t => (t[0] + Ramp(t[0])).Max(-1) + (t[0] - Ramp(t[0])).Max(0).Sum(), [[4, 5]]);

    [Fact]
    public void Equal_maxima_share()
    {
        using var scope = new TensorScope();
        var x = Tensor.From([1f, 3f, 3f, 0f], [1, 4], Backend.Default).AsParameter();
        Assert.Equal([0f, 0.5f, 0.5f, 0f], x.Max(-1).Sum().Backward()[x]!.ToArray());
    }

    [Fact]
    public void Views_lead_back_to_their_source() => GradientCheck.Run(
        t => t[0].Transpose(0, 2).Permute(1, 0, 2).Slice(1, 1, 4).Reshape(5, -1).Unsqueeze(0).Expand([2, 5, 6]).Select(0, 1) * t[0].Select(1, 2).Sum(),
        [[2, 5, 4]]);

    [Fact]
    public void Joined_and_padded() => GradientCheck.Run(
        t => Tensor.Concat(-1, t[0], t[1].Pad(-1, 2, 3, PadMode.Reflect), t[0].Pad(-1, 1, 2, PadMode.Replicate)).Pad(0, 1, 0) * Tensor.Stack(0, t[0], t[0]).Sum().Sin(),
        [[2, 4], [2, 5]]);

    [Fact]
    public void Rows_by_id() => GradientCheck.Run(t => t[0].Gather(new IntTensor([1, 4, 1, 0, 1, 2], [2, 3])).Square(), [[5, 70]]);

    [Fact]
    public void Gates() => GradientCheck.Run(t => t[0].Glu(1), [[2, 6, 5]]);

    [Fact]
    public void Layer_norm() => GradientCheck.Run(t => t[0].LayerNorm(t[1], t[2]), [[5, 37], [37], [37]]);

    [Fact]
    public void Layer_norm_without_scale_and_shift() => GradientCheck.Run(t => t[0].LayerNorm(null, null), [[70, 19]]);

    [Fact]
    public void Rms_norm() => GradientCheck.Run(t => t[0].RmsNorm(t[1]), [[5, 37], [37]]);

    [Fact]
    public void Group_norm() => GradientCheck.Run(t => t[0].GroupNorm(3, t[1], t[2]), [[2, 6, 7], [6], [6]]);

    [Theory]
    [InlineData(5, 7, 9)]
    [InlineData(1, 40, 3)]
    public void Products_of_matrices(int m, int k, int n) => GradientCheck.Run(t => t[0].MatMul(t[1]), [[m, k], [k, n]]);

    [Fact]
    public void Products_of_batches_broadcast() => GradientCheck.Run(t => t[0].MatMul(t[1]).MatMul(t[2]), [[2, 3, 4, 5], [3, 5, 6], [6, 2]]);

    [Fact]
    public void Linear_with_bias_activation_and_residual() => GradientCheck.Run(
        t => t[0].Linear(WeightMatrix.Dense(t[1]), t[2], Activation.Gelu, t[3]), [[2, 3, 8], [6, 8], [6], [2, 3, 6]]);

    [Fact]
    public void Linear_with_frozen_weights_of_any_format_passes_gradients_on()
    {
        using var scope = new TensorScope();
        var random = new Random(1);
        var values = Tensor.From(OpCheck.Numbers(random, 64 * 32, -1, 1), [64, 32], Backend.Default);
        var g = Tensor.From(OpCheck.Numbers(random, 3 * 64, -1, 1), [3, 64], Backend.Default);
        foreach (var format in Enum.GetValues<WeightFormat>())
        {
            var w = format == WeightFormat.Float32 ? WeightMatrix.Dense(values) : WeightMatrix.Quantise(values, format);
            var x = Tensor.Zeros([3, 32], Backend.Default).AsParameter();
            var expected = g.MatMul(w.ToTensor(Backend.Default)).ToArray();
            Assert.Equal(expected, x.Linear(w).Backward(g)[x]!.ToArray());
        }
    }

    [Theory]
    [InlineData(2, 3, 3, 2, 1)]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(1, 0, 2, 1, 2)]
    [InlineData(3, 2, 0, 1, 1)]
    public void Convolution(int stride, int left, int right, int dilation, int groups) => GradientCheck.Run(
        t => t[0].Conv1d(t[1], t[2], new Conv1dOptions(stride, left, right, dilation, groups), Activation.Tanh), [[2, 4, 15], [6, 4 / groups, 3], [6]]);

    [Theory]
    [InlineData(1, 3, 3, 1)]
    [InlineData(1, 6, 0, 1)]
    [InlineData(2, 3, 3, 1)]
    [InlineData(1, 4, 4, 2)]
    public void Depthwise_convolution(int stride, int left, int right, int dilation) => GradientCheck.Run(
        t => t[0].Conv1d(t[1], t[2], new Conv1dOptions(stride, left, right, dilation, Groups: 4)), [[2, 4, 21], [4, 1, 7], [4]]);

    [Fact]
    public void Depthwise_convolution_with_two_outputs_a_channel() => GradientCheck.Run(
        t => t[0].Conv1d(t[1], null, new Conv1dOptions(1, 1, 1, 1, Groups: 3)), [[2, 3, 9], [6, 1, 3]]);

    [Theory]
    [InlineData(3, 1, 0, 1, 1)]
    [InlineData(2, 0, -1, 1, 2)]
    [InlineData(1, 2, 2, 2, 1)]
    public void Transposed_convolution(int stride, int left, int right, int dilation, int groups) => GradientCheck.Run(
        t => t[0].ConvTranspose1d(t[1], t[2], new Conv1dOptions(stride, left, right, dilation, groups)), [[2, 4, 7], [4, 6 / groups, 5], [6]]);

    [Theory]
    [InlineData(2, 1, 1, 2, 1, 2, 1)]
    [InlineData(2, 2, 1, 1, 1, 1, 3)]
    [InlineData(1, 1, 0, 0, 1, 1, 1)]
    [InlineData(1, 1, 1, 1, 1, 1, 3)]
    [InlineData(2, 3, 0, 2, 2, 2, 3)]
    public void Convolution_over_two_dimensions(int strideH, int strideW, int padH, int padW, int dilationH, int dilationW, int groups) => GradientCheck.Run(
        t => t[0].Conv2d(t[1], t[2], new Conv2dOptions(strideH, strideW, padH, padW, dilationH, dilationW, groups)), [[2, 3, 9, 8], [6, 3 / groups, 3, 3], [6]]);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Attention(bool causal, bool lengths) => GradientCheck.Run(
        t => Tensor.Attention(t[0], t[1], t[2], new AttentionOptions(0.4f, causal, lengths ? [5, 3] : null, t[3])),
        [[2, 4, 3, 6], [2, 2, 5, 6], [2, 2, 5, 7], [4, 3, 5]]);

    [Fact]
    public void Attention_for_gradients_equals_attention()
    {
        using var scope = new TensorScope();
        var random = new Random(4);
        Tensor In(params ReadOnlySpan<int> dims) => Tensor.From(OpCheck.Numbers(random, (int)Shape.Create(dims).Count, -1, 1), Shape.Create(dims), Backend.Default);
        var (q, k, v) = (In(2, 4, 9, 16), In(2, 2, 11, 16), In(2, 2, 11, 8));
        var options = new AttentionOptions(0.25f, Causal: true, KeyLengths: [11, 4]);
        Parley.TestSupport.Expect.Close(Tensor.Attention(q.AsParameter(), k, v, options).ToArray(), Tensor.Attention(q, k, v, options).ToArray(), relative: 1e-5f, absolute: 1e-6f);
    }

    [Fact]
    public void Dropout_drops_the_same_elements_of_the_gradient()
    {
        using var scope = new TensorScope();
        foreach (var backend in (Backend[])[Backend.Default, Backend.Reference])
        {
            var x = (Tensor.Zeros([1003], backend) + 1f).AsParameter();
            var y = x.Dropout(0.3f, seed: 0xABCDEF0123456789);
            var kept = y.ToArray();
            Assert.Equal(kept, y.Sum().Backward()[x]!.ToArray());
            Assert.InRange(kept.Count(v => v == 0f), 260, 340);
            Assert.Equal(kept, (Tensor.Zeros([1003], Backend.Reference) + 1f).Dropout(0.3f, seed: 0xABCDEF0123456789).ToArray());
        }
    }

    [Fact]
    public void A_checkpoint_gives_the_same_gradients() => GradientCheck.Run(t => t[0].Checkpoint(x => (x * t[1]).Sin().MatMul(t[2])).Checkpoint(x => x.Tanh() * t[1].Sum()), [[3, 4], [4], [4, 5]]);

    private static Tensor Ramp(Tensor like)
    {
        var values = new float[like.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = 5f * ((i * 7) % values.Length);
        }

        return Tensor.From(values, like.Shape, like.Backend);
    }
}
