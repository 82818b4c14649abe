using Parley.TestSupport;

namespace Parley.Tensors.Tests;

public sealed class ConvTests
{
    // batch, in, time, out, kernel, stride, left, right, dilation, groups
    public static TheoryData<int[]> Convolutions => new()
    {
        { [1, 1, 1, 1, 1, 1, 0, 0, 1, 1] },
        { [2, 3, 17, 5, 3, 1, 1, 1, 1, 1] },
        { [1, 80, 61, 33, 3, 1, 1, 1, 1, 1] },
        { [1, 7, 100, 13, 3, 2, 1, 1, 1, 1] },
        { [2, 1, 403, 20, 10, 5, 0, 0, 1, 1] },
        { [1, 24, 50, 24, 16, 1, 8, 8, 1, 4] },
        { [1, 48, 30, 24, 128, 1, 64, 64, 1, 2] },
        { [2, 24, 70, 36, 20, 1, 12, 7, 1, 2] },
        { [1, 4, 600, 13, 33, 1, 40, 2, 1, 1] },
        { [2, 6, 40, 6, 31, 1, 15, 15, 1, 6] },
        { [1, 6, 40, 12, 5, 2, 4, 0, 3, 6] },
        { [1, 5, 70, 5, 4, 3, 2, 3, 2, 5] },
        { [1, 4, 3, 6, 7, 1, 6, 0, 1, 2] },
        { [1, 3, 0, 4, 3, 1, 2, 1, 1, 1] },
        { [0, 3, 9, 4, 3, 1, 0, 0, 1, 1] },
        { [1, 100, 400, 50, 3, 1, 1, 1, 2, 1] },
        { [1, 300, 40, 130, 2, 2, 0, 0, 1, 1] },
        { [1, 8, 33, 64, 1, 1, 0, 0, 1, 4] },
        { [1, 9, 50, 27, 5, 1, 2, 2, 1, 9] },
    };

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void Fast_one_dimensional_convolutions_equal_the_reference(int[] c)
    {
        var options = new Conv1dOptions(c[5], c[6], c[7], c[8], c[9]);
        foreach (var transposed in new[] { false, true })
        {
            foreach (var biased in new[] { false, true })
            {
                Agree(backend =>
                {
                    var x = transposed ? Noise([c[0], c[2], c[1]], 1, backend).Transpose(1, 2) : Noise([c[0], c[1], c[2]], 1, backend);
                    return x.Conv1d(Noise([c[3], c[1] / c[9], c[4]], 2, backend), biased ? Noise([c[3]], 3, backend) : null, options);
                });
            }
        }
    }

    // batch, in, time, out per group, kernel, stride, left, right, dilation, groups
    public static TheoryData<int[]> Transposes => new()
    {
        { [1, 1, 1, 1, 1, 1, 0, 0, 1, 1] },
        { [2, 4, 7, 5, 5, 3, 1, 0, 1, 1] },
        { [2, 4, 7, 1, 4, 2, 0, 0, 1, 4] },
        { [1, 32, 60, 16, 16, 8, 4, 4, 1, 1] },
        { [1, 16, 250, 8, 4, 2, 1, 1, 1, 2] },
        { [1, 3, 10, 2, 2, 5, 0, 0, 1, 1] },
        { [1, 3, 10, 2, 3, 4, 2, 1, 3, 1] },
        { [1, 5, 20, 3, 7, 2, 6, 0, 2, 1] },
        { [1, 2, 5, 2, 4, 3, 1, -2, 1, 1] },
        { [0, 2, 5, 2, 4, 3, 1, 0, 1, 1] },
    };

    [Theory]
    [MemberData(nameof(Transposes))]
    public void Fast_transposed_convolutions_equal_the_reference(int[] c)
    {
        var options = new Conv1dOptions(c[5], c[6], c[7], c[8], c[9]);
        foreach (var biased in new[] { false, true })
        {
            Agree(backend => Noise([c[0], c[1], c[2]], 1, backend)
                .ConvTranspose1d(Noise([c[1], c[3], c[4]], 2, backend), biased ? Noise([c[3] * c[9]], 3, backend) : null, options));
        }
    }

    // batch, in, height, width, out, kernels, strides, pads, dilations, groups
    public static TheoryData<int[]> Planes => new()
    {
        { [2, 3, 9, 8, 5, 3, 3, 2, 1, 1, 2, 1, 2, 1] },
        { [1, 1, 61, 80, 16, 3, 3, 2, 2, 1, 1, 1, 1, 1] },
        { [1, 16, 31, 40, 16, 3, 3, 2, 2, 1, 1, 1, 1, 16] },
        { [1, 1, 60, 81, 8, 41, 11, 2, 2, 20, 5, 1, 1, 1] },
        { [1, 4, 20, 33, 6, 1, 1, 1, 1, 0, 0, 1, 1, 2] },
        { [2, 5, 7, 70, 5, 3, 5, 1, 3, 2, 4, 2, 2, 5] },
        { [1, 30, 20, 20, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1] },
    };

    [Theory]
    [MemberData(nameof(Planes))]
    public void Fast_two_dimensional_convolutions_equal_the_reference(int[] c)
    {
        var options = new Conv2dOptions(c[7], c[8], c[9], c[10], c[11], c[12], c[13]);
        Agree(backend => Noise([c[0], c[1], c[2], c[3]], 1, backend)
            .Conv2d(Noise([c[4], c[1] / c[13], c[5], c[6]], 2, backend), Noise([c[4]], 3, backend), options));
    }

