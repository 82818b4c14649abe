using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Single operations, with the names and sizes of the peers.</summary>
internal static class OpBenches
{
    /// <summary>All of them on a backend.</summary>
    public static IReadOnlyList<(string Name, Func<Action> Make)> All(Backend backend) =>
    [
        ("sgemm-1024", () =>
        {
            var (a, b) = (Random([1024, 1024], backend), Random([1024, 1024], backend));
            return Call(() => a.MatMul(b));
        }),
        ("linear-1500x512-2048", () => Linear(1500, 512, 2048, backend)),
        ("linear-1500x512-512", () => Linear(1500, 512, 512, backend)),
        ("gemv-512-51865", () => Linear(1, 512, 51865, backend)),
        ("conv1d-80-512-k3-t3000", () => Convolution(1, 80, 512, 3, 3000, 1, 1, backend)),
        ("conv1d-512-512-k3-s2-t3000", () => Convolution(1, 512, 512, 3, 3000, 2, 1, backend)),
        ("depthwise-b8-c144-k31-t200", () => Convolution(8, 144, 144, 31, 200, 1, 144, backend)),
        ("depthwise-b1-c512-k31-t1500", () => Convolution(1, 512, 512, 31, 1500, 1, 512, backend)),
        ("layernorm-1500x512", () =>
        {
            var (x, w, b) = (Random([1500, 512], backend), Random([512], backend), Random([512], backend));
            return Call(() => x.LayerNorm(w, b));
        }),
        ("softmax-8x1500x1500", () =>
        {
            var x = Random([8, 1500, 1500], backend);
            return Call(x.Softmax);
        }),
        ("gelu-1500x2048", () =>
        {
            var x = Random([1500, 2048], backend);
            return Call(x.Gelu);
        }),
        ("attention-b1-h8-t1500-d64", () =>
        {
            var (q, k, v) = (Random([1, 8, 1500, 64], backend), Random([1, 8, 1500, 64], backend), Random([1, 8, 1500, 64], backend));
            var options = new AttentionOptions(0.125f);
            return Call(() => Tensor.Attention(q, k, v, options));
        }),
        ("lstm-512-b8-t200", () => Recurrent(8, 200, 512, 512, trains: false, backend)),
        ("lstm-512-b8-t200-backward", () => Recurrent(8, 200, 512, 512, trains: true, backend)),
        ("lstm-320-b16-t200-backward", () => Recurrent(16, 200, 320, 320, trains: true, backend)),
        ("logmel-30s", () =>
        {
            var (samples, mel) = (Noise(480_000), new WhisperLogMel());
            return () => mel.Extract(samples);
        }),
        ("resample-44100-16000-60s", () =>
        {
            var (samples, resampler) = (Noise(44_100 * 60), new Resampler(44_100, 16_000));
            return () => resampler.Apply(samples, backend.Workers);
        }),
    ];

    /// <summary>A tensor of normal noise.</summary>
    public static Tensor Random(Shape shape, Backend backend)
    {
        var tensor = Tensor.Allocate(shape, backend);
        tensor.Fill(Noise(checked((int)shape.Count)));
        return tensor;
    }

    /// <summary>Normal noise of deviation 1, the same every time.</summary>
    public static float[] Noise(int count)
    {
        var random = new Random(1);
        var noise = new float[count];
        for (var i = 0; i < count; i++)
        {
            noise[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return noise;
    }

    /// <summary>A call whose results are given back to the pool.</summary>
    public static Action Call(Func<Tensor> body) => () =>
    {
        using (new TensorScope())
        {
            body();
        }
    };

    private static Action Linear(int rows, int inputs, int outputs, Backend backend)
    {
        var (x, w, b) = (Random([rows, inputs], backend), WeightMatrix.Dense(Random([outputs, inputs], backend)), Random([outputs], backend));
        return Call(() => x.Linear(w, b));
    }

    private static Action Recurrent(int batch, int time, int inputs, int hidden, bool trains, Backend backend)
    {
        var layer = Weights.Build(new RandomWeights(0), w => new Lstm(w, inputs, hidden), new WeightsOptions(backend, trains: trains ? _ => true : null)).Model;
        var values = Random([batch, time, inputs], backend);
        var x = trains ? values.AsParameter() : values;
        return trains ? Call(() => layer.Forward(x).Output.Sum().Backward()[x]!) : Call(() => layer.Forward(x).Output);
    }

    private static Action Convolution(int batch, int inputs, int outputs, int kernel, int time, int stride, int groups, Backend backend)
    {
        var (x, w, b) = (Random([batch, inputs, time], backend), Random([outputs, inputs / groups, kernel], backend), Random([outputs], backend));
        var options = new Conv1dOptions(stride, kernel / 2, kernel / 2, 1, groups);
        return Call(() => x.Conv1d(w, b, options));
    }
}
