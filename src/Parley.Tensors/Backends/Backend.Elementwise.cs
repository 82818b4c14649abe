namespace Parley.Tensors;

/// <summary>Functions of one number.</summary>
public enum UnaryOp
{
    /// <summary>-x.</summary>
    Negate,

    /// <summary>|x|.</summary>
    Abs,

    /// <summary>e^x.</summary>
    Exp,

    /// <summary>ln x.</summary>
    Log,

    /// <summary>√x.</summary>
    Sqrt,

    /// <summary>x².</summary>
    Square,

    /// <summary>sin x.</summary>
    Sin,

    /// <summary>cos x.</summary>
    Cos,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>1 / (1 + exp −x).</summary>
    Sigmoid,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x Φ(x), exact.</summary>
    Gelu,

    /// <summary>The tanh form of GELU.</summary>
    GeluTanh,

    /// <summary>x σ(x).</summary>
    Silu,

    /// <summary>1 above 0, 0 below, ½ otherwise.</summary>
    Step,
}

/// <summary>Functions of two numbers.</summary>
public enum BinaryOp
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a − b.</summary>
    Subtract,

    /// <summary>a b.</summary>
    Multiply,

    /// <summary>a / b.</summary>
    Divide,

    /// <summary>The larger.</summary>
    Maximum,

    /// <summary>The smaller.</summary>
    Minimum,
}

/// <summary>Ways to fold one dimension.</summary>
public enum ReduceOp
{
    /// <summary>Sum.</summary>
    Sum,

    /// <summary>Arithmetic mean.</summary>
    Mean,

    /// <summary>Largest.</summary>
    Max,
}

public abstract partial class Backend
{
    /// <summary>y = x, element by element; both may be strided views of equal shape.</summary>
    internal abstract void Copy(Tensor x, Tensor y);

    /// <summary>y = op(x); x may be strided.</summary>
    internal abstract void Unary(UnaryOp op, Tensor x, Tensor y);

    /// <summary>y = op(a, b) with broadcasting; a and b may be strided.</summary>
    internal abstract void Binary(BinaryOp op, Tensor a, Tensor b, Tensor y);

    /// <summary>y = scale x + shift; x may be strided.</summary>
    internal abstract void Affine(Tensor x, float scale, float shift, Tensor y);

    /// <summary>y = x folded over one axis, which has size 1 in y.</summary>
    internal abstract void Reduce(ReduceOp op, Tensor x, int axis, Tensor y);

    /// <summary>y = index of the largest value of each row of x, the first of equals; NaN counts as largest.</summary>
    internal abstract void ArgMax(Tensor x, Span<int> y);

    /// <summary>y = softmax of x over its last dimension, or its logarithm; rows that are all −∞ give zeros (−∞ for the logarithm).</summary>
    internal abstract void Softmax(Tensor x, bool logarithm, Tensor y);

    /// <summary>Layer norm over the last dimension; weight and bias [dim] may be null.</summary>
    internal abstract void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float epsilon, Tensor y);

    /// <summary>x / √(mean x² + ε) times weight over the last dimension.</summary>
    internal abstract void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor y);

    /// <summary>Norm over groups of channels and all time of x [batch, channels, time], then the activation; weight and bias [channels] may be null.</summary>
    internal abstract void GroupNorm(Tensor x, int groups, Tensor? weight, Tensor? bias, float epsilon, Activation activation, Tensor y);

    /// <summary>y[i] = table[ids[i]]: rows of a table [rows, dim].</summary>
    internal abstract void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y);
}