    [Theory]
    [MemberData(nameof(Planes))]
    public void Gradients_of_two_dimensional_convolutions_equal_the_reference(int[] c)
    {
        var options = new Conv2dOptions(c[7], c[8], c[9], c[10], c[11], c[12], c[13]);
        foreach (var wanted in new[] { 0, 1 })
        {
            Agree(
                backend =>
                {
                    var (x, w) = (Noise([c[0], c[1], c[2], c[3]], 1, backend).AsParameter(), Noise([c[4], c[1] / c[13], c[5], c[6]], 2, backend).AsParameter());
                    var y = x.Conv2d(w, null, options);
                    return y.Backward(Noise([.. y.Shape.Dims], 4, backend))[wanted == 0 ? x : w]!;
                },
                absolute: 2e-3f);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public unsafe void Rows_are_read_and_added_to_in_steps(int step)
    {
        for (var count = 0; count < 70; count++)
        {
            // Nothing past the last value is touched.
            var last = Math.Max(0, ((count - 1) * step) + 1);
            var (wide, few) = (Enumerable.Range(0, last).Select(i => i + 0.5f).ToArray(), new float[count]);
            var sums = Enumerable.Repeat(1f, last).ToArray();
            fixed (float* from = wide, to = few, into = sums)
            {
                EverySecond.Read(from, step, to, count);
                Assert.Equal(Enumerable.Range(0, count).Select(i => wide[i * step]), few);
                EverySecond.Add(to, into, step, count);
            }

            Assert.Equal(Enumerable.Range(0, last).Select(i => i % step == 0 ? wide[i] + 1 : 1), sums);
        }
    }

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Sigmoid)]
    public void Activations_are_fused_alike(Activation activation)
    {
        foreach (var groups in new[] { 1, 6 })
        {
            Agree(backend => Noise([2, 6, 50], 1, backend).Conv1d(Noise([12, 6 / groups, 3], 2, backend), Noise([12], 3, backend), new(2, 1, 1, 1, groups), activation));
            Agree(backend => Noise([1, 6, 9, 40], 1, backend).Conv2d(Noise([6, 6 / groups, 3, 3], 2, backend), null, new(1, 3, 1, 1, 1, 1, groups), activation));
        }
    }

    [Fact]
    public void Convolutions_equal_PyTorch()
    {
        var folder = Goldens.Folder("torch_ops");
        var (given, wanted) = (new TensorFile(Path.Combine(folder, "inputs.safetensors")), new TensorFile(Path.Combine(folder, "expected.safetensors")));
        foreach (var backend in new[] { Backend.Reference, Backend.Default })
        {
            Check("conv1d", (x, w, b) => x.Conv1d(w, b, new(2, 3, 3, 2)));
            Check("conv1d_groups", (x, w, b) => x.Conv1d(w, b, new(1, 1, 1, 1, 2)));
            Check("conv1d_depthwise", (x, w, b) => x.Conv1d(w, b, new(1, 3, 3, 1, 4)));
            Check("conv_transpose1d", (x, w, b) => x.ConvTranspose1d(w, b, new(3, 1, 0)));
            Check("conv_transpose1d_groups", (x, w, b) => x.ConvTranspose1d(w, b, new(2, 0, 0, 1, 4)));
            Check("conv2d", (x, w, b) => x.Conv2d(w, b, new(2, 1, 1, 2, 1, 2)));
            Check("conv2d_depthwise", (x, w, b) => x.Conv2d(w, b, new(2, 2, 1, 1, 1, 1, 3)));

            void Check(string name, Func<Tensor, Tensor, Tensor?, Tensor> run)
            {
                var y = run(Read(name, 0), Read(name, 1), given.Has($"{name}.in2") ? Read(name, 2) : null);
                Assert.Equal(wanted.Shape($"{name}.out"), y.Shape.Dims.ToArray());
                Expect.Close(y.Values, wanted.Floats($"{name}.out"), relative: 1e-5f, absolute: 1e-5f, what: name);
            }

            Tensor Read(string name, int i) =>
                Tensor.From(given.Floats($"{name}.in{i}"), Shape.Create(given.Shape($"{name}.in{i}")), backend);
        }
    }

    [Fact]
    public void A_kernel_that_does_not_fit_is_refused_with_the_numbers()
    {
        var x = Noise([1, 2, 3], 1, Backend.Reference);
        var error = Assert.Throws<ShapeException>(() => x.Conv1d(Noise([2, 2, 5], 2, Backend.Reference)));
        Assert.Contains("time 3 + padding 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("pad by 2", error.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => x.Conv1d(Noise([2, 3, 1], 2, Backend.Reference)));
        Assert.Throws<ShapeException>(() => x.Conv1d(Noise([3, 1, 1], 2, Backend.Reference), options: new(Groups: 2)));
        Assert.Throws<ShapeException>(() => x.Conv1d(Noise([2, 2, 1], 2, Backend.Reference), options: new(Stride: 0)));
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        float[][] results = [.. new[] { 1, 2, 3, 7 }.Select(threads =>
        {
            var backend = Backend.WithThreads(threads);
            return Noise([1, 70, 210], 1, backend).Conv1d(Noise([130, 70, 5], 2, backend), null, new(1, 2, 2)).ToArray();
        })];
        Assert.All(results, r => Assert.Equal(results[0], r));
    }

    internal static Tensor Noise(Shape shape, int seed, Backend backend)
    {
        var random = new Random(seed);
        var values = new float[shape.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)((random.NextDouble() * 2) - 1);
        }

        return Tensor.From(values, shape, backend);
    }

    internal static void Agree(Func<Backend, Tensor> run, float absolute = 2e-5f)
    {
        using var scope = new TensorScope();
        var (expected, actual) = (run(Backend.Reference), run(Backend.Default));
        Assert.Equal(expected.Shape, actual.Shape);
        Expect.Close(actual.Values, expected.Values, relative: 1e-5f, absolute: absolute);
    }
}
