using System.Diagnostics;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models.Tests;

[CollectionDefinition(nameof(MemoryIsMeasured), DisableParallelization = true)]
public sealed class MemoryIsMeasured;

[Collection(nameof(MemoryIsMeasured))]
[Trait("kind", "slow")]
public sealed class SharedModelMemoryTests
{
    [Fact]
    public void Eight_transcriptions_at_once_need_memory_for_their_states_only()
    {
        // 32 million parameters, 123 MiB; a second of sound and 60 tokens need a few MiB for each transcription.
        const int together = 8;
        var config = new WhisperConfig(80, 512, 2, 2, 8, 8, 2048, 2048, 50, 64, 32768);
        var built = Weights.Build(new RandomWeights(1), w => new Whisper(w["model"], config));
        var weights = 4 * built.Parameters.Sum(p => (long)p.Shape.Count);
        Decode(0, atEnd: () => { });
        var before = Resident();
        long during = 0;
        using var ends = new Barrier(together, _ => during = Resident());
        var threads = Enumerable.Range(0, together).Select(i => new Thread(() => Decode(i, ends.SignalAndWait))).ToArray();
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.True(during - before < weights / 2, $"memory grew by {(during - before) >> 20} MiB beside weights of {weights >> 20} MiB");

        void Decode(int seed, Action atEnd)
        {
            using var scope = new TensorScope();
            var random = new Random(seed);
            var features = built.Model.Encoder.Forward(Tensor.From([.. Enumerable.Range(0, 80 * 100).Select(_ => random.NextSingle())], [1, 80, 100], Backend.Default));
            using var state = built.Model.NewState(features);
            for (var token = 0; token < 60; token++)
            {
                using var step = new TensorScope();
                built.Model.Decoder.Step(new IntTensor([token], [1, 1]), state);
            }

            atEnd();
        }

        static long Resident()
        {
            using var process = Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
    }
}
