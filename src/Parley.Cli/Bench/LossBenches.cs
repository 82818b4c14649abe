using Parley.Nn;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>Losses with their gradients, with the names and sizes of the peers where these have them.</summary>
internal static class LossBenches
{
    /// <summary>All of them on a backend.</summary>
    public static IReadOnlyList<(string Name, Func<Action> Make)> All(Backend backend) =>
    [
        ("ctc-b16-t400-v32-backward", () => Ctc(16, 400, 32, 100, backend)),
        ("ctc-b16-t400-v128-u60-backward", () => Ctc(16, 400, 128, 60, backend)),
        ("rnnt-b8-t200-u40-v128-backward", () =>
        {
            var (batch, logits, gradient) = Lattice(128);
            return () => RnntLoss.Compute(batch, logits, gradient, blank: 0, workers: backend.Workers);
        }),
        ("tdt-b8-t200-u40-v128-backward", () =>
        {
            var (batch, logits, gradient) = Lattice(133);
            return () => TdtLoss.Compute(batch, logits, gradient, blank: 0, [0, 1, 2, 3, 4], workers: backend.Workers);
        }),
        ("asg-b16-t400-v32-u60-backward", () =>
        {
            var (emissions, transitions, targets) = (OpBenches.Noise(16 * 400 * 32), OpBenches.Noise(32 * 32), Targets(16, 60, 32));
            var (gradient, transitionGradient) = (new float[emissions.Length], new float[32 * 32]);
            return () => AsgLoss.Compute(emissions, 32, Full(16, 400), targets, transitions, gradient, transitionGradient, workers: backend.Workers);
        }),
        ("cross-entropy-1024x50257-backward", () =>
        {
            var (logits, targets) = (OpBenches.Noise(1024 * 50257), Targets(1, 1024, 50257)[0]);
            var gradient = new float[logits.Length];
            return () => CrossEntropy.Compute(logits, targets, gradient, smoothing: 0.1f, workers: backend.Workers);
        }),
    ];

    private static Action Ctc(int batch, int frames, int symbols, int length, Backend backend)
    {
        var logits = OpBenches.Random([batch, frames, symbols], backend).AsParameter();
        var targets = Targets(batch, length, symbols);
        return () =>
        {
            using var scope = new TensorScope();
            CtcLoss.Compute(logits, Full(batch, frames), targets, blank: 0).Backward();
        };
    }

    private static (TransducerBatch Batch, float[] Logits, float[] Gradient) Lattice(int symbols)
    {
        var batch = new TransducerBatch(Frames: 200, Positions: 41, symbols, Full(8, 200), Targets(8, 40, 128));
        return (batch, OpBenches.Noise((int)batch.Count), new float[batch.Count]);
    }

    private static int[] Full(int batch, int frames) => [.. Enumerable.Repeat(frames, batch)];

    private static int[][] Targets(int batch, int length, int symbols)
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, batch).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(1, symbols)).ToArray())];
    }
}
