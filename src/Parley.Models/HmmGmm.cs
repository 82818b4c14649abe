using System.Text;
using System.Text.Json;
using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// Hidden Markov models with mixtures of Gaussians: L. R. Rabiner, "A tutorial on hidden Markov models and selected applications in speech
// recognition", Proceedings of the IEEE 77(2), 1989. Sound becomes 39 numbers a frame; units (phones, or the phones of each word) are left-to-right
// models of three states that loop or go on; words are rows of units, and a sentence is a row of words with silence where it likes.
// o_t: the frame t of T; b_j(o): density of state j, a mixture of m Gaussians; a_jj: probability of staying in j; α, β, δ, γ: as in the paper.
// Names are our own: mixture_weights, means, variances, self_loops. Training is in HmmGmmTrainer, the recursions are in HmmTrellis.

/// <summary>A speech recogniser of hidden Markov models. Never changes once built, so threads share it.</summary>
public sealed class HmmGmm
{
    // 2 GiB of densities: with the 150 states of phones five hours.
    private const long MaxDensities = 1L << 28;

    // Silence before, between and after words is as likely as none.
    private static readonly double s_half = Math.Log(0.5);

    private readonly CepstralFeatures _features;
    private readonly int[] _firstStates;
    private readonly float[] _selfLoops;
    private readonly Dictionary<string, List<int>> _entries = new(StringComparer.Ordinal);
    private readonly Lazy<HmmNetwork> _loop;

    internal HmmGmm(HmmGmmConfig config, float[] weights, float[] means, float[] variances, float[] selfLoops)
    {
        config.Validate();
        (Config, _selfLoops, _features) = (config, selfLoops, new CepstralFeatures(config.Features));
        Emissions = new GaussianMixtures(weights, means, variances, config.States, config.Gaussians);
        var bad = Array.FindIndex(selfLoops, a => !(a is >= 0 and < 1));
        if (bad >= 0)
        {
            throw new InvalidDataException($"self_loops has {selfLoops[bad]} for state {bad}; a probability of staying is at least 0 and less than 1");
        }

        _firstStates = new int[config.Units.Count];
        for (var u = 1; u < _firstStates.Length; u++)
        {
            _firstStates[u] = _firstStates[u - 1] + config.Units[u - 1].States;
        }

        for (var i = 0; i < config.Words.Count; i++)
        {
            if (!_entries.TryGetValue(config.Words[i].Text, out var entries))
            {
                _entries[config.Words[i].Text] = entries = [];
            }

            entries.Add(i);
        }

        _loop = new Lazy<HmmNetwork>(WordLoop);
    }

    /// <summary>Units, words and front end.</summary>
    public HmmGmmConfig Config { get; }

    /// <summary>b_j(o) of every state.</summary>
    public GaussianMixtures Emissions { get; }

    /// <summary>a_jj of every state.</summary>
    public ReadOnlySpan<float> SelfLoops => _selfLoops;

    /// <summary>Time from one frame to the next.</summary>
    public TimeSpan FrameShift => TimeSpan.FromMilliseconds(Config.FrameShift);

    /// <summary>Opens a model folder.</summary>
    public static HmmGmm Load(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        using var json = new ModelFolder(path).Config();
        return Load(checkpoint, json.RootElement);
    }

