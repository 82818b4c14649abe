using Parley.Tensors;

namespace Parley.Models;

// Flat start: each recording is dealt out evenly over the states of its words, silence gets the quietest frames. Then Baum-Welch (Rabiner 1989,
// §III.C), all alignments at once, with ever more densities in a state: after some passes the heaviest are split in two. No pass can make the
// recordings less likely: weights, means and variances are the best there are for what was counted, floors and bounds included, and a density that
// explains too little keeps the mean and variance that it has.

/// <summary>Trains HMM-GMM models. The result is a function of recordings and options; the number of cores does not matter.</summary>
public static class HmmGmmTrainer
{
    // Recordings are counted in so many shares, added in their order.
    private const int Shares = 16;
    private const float StartLoop = 0.75f;
    private const double LeastLoop = 1e-3;
    private const double MostLoop = 0.999;
    private const int QuietShare = 10;

    /// <summary>Trains a model of all words that occur.</summary>
    /// <param name="utterances">Recordings with their words.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told after every pass.</param>
    /// <param name="workers">Cores; null: all.</param>
    /// <param name="cancel">Stops between passes.</param>
    /// <exception cref="InvalidDataException">Words or recordings that cannot be used; says which.</exception>
    public static HmmGmm Train(
        IEnumerable<HmmGmmUtterance> utterances, HmmGmmTrainingOptions options, IProgress<HmmGmmProgress>? progress = null, Workers? workers = null, CancellationToken cancel = default) =>
        Train(utterances, options, (pass, _, _) => progress?.Report(pass), from: null, workers, cancel);

    /// <summary>The same, told of the models too, and able to go on where another run was.</summary>
    /// <param name="utterances">Recordings with their words.</param>
    /// <param name="options">How.</param>
    /// <param name="passed">Told after every pass: the model that it made, and the one with which the next begins.</param>
    /// <param name="from">Passes that are done, and the model with which the next begins; null: none.</param>
    /// <param name="workers">Cores; null: all.</param>
    /// <param name="cancel">Stops between passes.</param>
    internal static HmmGmm Train(
        IEnumerable<HmmGmmUtterance> utterances, HmmGmmTrainingOptions options, Action<HmmGmmProgress, HmmGmm, HmmGmm> passed, (int Passes, HmmGmm Model)? from, Workers? workers, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(utterances);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        workers ??= Workers.Shared;
        HmmGmmUtterance[] all = [.. utterances];
        var texts = all.Select(u => u.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToArray();
        var model = from?.Model ?? Empty(all, texts, options);
        var recordings = HmmRecording.Prepare(model, all, texts, workers, cancel);
        string[] leftOut = [.. recordings.Where(r => r.Frames < r.Shortest).Select(r => r.Where)];
        if (leftOut.Length == recordings.Length)
        {
            throw new InvalidDataException($"hmm-gmm: all {leftOut.Length} recordings are too short for their words, {leftOut[0]} for one; are texts and recordings of each other?");
        }

        return Train(model, [.. recordings.Where(r => r.Frames >= r.Shortest)], options, passed, from?.Passes ?? 0, leftOut, workers, cancel);
    }

    /// <summary>Trains a model; when no passes are done it has one density a state, and only its configuration counts.</summary>
    internal static HmmGmm Train(
        HmmGmm model, IReadOnlyList<HmmRecording> recordings, HmmGmmTrainingOptions options, Action<HmmGmmProgress, HmmGmm, HmmGmm> passed, int done, IReadOnlyList<string> leftOut, Workers workers, CancellationToken cancel)
    {
        var floor = Variances(recordings, model.Config.Dim).Select(v => v * options.VarianceFloor).ToArray();
        model = done > 0 ? model : FlatStart(model, recordings, floor);
        int[] schedule = [.. Schedule(options)];
        for (var i = done; i < schedule.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            var counts = Count(model, recordings, workers);
            model = Estimate(model, counts, floor, options.MinOccupancy, loops: true);
            var next = i + 1 < schedule.Length && schedule[i + 1] > schedule[i] ? Split(model, counts, schedule[i + 1], options) : model;
            passed(new HmmGmmProgress(i + 1, schedule.Length, schedule[i], counts.LogLikelihood / counts.Frames, leftOut), model, next);
            model = next;
        }

        return model;
    }

    /// <summary>Densities of a state in each pass: 1, 2, 4 and so on.</summary>
    private static IEnumerable<int> Schedule(HmmGmmTrainingOptions options)
    {
        for (var gaussians = 1; ; gaussians = Math.Min(2 * gaussians, options.Gaussians))
        {
            var isLast = gaussians == options.Gaussians;
            for (var i = 0; i < options.IterationsPerSplit + (isLast ? options.FinalIterations : 0); i++)
            {
                yield return gaussians;
            }

            if (isLast)
            {
                yield break;
            }
        }
    }

    /// <summary>A model of the words with densities that know nothing.</summary>
    private static HmmGmm Empty(HmmGmmUtterance[] all, string[][] texts, HmmGmmTrainingOptions options)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < all.Length; i++)
        {
            foreach (var word in texts[i])
            {
                words.TryAdd(word, all[i].Where);
            }
        }

