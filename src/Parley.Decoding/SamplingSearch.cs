using System.Numerics.Tensors;
using Parley.Tensors;

namespace Parley.Decoding;

/// <summary>Takes the likeliest token at each step, or draws one at a temperature; every row on its own.</summary>
/// <param name="EndToken">Ends a row.</param>
/// <param name="MaxTokens">Most tokens chosen.</param>
/// <param name="Temperature">0: the likeliest; else scores are divided by it before drawing.</param>
/// <param name="Seed">Of the draws.</param>
public sealed record SamplingSearch(int EndToken, int MaxTokens, double Temperature = 0, int Seed = 0)
{
    /// <summary>Decodes until every row has ended.</summary>
    /// <param name="model">The model after its prompt.</param>
    /// <param name="logits">Scores of the first token [rows, vocabulary]; used as working memory.</param>
    /// <param name="filters">Applied in order before each choice.</param>
    /// <param name="inputs">A number for each group; with the seed it decides the group's draws, whatever is decoded beside it. Null: its place.</param>
    /// <param name="workers">Chooses for several rows at a time, which must not change what a filter does; null: one after another.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>For each group, the hypotheses of its rows.</returns>
    public Hypothesis[][] Run(
        IStepModel model, Memory<float> logits, IReadOnlyList<ILogitFilter> filters, IReadOnlyList<int>? inputs = null, Workers? workers = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(filters);
        var (beams, vocab) = (model.Beams, model.VocabSize);
        var rows = Enumerable.Range(0, model.Groups * beams).Select(i => new Row(new Random(DrawSeed(Seed, inputs?[i / beams] ?? i / beams, i % beams)))).ToArray();
        var live = Enumerable.Range(0, model.Groups).ToArray();
        var most = Math.Min(MaxTokens, model.Room + 1);
        for (var step = 0; step < most; step++)
        {
            cancel.ThrowIfCancellationRequested();
            var next = new int[live.Length * beams];
            void Take(int i) => next[i] = Choose(rows[(live[i / beams] * beams) + (i % beams)], logits.Span.Slice(i * vocab, vocab), filters);
            if (workers is not null)
            {
                workers.Run(next.Length, Take);
            }
            else
            {
                for (var i = 0; i < next.Length; i++)
                {
                    Take(i);
                }
            }

            var kept = Survivors.Of(live.Length, g => Enumerable.Range(0, beams).Any(b => !rows[(live[g] * beams) + b].Ended));
            if (kept.Length == 0 || step == most - 1)
            {
                break;
            }

            if (kept.Length < live.Length)
            {
                model.KeepGroups(kept);
                next = [.. kept.SelectMany(g => next.AsSpan(g * beams, beams).ToArray())];
                live = [.. kept.Select(g => live[g])];
            }

            model.Step(next, logits.Span[..(next.Length * vocab)]);
        }

        return [.. rows.Chunk(beams).Select(group => group.Select(r => new Hypothesis(r.Tokens, r.SumLogProb, r.Ended)).ToArray())];
    }

    /// <summary>One number of three, the same in every process (the finaliser of SplitMix64, Steele et al. 2014).</summary>
    private static int DrawSeed(int seed, int input, int row)
    {
        var mixed = Mix(Mix(((ulong)(uint)seed << 32) | (uint)input) + (uint)row);
        return (int)(mixed >> 32);

        static ulong Mix(ulong x)
        {
            x += 0x9E3779B97F4A7C15;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return x ^ (x >> 31);
        }
    }

    private int Choose(Row row, Span<float> logits, IReadOnlyList<ILogitFilter> filters)
    {
        if (row.Ended)
        {
            return EndToken;
        }

        LogMath.ThrowIfUnusable(logits);
        foreach (var filter in filters)
        {
            filter.Apply(logits, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(row.Tokens));
        }

        var normaliser = LogMath.LogSumExp(logits);
        var token = Temperature == 0 || float.IsNegativeInfinity(normaliser) ? TensorPrimitives.IndexOfMax(logits) : Draw(row.Random, logits);
        if (float.IsNegativeInfinity(normaliser))
        {
            // Every token is forbidden: the text can only end here.
            row.Ended = true;
            return EndToken;
        }

        row.SumLogProb += logits[token] - normaliser;
        if (token == EndToken)
        {
            row.Ended = true;
        }
        else
        {
            row.Tokens.Add(token);
        }

        return token;
    }

    private int Draw(Random random, ReadOnlySpan<float> logits)
    {
        // Gumbel-max would need a logarithm a token; walking the cumulative sum needs one exponential.
        var scaled = new float[logits.Length];
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), scaled);
        TensorPrimitives.Multiply(scaled, (float)(1 / Temperature), scaled);
        TensorPrimitives.Exp(scaled, scaled);
        double total = 0;
        foreach (var weight in scaled)
        {
            total += weight;
        }

        var left = random.NextDouble() * total;
        var last = 0;
        for (var i = 0; i < scaled.Length; i++)
        {
            if (scaled[i] > 0)
            {
                last = i;
                left -= scaled[i];
                if (left < 0)
                {
                    break;
                }
            }
        }

        return last;
    }

    private sealed class Row(Random random)
    {
        public Random Random { get; } = random;

        public List<int> Tokens { get; } = [];

        public double SumLogProb { get; set; }

        public bool Ended { get; set; }
    }
}