    /// <summary>Writes a model folder.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        long states = Config.States;
        SafetensorsFile.Write(
            Path.Combine(folder, "model.safetensors"),
            [
                new("mixture_weights", TensorData.Of(Emissions.Weights.Span, states, Config.Gaussians)),
                new("means", TensorData.Of(Emissions.Means.Span, states, Config.Gaussians, Config.Dim)),
                new("variances", TensorData.Of(Emissions.Variances.Span, states, Config.Gaussians, Config.Dim)),
                new("self_loops", TensorData.Of(SelfLoops, states)),
            ]);
        var config = Path.Combine(folder, "config.json");
        File.WriteAllText(config + ".part", JsonSerializer.Serialize(Config, HmmGmmJson.Default.HmmGmmConfig), new UTF8Encoding(false));
        File.Move(config + ".part", config, overwrite: true);
    }

    /// <summary>o_1 … o_T [frames, dim] of 16 kHz samples in ±1.</summary>
    public FeatureMatrix Features(ReadOnlySpan<float> samples) => _features.Extract(samples);

    /// <summary>ln P(O | words): all ways of saying the words summed, by the forward recursion; −∞ when there are fewer frames than states.</summary>
    public double LogLikelihood(FeatureMatrix features, IEnumerable<string> words)
    {
        var (network, frames) = (Sentence(words), Check(features));
        return Trellis(network, features).Forward()[(frames * network.Nodes.Count) + network.End];
    }

    /// <summary>Where in the recording known words, their phones and states are: the best path through them.</summary>
    /// <exception cref="InvalidDataException">A word that the model does not know, or fewer frames than the words have states.</exception>
    public HmmAlignment Align(FeatureMatrix features, IEnumerable<string> words)
    {
        var network = Sentence(words);
        var (probability, path) = Trellis(network, features).Viterbi();
        return path.Count > 0 ? HmmAlignment.Of(this, network, path, probability)
            : throw new InvalidDataException($"{Check(features)} frames are fewer than the words have states; they cannot have been said in this time");
    }

    /// <summary>The words that the best path through all rows of words passes, with their phones and states.</summary>
    public HmmAlignment Recognize(FeatureMatrix features)
    {
        var network = _loop.Value;
        var trellis = Trellis(network, features);
        var (probability, path) = trellis.Viterbi();
        var alignment = HmmAlignment.Of(this, network, path, probability);
        return alignment.Words.Count == 0 ? alignment : alignment with { WordPosteriors = Posteriors(trellis, network, alignment, features.Frames) };
    }

    internal static HmmGmm Load(Checkpoint checkpoint, JsonElement json)
    {
        var config = HmmGmmConfig.Parse(json);
        var (weights, means, variances, selfLoops) = Weights.Build(new CheckpointWeights(checkpoint), w => new HmmGmmParameters(
            w.Get("mixture_weights", [config.States, config.Gaussians]), w.Get("means", [config.States, config.Gaussians, config.Dim]),
            w.Get("variances", [config.States, config.Gaussians, config.Dim]), w.Get("self_loops", [config.States]))).Model;
        return new HmmGmm(config, weights.ToArray(), means.ToArray(), variances.ToArray(), selfLoops.ToArray());
    }

    internal bool Knows(string word) => _entries.ContainsKey(word);

    internal int FirstState(int unit) => _firstStates[unit];

    /// <summary>Words in a row, in any of their pronunciations, with silence around and between them or not.</summary>
    internal HmmNetwork Sentence(IEnumerable<string> words)
    {
        var network = new HmmNetwork();
        var at = OptionalSilence(network, network.AddNull());
        foreach (var word in words)
        {
            if (!_entries.TryGetValue(word, out var entries))
            {
                throw new InvalidDataException($"the model does not know the word \"{word}\"");
            }

            // The end of a word has a higher number than its beginning, though not than its states: they are no null states.
            var end = network.AddNull();
            foreach (var entry in entries)
            {
                network.AddChain(this, Config.Words[entry].Units, entry, at, end, -Math.Log(entries.Count));
            }

            at = OptionalSilence(network, end);
        }

        return network.Finish(at);
    }

    /// <summary>ln b_j(o_t) [frames, slots] of the states of a network.</summary>
    internal double[] LogDensities(HmmNetwork network, ReadOnlySpan<float> padded, int frames)
    {
        int[] states = [.. network.Emissions];
        if ((long)frames * states.Length > MaxDensities)
        {
            throw new InvalidDataException($"{frames} frames with {states.Length} states are more than this program holds; cut the recording and its text into parts");
        }

        var densities = new double[frames * states.Length];
        var scratch = new float[Config.Gaussians];
        for (var slot = 0; slot < states.Length; slot++)
        {
            for (var t = 0; t < frames; t++)
            {
                densities[(t * states.Length) + slot] = Emissions.LogDensity(padded.Slice(t * Emissions.Stride, Emissions.Stride), states[slot], scratch);
            }
        }

        return densities;
    }

    private HmmTrellis Trellis(HmmNetwork network, FeatureMatrix features)
    {
        var frames = Check(features);
        return new HmmTrellis(network, network.Transitions(_selfLoops), LogDensities(network, Emissions.Pad(features.Values), frames), frames);
    }

    private int Check(FeatureMatrix features)
    {
        ArgumentNullException.ThrowIfNull(features);
        return features.Bins == Config.Dim && features.Layout == FeatureLayout.FramesFirst
            ? features.Frames
            : throw new ArgumentException($"features of {features.Bins} numbers a frame, {features.Layout}; the model takes {Config.Dim}, frames first", nameof(features));
    }

    private int OptionalSilence(HmmNetwork network, int from)
    {
        var to = network.AddNull();
        network.AddChain(this, [Config.Silence], word: -1, from, to, s_half);
        network.Connect(from, to, s_half);
        return to;
    }

    // One null state from which words and silence lead back to it. Words are equally likely; another one costs the penalty.
    private HmmNetwork WordLoop()
    {
        var network = new HmmNetwork();
        var hub = network.AddNull();
        network.AddChain(this, [Config.Silence], word: -1, hub, hub, s_half);
        for (var entry = 0; entry < Config.Words.Count; entry++)
        {
            var word = Config.Words[entry];
            network.AddChain(this, word.Units, entry, hub, hub, s_half - Config.WordPenalty - Math.Log((double)_entries.Count * _entries[word.Text].Count));
        }

        return network.Finish(hub);
    }

    // How sure the model is of a word: the share of all paths that are in it, averaged over its frames.
    private double[] Posteriors(HmmTrellis trellis, HmmNetwork network, HmmAlignment alignment, int frames)
    {
        var (alpha, beta) = (trellis.Forward(), trellis.Backward());
        var likelihood = alpha[(frames * network.Nodes.Count) + network.End];
        return [.. alignment.Words.Select(word =>
        {
            var sum = 0.0;
            for (var node = 0; node < network.Nodes.Count; node++)
            {
                if (network.Nodes[node].Word >= 0 && Config.Words[network.Nodes[node].Word].Text == word.Name)
                {
                    for (var t = word.Start; t < word.End; t++)
                    {
                        sum += trellis.Occupancy(alpha, beta, t + 1, node, likelihood);
                    }
                }
            }

            return Math.Min(1, sum / (word.End - word.Start));
        })];
    }

    private sealed record HmmGmmParameters(Tensor Weights, Tensor Means, Tensor Variances, Tensor SelfLoops);
}