        if (words.Count == 0)
        {
            throw new InvalidDataException("hmm-gmm: there are no recordings with words to train on");
        }

        var (units, entries) = HmmLexicon.Make(words, options);
        var config = new HmmGmmConfig(
            units, entries, Silence: 0, Gaussians: 1, MelBins: options.MelBins, LowFrequency: options.LowFrequency, HighFrequency: options.HighFrequency, FrameLength: options.FrameLength,
            FrameShift: options.FrameShift, SubtractMean: options.SubtractMean, NormalizeVariance: options.NormalizeVariance, WordPenalty: options.WordPenalty);
        config.Validate();
        return new HmmGmm(config, Filled(config.States, 1), new float[config.States * config.Dim], Filled(config.States * config.Dim, 1), Filled(config.States, StartLoop));
    }

    /// <summary>Each state from an even share of the recordings.</summary>
    private static HmmGmm FlatStart(HmmGmm model, IReadOnlyList<HmmRecording> recordings, double[] floor)
    {
        var (dim, stride) = (model.Config.Dim, model.Emissions.Stride);
        var counts = new HmmStatistics(model.Config.States, mixtures: 1, dim);
        foreach (var recording in recordings)
        {
            for (var t = 0; t < recording.Frames && recording.States.Length > 0; t++)
            {
                counts.Add(recording.States[(int)((long)t * recording.States.Length / recording.Frames)], recording.Features.AsSpan(t * stride, dim));
            }

            var first = model.FirstState(model.Config.Silence);
            var quiet = Enumerable.Range(0, recording.Frames).OrderBy(t => recording.Features[t * stride]).Take((recording.Frames + QuietShare - 1) / QuietShare).ToArray();
            foreach (var t in quiet)
            {
                for (var state = first; state < first + model.Config.Units[model.Config.Silence].States; state++)
                {
                    counts.Add(state, recording.Features.AsSpan(t * stride, dim));
                }
            }
        }

        // States that only a second pronunciation has start from all frames.
        var start = new HmmGmm(model.Config, Filled(model.Config.States, 1), Repeated(Means(recordings, dim), model.Config.States), Repeated(Variances(recordings, dim), model.Config.States), Filled(model.Config.States, StartLoop));
        return Estimate(start, counts, floor, minOccupancy: 1, loops: false);
    }

    /// <summary>The expectation step: what all recordings say under the present parameters.</summary>
    private static HmmStatistics Count(HmmGmm model, IReadOnlyList<HmmRecording> recordings, Workers workers)
    {
        var shares = new HmmStatistics[Math.Min(Shares, recordings.Count)];
        workers.Run(shares.Length, share =>
        {
            shares[share] = new HmmStatistics(model.Config.States, model.Config.Gaussians, model.Config.Dim);
            for (var i = share; i < recordings.Count; i += shares.Length)
            {
                shares[share].Add(model, recordings[i].Network, recordings[i].Features, recordings[i].Frames);
            }
        });
        foreach (var share in shares.Skip(1))
        {
            shares[0].Add(share);
        }

        return shares[0];
    }

    /// <summary>The maximisation step: parameters from counts (eq. 40 and 52-54).</summary>
    private static HmmGmm Estimate(HmmGmm model, HmmStatistics counts, double[] floor, double minOccupancy, bool loops)
    {
        var (mixtures, dim) = (model.Config.Gaussians, model.Config.Dim);
        var (weights, means, variances, selfLoops) = (model.Emissions.Weights.ToArray(), model.Emissions.Means.ToArray(), model.Emissions.Variances.ToArray(), model.SelfLoops.ToArray());
        for (var state = 0; state < selfLoops.Length; state++)
        {
            var occupancies = counts.Occupancy.AsSpan(state * mixtures, mixtures);
            var total = Sum(occupancies);
            if (total < 1)
            {
                continue;
            }

            selfLoops[state] = loops ? (float)Math.Clamp(counts.Stays[state] / total, LeastLoop, MostLoop) : selfLoops[state];
            for (var m = 0; m < mixtures; m++)
            {
                var component = (state * mixtures) + m;
                weights[component] = (float)(occupancies[m] / total);
                for (var d = component * dim; occupancies[m] >= minOccupancy && d < (component + 1) * dim; d++)
                {
                    var mean = counts.Sums[d] / occupancies[m];
                    (means[d], variances[d]) = ((float)mean, (float)Math.Max((counts.Squares[d] / occupancies[m]) - (mean * mean), floor[d - (component * dim)]));
                }
            }
        }

        return new HmmGmm(model.Config, weights, means, variances, selfLoops);
    }

    /// <summary>Gives every state up to so many densities by splitting those that explain most in two.</summary>
    private static HmmGmm Split(HmmGmm model, HmmStatistics counts, int gaussians, HmmGmmTrainingOptions options)
    {
        var (states, before, dim) = (model.Config.States, model.Config.Gaussians, model.Config.Dim);
        var (weights, means, variances) = (new float[states * gaussians], new float[states * gaussians * dim], Filled(states * gaussians * dim, 1));
        for (var state = 0; state < states; state++)
        {
            var occupancies = new double[gaussians];
            counts.Occupancy.AsSpan(state * before, before).CopyTo(occupancies);
            model.Emissions.Weights.Span.Slice(state * before, before).CopyTo(weights.AsSpan(state * gaussians));
            model.Emissions.Means.Span.Slice(state * before * dim, before * dim).CopyTo(means.AsSpan(state * gaussians * dim));
            model.Emissions.Variances.Span.Slice(state * before * dim, before * dim).CopyTo(variances.AsSpan(state * gaussians * dim));
            for (var added = before; added < gaussians; added++)
            {
                var heaviest = occupancies.AsSpan().IndexOf(occupancies.Max());
                if (occupancies[heaviest] < options.SplitOccupancy)
                {
                    break;
                }

                var (one, other) = ((state * gaussians) + heaviest, (state * gaussians) + added);
                occupancies[heaviest] = occupancies[added] = occupancies[heaviest] / 2;
                weights[one] = weights[other] = weights[one] / 2;
                for (var d = 0; d < dim; d++)
                {
                    var (mean, variance) = (means[(one * dim) + d], variances[(one * dim) + d]);
                    var move = (float)(options.SplitDistance * Math.Sqrt(variance));
                    (means[(one * dim) + d], means[(other * dim) + d], variances[(other * dim) + d]) = (mean - move, mean + move, variance);
                }
            }
        }

        return new HmmGmm(model.Config with { Gaussians = gaussians }, weights, means, variances, model.SelfLoops.ToArray());
    }

    private static float[] Means(IReadOnlyList<HmmRecording> recordings, int dim) => [.. Moments(recordings, dim).Select(m => (float)m.Mean)];

    private static float[] Variances(IReadOnlyList<HmmRecording> recordings, int dim) => [.. Moments(recordings, dim).Select(m => (float)Math.Max(m.Variance, 1e-6))];

    private static (double Mean, double Variance)[] Moments(IReadOnlyList<HmmRecording> recordings, int dim)
    {
        var counts = new HmmStatistics(1, 1, dim);
        foreach (var recording in recordings)
        {
            for (var t = 0; t < recording.Frames; t++)
            {
                counts.Add(0, recording.Features.AsSpan(t * recording.Stride, dim));
            }
        }

        var count = counts.Occupancy[0];
        return [.. counts.Sums.Zip(counts.Squares, (s, q) => (s / count, (q / count) - (s / count * (s / count))))];
    }

    private static double Sum(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum;
    }

    private static float[] Filled(int count, float value)
    {
        var values = new float[count];
        Array.Fill(values, value);
        return values;
    }

    private static float[] Repeated(float[] row, int times) => [.. Enumerable.Repeat(row, times).SelectMany(r => r)];
}
