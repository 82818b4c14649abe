using Parley.Models;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Cli;

/// <summary>One training step of a model with random weights: forward, backward, AdamW; names and sizes of the peers.</summary>
internal static class TrainingBenches
{
    private const int Batch = 8;
    private const int MelFrames = 800;
    private const int Mels = 80;

    /// <summary>Whether a name is one of these.</summary>
    public static bool Has(string name) => name is "conformer-step" or "lstm-step" or "gpt2-step";

    /// <summary>The measurement of this name.</summary>
    public static IReadOnlyList<(string Name, Func<Action> Make)> Of(string name, Backend backend) =>
    [
        (name, () => name == "gpt2-step"
            ? TextStep(backend)
            : name == "lstm-step"
            ? Step(backend, w => new SpeechLstm(w), (model, mel, pass) => model.Forward(mel, pass), frames: 400, labels: 80, SpeechLstm.Symbols)
            : Step(backend, w => new ConformerCtc(w, ConformerS), (model, mel, pass) => model.Forward(mel, null, pass), frames: 200, labels: 60, ConformerS.VocabSize)),
    ];

    // As the peer has it: no dropout, full 3x3 convolutions of the model's width.
    private static ConformerCtcConfig ConformerS => new(
        new ConformerConfig(
            Dim: 144, Layers: 16, Heads: 4, FeedForward: 576, ConvKernel: 31, MelBins: Mels, SubsamplingFactor: 4, SubsamplingChannels: 144,
            Dropout: 0, ActivationDropout: 0, AttentionDropout: 0, Subsampling: "striding", ScaleInput: false),
        VocabSize: 129,
        Blank: 0);

    // GPT-2 of 124 million parameters, four texts of 256 tokens, no dropout.
    private static Action TextStep(Backend backend)
    {
        var config = new Gpt2Config(EmbeddingDropout: 0, AttentionDropout: 0, ResidualDropout: 0);
        var (model, parameters) = Weights.Build(new RandomWeights(0), w => new Gpt2(w, config), new WeightsOptions(backend, trains: _ => true));
        var random = new Random(2);
        IntTensor Tokens() => new([.. Enumerable.Range(0, 4 * 256).Select(_ => random.Next(config.VocabSize))], [4, 256]);
        var (ids, targets, optimizer) = (Tokens(), Tokens(), new Adam(weightDecay: 0.01f));
        return () =>
        {
            using var scope = new TensorScope();
            var gradients = CrossEntropy.Compute(model.Forward(ids), targets).Backward();
            optimizer.Step([.. parameters.Select(p => new TrainedParameter(p.Name, p.Tensor!, gradients[p.Tensor!]!, Decays: true))], 1e-4);
        };
    }

    private static Action Step<T>(Backend backend, Func<Weights, T> build, Func<T, Tensor, TrainingPass, Tensor> forward, int frames, int labels, int symbols)
    {
        var (model, parameters) = Weights.Build(new RandomWeights(0), build, new WeightsOptions(backend, trains: _ => true));
        var mel = OpBenches.Random([Batch, MelFrames, Mels], backend);
        var random = new Random(2);
        int[][] targets = [.. Enumerable.Range(0, Batch).Select(_ => Enumerable.Range(0, labels).Select(_ => random.Next(1, symbols)).ToArray())];
        int[] lengths = [.. Enumerable.Repeat(frames, Batch)];
        var optimizer = new Adam(weightDecay: 0.01f);
        ulong step = 0;
        return () =>
        {
            using var scope = new TensorScope();
            var logits = forward(model, mel, new TrainingPass(step++));
            var gradients = CtcLoss.Compute(logits, lengths, targets, blank: 0, zeroInfinity: true).Backward();
            optimizer.Step(
                [.. parameters.Where(p => p.Tensor is { IsParameter: true }).Select(p => new TrainedParameter(p.Name, p.Tensor!, gradients[p.Tensor!]!, Decays: true))], 1e-4);
        };
    }

    /// <summary>The shape of Deep Speech 2 (Amodei et al. 2016, arXiv 1512.02595) with LSTM cells: two convolutions, five layers of both directions.</summary>
    private sealed class SpeechLstm(Weights w)
    {
        public const int Symbols = 29;

        private readonly Tensor _first = w.Get("conv1.weight", [32, 1, 41, 11], Init.KaimingUniform(451));
        private readonly BatchNorm _firstNorm = new(w["norm1"], 32);
        private readonly Tensor _second = w.Get("conv2.weight", [32, 32, 21, 11], Init.KaimingUniform(7392));
        private readonly BatchNorm _secondNorm = new(w["norm2"], 32);
        private readonly Lstm _lstm = new(w["lstm"], inputs: 640, hidden: 512, layers: 5, bidirectional: true);
        private readonly Linear _head = new(w["head"], 1024, Symbols);

        /// <summary>mel [batch, time, 80] to logits [batch, time/2, symbols].</summary>
        public Tensor Forward(Tensor mel, TrainingPass pass)
        {
            var x = mel.Transpose(1, 2).Unsqueeze(1);                                                        // [batch, 1, 80, time]
            x = _firstNorm.Forward(x.Conv2d(_first, null, new Conv2dOptions(2, 2, 20, 5)), pass).Clamp(0f, 20f);
            x = _secondNorm.Forward(x.Conv2d(_second, null, new Conv2dOptions(2, 1, 10, 5)), pass).Clamp(0f, 20f);  // [batch, 32, 20, time/2]
            x = x.Permute(0, 3, 1, 2).Reshape(x.Shape[0], x.Shape[3], -1);
            return _head.Forward(_lstm.Forward(x, pass: pass).Output);
        }
    }
}
