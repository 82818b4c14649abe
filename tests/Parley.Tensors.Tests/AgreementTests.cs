namespace Parley.Tensors.Tests;

/// <summary>Every operation on both backends; one line each.</summary>
public sealed class AgreementTests
{
    [Fact]
    public void Negation_agrees() => OpCheck.Run(x => -x);

    [Fact]
    public void Abs_agrees() => OpCheck.Run(x => x.Abs());

    [Fact]
    public void Exp_agrees() => OpCheck.Run(x => x.Exp(), low: -100f, high: 88f);

    [Fact]
    public void Log_agrees() => OpCheck.Run(x => x.Log(), low: 0f, high: 50f);

    [Fact]
    public void Sqrt_agrees() => OpCheck.Run(x => x.Sqrt(), low: 0f);

    [Fact]
    public void Square_agrees() => OpCheck.Run(x => x.Square());

    [Fact]
    public void Sin_agrees() => OpCheck.Run(x => x.Sin(), absolute: 3e-7f, low: -300f, high: 300f);

    [Fact]
    public void Cos_agrees() => OpCheck.Run(x => x.Cos(), absolute: 3e-7f, low: -20000f, high: 20000f);

    [Fact]
    public void Tanh_agrees() => OpCheck.Run(x => x.Tanh());

    [Fact]
    public void Sigmoid_agrees() => OpCheck.Run(x => x.Sigmoid(), low: -50f, high: 50f);

    [Fact]
    public void Relu_agrees() => OpCheck.Run(x => x.Relu());

    [Fact]
    public void Gelu_agrees() => OpCheck.Run(x => x.Gelu(), low: -12f, high: 12f);

    [Fact]
    public void GeluTanh_agrees() => OpCheck.Run(x => x.GeluTanh(), low: -8f, high: 8f);

    [Fact]
    public void Silu_agrees() => OpCheck.Run(x => x.Silu(), low: -40f, high: 40f);

    [Fact]
    public void Scaling_agrees() => OpCheck.Run(x => (2f - (x * 3f)) / 7f);

    [Fact]
    public void Products_of_views_agree() => OpCheck.Run(x => x * x.Slice(0, 0, 1), absolute: 1e-6f);

    [Fact]
    public void Sums_with_a_column_agree() => OpCheck.Run(x => x + x.Slice(-1, 0, 1), least: 1);

    [Fact]
    public void Quotients_agree() => OpCheck.Run(x => 1f / x, low: 0.5f);

    [Fact]
    public void Clamp_agrees() => OpCheck.Run(x => x.Clamp(-1f, 1f));

    [Fact]
    public void Copies_agree() => OpCheck.Run(x => x.Clone());

    [Fact]
    public void Transposed_copies_agree() => OpCheck.Run(x => x.Transpose(0, -1).Clone());

    [Fact]
    public void Row_sums_agree() => OpCheck.Run(x => x.Sum(-1), absolute: 1e-5f);

    [Fact]
    public void Column_means_agree() => OpCheck.Run(x => x.Mean(0, keepDims: true), absolute: 1e-6f);

    [Fact]
    public void Row_maxima_agree() => OpCheck.Run(x => x.Max(-1), least: 1);

    [Fact]
    public void Column_maxima_agree() => OpCheck.Run(x => x.Max(0));

    [Fact]
    public void Softmax_agrees() => OpCheck.Run(x => x.Softmax(), relative: 1e-5f, least: 1);

    [Fact]
    public void LogSoftmax_agrees() => OpCheck.Run(x => x.LogSoftmax(), relative: 1e-5f, absolute: 1e-6f, least: 1);

    [Fact]
    public void LayerNorm_agrees() => OpCheck.Run(x => x.LayerNorm(null, null), relative: 1e-5f, absolute: 3e-6f, least: 2, special: false);

    [Fact]
    public void RmsNorm_agrees() => OpCheck.Run(x => x.RmsNorm(Tensor.From(new float[x.Shape[^1]], [x.Shape[^1]], x.Backend) + 1.5f), relative: 1e-5f, least: 1, special: false);

    [Fact]
    public void GroupNorm_agrees() => OpCheck.Run(x => x.Reshape(1, x.Shape[0], -1).GroupNorm(1, null, null), relative: 1e-5f, absolute: 3e-6f, least: 2, special: false);

    [Fact]
    public void GroupNorm_with_an_activation_agrees() => OpCheck.Run(
        x => x.Reshape(1, x.Shape[0], -1).GroupNorm(1, null, null, activation: Activation.Gelu), relative: 1e-5f, absolute: 3e-6f, least: 2, special: false);

    [Fact]
    public void GroupNorm_of_long_rows_agrees() => ConvTests.Agree(backend => ConvTests.Noise([2, 4, 9001], 1, backend)
        .GroupNorm(2, ConvTests.Noise([4], 2, backend), ConvTests.Noise([4], 3, backend), activation: Activation.Gelu));

    [Fact]
    public void Reflected_padding_agrees() => OpCheck.Run(x => Tensor.Concat(-1, x, x).Pad(-1, 1, 1, PadMode.Reflect), least: 1);

    [Fact]
    public void Concatenation_agrees() => OpCheck.Run(x => Tensor.Concat(-1, x, x, x.Slice(-1, 0, 1)), least: 1);

    [Fact]
    public void Rows_of_minus_infinity_give_zeros()
    {
        using var scope = new TensorScope();
        var x = Tensor.From([.. Enumerable.Repeat(float.NegativeInfinity, 11)], [11], Backend.Default);
        Assert.All(x.Softmax().ToArray(), v => Assert.Equal(0f, v));
        Assert.All(x.LogSoftmax().ToArray(), v => Assert.Equal(float.NegativeInfinity, v));
    }
}
