using Parley.Tensors;

namespace Parley.Models;

/// <summary>A recording as the trainer holds it.</summary>
/// <param name="Where">What to call it in messages.</param>
/// <param name="Network">Its words.</param>
/// <param name="States">States of its words in their first pronunciation, without silence.</param>
/// <param name="Shortest">Fewest frames in which they can be said.</param>
/// <param name="Features">[frames, stride].</param>
/// <param name="Frames">Frames.</param>
internal sealed record HmmRecording(string Where, HmmNetwork Network, int[] States, int Shortest, float[] Features, int Frames)
{
    /// <summary>Numbers from one frame to the next.</summary>
    public int Stride => Features.Length / Frames;

    /// <summary>Loads recordings and computes their features on several cores.</summary>
    public static HmmRecording[] Prepare(HmmGmm model, HmmGmmUtterance[] utterances, string[][] texts, Workers workers, CancellationToken cancel)
    {
        // Equal texts share one network.
        var sentences = new Dictionary<string, (HmmNetwork Network, int[] States, int Shortest)>(StringComparer.Ordinal);
        var first = model.Config.Words.DistinctBy(w => w.Text).ToDictionary(w => w.Text, StringComparer.Ordinal);
        var fewest = model.Config.Words.GroupBy(w => w.Text).ToDictionary(g => g.Key, g => g.Min(w => w.Units.Sum(u => model.Config.Units[u].States)), StringComparer.Ordinal);
        foreach (var words in texts)
        {
            if (!sentences.ContainsKey(string.Join(' ', words)))
            {
                int[] states = [.. words.SelectMany(w => first[w].Units).SelectMany(u => Enumerable.Range(model.FirstState(u), model.Config.Units[u].States))];
                sentences[string.Join(' ', words)] = (model.Sentence(words), states, Math.Max(1, words.Sum(w => fewest[w])));
            }
        }

        var recordings = new HmmRecording[utterances.Length];
        workers.Run(utterances.Length, i =>
        {
            cancel.ThrowIfCancellationRequested();
            var (network, states, shortest) = sentences[string.Join(' ', texts[i])];
            var features = Hear(model, utterances[i]);
            recordings[i] = new HmmRecording(utterances[i].Where, network, states, shortest, features, features.Length / model.Emissions.Stride);
        });
        return recordings;
    }

    private static float[] Hear(HmmGmm model, HmmGmmUtterance utterance)
    {
        ReadOnlyMemory<float> samples;
        try
        {
            samples = utterance.Load();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException && !e.Message.StartsWith(utterance.Where, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{utterance.Where}: {e.Message}", e);
        }

        // Asked of the samples: logarithms of filters make numbers even of what is none.
        return samples.Span.ContainsAnyExceptInRange(float.MinValue, float.MaxValue)
            ? throw new InvalidDataException($"{utterance.Where}: the recording has samples that are no numbers")
            : model.Emissions.Pad(model.Features(samples.Span).Values);
    }
}
