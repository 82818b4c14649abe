namespace Parley.Tensors;

// Normalisations: statistics of one example, then a learned scale and shift.
public sealed unsafe partial class Tensor
{
    /// <summary>(x − mean) / √(variance + ε) over the last dimension, times weight [dim] plus bias [dim]; either may be null.</summary>
    /// <remarks>Ba et al. 2016, arXiv 1607.06450.</remarks>
    public Tensor LayerNorm(Tensor? weight, Tensor? bias, float epsilon = 1e-5f)
    {
        NeedsLast("layer norm");
        NeedsVector("layer norm", "weight", weight, Shape[^1]);
        NeedsVector("layer norm", "bias", bias, Shape[^1]);
        return Record("layer norm", Backend, Shape, y => Backend.LayerNorm(this, weight, bias, epsilon, y), [this, weight, bias], Saves.Inputs, (g, _) =>
        {
            var (dx, dw, db) = (Empty(Shape, Backend), Empty([Shape[^1]], Backend), Empty([Shape[^1]], Backend));
            Backend.LayerNormGradient(this, weight, epsilon, g, dx, dw, db);
            return [dx, weight is null ? null : dw, bias is null ? null : db];
        });
    }

    /// <summary>x / √(mean x² + ε) over the last dimension, times weight [dim].</summary>
    /// <remarks>Zhang and Sennrich 2019, arXiv 1910.07467.</remarks>
    public Tensor RmsNorm(Tensor weight, float epsilon = 1e-6f)
    {
        ArgumentNullException.ThrowIfNull(weight);
        NeedsLast("rms norm");
        NeedsVector("rms norm", "weight", weight, Shape[^1]);
        return Record("rms norm", Backend, Shape, y => Backend.RmsNorm(this, weight, epsilon, y), [this, weight], Saves.Inputs, (g, _) =>
        {
            var (dx, dw) = (Empty(Shape, Backend), Empty([Shape[^1]], Backend));
            Backend.RmsNormGradient(this, weight, epsilon, g, dx, dw);
            return [dx, dw];
        });
    }

    /// <summary>Norm over groups of channels and all positions of [batch, channels, ...], then an activation; weight and bias [channels] may be null.</summary>
    /// <remarks>Wu and He 2018, arXiv 1803.08494.</remarks>
    public Tensor GroupNorm(int groups, Tensor? weight, Tensor? bias, float epsilon = 1e-5f, Activation activation = Activation.None)
    {
        if (Shape.Rank < 2 || groups < 1 || Shape[1] % groups != 0)
        {
            throw new ShapeException($"group norm: {Shape} does not split into {groups} groups of channels; it takes [batch, channels, ...]");
        }

        NeedsVector("group norm", "weight", weight, Shape[1]);
        NeedsVector("group norm", "bias", bias, Shape[1]);
        if (!Autograd.Records([this, weight, bias]))
        {
            return Compute(Backend, Shape, y => Backend.GroupNorm(this, groups, weight, bias, epsilon, activation, y));
        }

        // A group is one row of a layer norm without scale and shift; these follow, by channel.
        var size = checked((int)(Count / Shape[0] / groups));
        var x = Reshape(Shape[0] * groups, size).LayerNorm(null, null, epsilon).Reshape(Shape.Dims);
        x = weight is null ? x : x * ByChannel(weight);
        x = bias is null ? x : x + ByChannel(bias);
        return x.Activate(activation);
    }

    /// <summary>A vector [channels] as [channels, 1, …], to go with this [batch, channels, …].</summary>
    private Tensor ByChannel(Tensor vector)
    {
        int[] dims = [vector.Shape[0], .. Enumerable.Repeat(1, Shape.Rank - 2)];
        return vector.Reshape(dims);
    }

    private void NeedsVector(string operation, string name, Tensor? vector, int length)
    {
        if (vector is null)
        {
            return;
        }

        Common(operation, this, vector);
        if (vector.Shape.Rank != 1 || vector.Shape[0] != length)
        {
            throw new ShapeException($"{operation}: {name} {vector.Shape} does not fit x {Shape}, which takes [{length}]");
        }
    }
}
