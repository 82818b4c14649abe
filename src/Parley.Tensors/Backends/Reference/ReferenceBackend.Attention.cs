namespace Parley.Tensors;

// Attention by its definition, one row of scores at a time.
internal sealed unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    internal override void Attention(Tensor q, Tensor k, Tensor v, AttentionOptions options, Tensor y)
    {
        var (batch, heads, queries, dim) = (q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3]);
        var (keys, width, share) = (k.Shape[2], v.Shape[3], heads / k.Shape[1]);
        var bias = options.Bias?.Expand([batch, heads, queries, keys]);
        var scores = new double[keys];
        for (var b = 0; b < batch; b++)
        {
            for (var h = 0; h < heads; h++)
            {
                for (var i = 0; i < queries; i++)
                {
                    var seen = options.KeyLengths is { } lengths ? lengths[b] : keys;
                    seen = options.Causal ? Math.Clamp(i + keys - queries + 1, 0, seen) : seen;
                    var max = double.NegativeInfinity;
                    for (var j = 0; j < seen; j++)
                    {
                        var dot = 0.0;
                        for (var d = 0; d < dim; d++)
                        {
                            dot += (double)At(q, b, h, i, d) * At(k, b, h / share, j, d);
                        }

                        scores[j] = (dot * options.Scale) + (bias is null ? 0 : At(bias, b, h, i, j));
                        max = Math.Max(max, scores[j]);
                    }

                    var sum = 0.0;
                    for (var j = 0; j < seen; j++)
                    {
                        scores[j] = double.IsNegativeInfinity(max) ? 0 : Math.Exp(scores[j] - max);
                        sum += scores[j];
                    }

                    for (var d = 0; d < width; d++)
                    {
                        var total = 0.0;
                        for (var j = 0; j < seen; j++)
                        {
                            total += scores[j] * At(v, b, h / share, j, d);
                        }

                        y.Span[(((((b * heads) + h) * queries) + i) * width) + d] = sum == 0 ? 0 : (float)(total / sum);
                    }
                }
            }
        }
    }

    private static float At(Tensor x, int a, int b, int c, int d) =>
        x.Pointer[(a * x.Strides[0]) + (b * x.Strides[1]) + (c * x.Strides[2]) + (d * x.Strides[3])];
}
