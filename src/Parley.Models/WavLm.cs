using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// WavLM (Chen et al. 2021, arXiv 2110.13900): wav2vec 2.0 whose attention adds a learned value for each distance between frames, taken from
// buckets that widen with the distance and gated by what the querying frame holds. The first block owns the table; all blocks share it.
// Names: Hugging Face checkpoints. Checked against huggingface/transformers:models/wavlm/modeling_wavlm.py.

/// <summary>A transformer block with gated relative positions; norms after or before its parts.</summary>
internal sealed class WavLmBlock(Weights w, Wav2Vec2Config c) : ISpeechBlock
{
    private readonly SpeechAttention _attention = new(w["attention"], c);
    private readonly WavLmGate _gate = new(w["attention"], c);
    private readonly LayerNorm _attentionNorm = new(w["layer_norm"], c.Dim, c.LayerNormEpsilon);
    private readonly SpeechFeedForward _feedForward = new(w["feed_forward"], c);
    private readonly LayerNorm _finalNorm = new(w["final_layer_norm"], c.Dim, c.LayerNormEpsilon);

    public Tensor Forward(Tensor x, Tensor? relations, int[]? frames)
    {
        var h = Attend(c.PreNorm ? _attentionNorm.Forward(x) : x, x, relations!, frames);
        if (c.PreNorm)
        {
            return _feedForward.Forward(_finalNorm.Forward(h), residual: h);
        }

        h = _attentionNorm.Forward(h);
        return _finalNorm.Forward(_feedForward.Forward(h, residual: h));
    }

    // One utterance at a time: the gated biases are as large as the scores, which attention itself never holds whole.
    private Tensor Attend(Tensor x, Tensor residual, Tensor relations, int[]? frames)
    {
        var parts = new Tensor[x.Shape[0]];
        for (var i = 0; i < parts.Length; i++)
        {
            var (entry, own, length) = (x.Slice(0, i, i + 1), residual.Slice(0, i, i + 1), frames?[i]);
            parts[i] = TensorScope.Run(() =>
            {
                var bias = _gate.Forward(entry) * relations;                  // [1, heads, frames, frames]
                return _attention.Forward(entry, length is { } valid ? [valid] : null, own, bias);
            });
        }

        return Tensor.Concat(0, parts);
    }
}

/// <summary>How much of the position bias each frame takes, for each head (§3.2 of the paper).</summary>
internal sealed class WavLmGate(Weights w, Wav2Vec2Config c)
{
    private readonly Linear _linear = new(w["gru_rel_pos_linear"], c.Dim / c.Heads, 8);
    private readonly Tensor _constant = w.Get("gru_rel_pos_const", [1, c.Heads, 1, 1], Init.Ones);

    /// <summary>x [batch, frames, dim] to factors [batch, heads, frames, 1].</summary>
    public Tensor Forward(Tensor x)
    {
        var gates = _linear.Forward(SpeechAttention.Split(x, c.Heads).Contiguous());         // [batch, heads, frames, 8]
        gates = gates.Reshape(x.Shape[0], c.Heads, x.Shape[1], 2, 4).Sum(-1).Reshape(x.Shape[0], c.Heads, x.Shape[1], 2).Sigmoid();
        var (reset, update) = (gates.Slice(3, 0, 1), gates.Slice(3, 1, 2));
        return (reset * ((update * _constant) - 1f)) + 2f;
    }
}

/// <summary>The bias of every pair of frames before it is gated.</summary>
internal static class WavLmPositions
{
    /// <summary>From a number of frames to biases [heads, frames, frames].</summary>
    public static Func<int, Tensor> Table(Weights attention, Wav2Vec2Config c)
    {
        var table = attention["rel_attn_embed"].Get("weight", [c.Buckets, c.Heads], Init.Normal(0.02f));
        return frames => Biases(table, c, frames);
    }

    private static Tensor Biases(Tensor table, Wav2Vec2Config c, int frames)
    {
        if (table.NeedsGradient)
        {
            int[] buckets = [.. Enumerable.Range(0, frames * frames).Select(i => Bucket((i % frames) - (i / frames), c))];
            return table.Gather(new IntTensor(buckets, [frames, frames])).Permute(2, 0, 1);
        }

        // Bias of distance d = key − query at index d + frames − 1, one row a head; every query's row is a window of it.
        var values = table.Values;
        var row = new float[(2 * frames) - 1];
        var biases = Tensor.Empty([c.Heads, frames, frames], table.Backend);
        for (var head = 0; head < c.Heads; head++)
        {
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = values[(Bucket(i - frames + 1, c) * c.Heads) + head];
            }

            biases.Select(0, head).Fill(target =>
            {
                for (var query = 0; query < frames; query++)
                {
                    row.AsSpan(frames - 1 - query, frames).CopyTo(target.Slice(query * frames, frames));
                }
            });
        }

        return biases;
    }

    /// <summary>Half of the buckets for keys after the query; in each half, single distances first and then ranges that grow by a factor.</summary>
    internal static int Bucket(int distance, Wav2Vec2Config c)
    {
        var half = c.Buckets / 2;
        var (exact, offset, size) = (half / 2, distance > 0 ? half : 0, Math.Abs(distance));
        if (size < exact)
        {
            return offset + size;
        }

        // In float32 like the reference: a bucket's edge may fall on a whole distance.
        var ratio = MathF.Log((float)size / exact) / (float)Math.Log((double)c.MaxBucketDistance / exact) * (half - exact);
        return offset + Math.Min((int)(exact + ratio), half - 1);
    }
}
