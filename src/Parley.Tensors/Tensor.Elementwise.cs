namespace Parley.Tensors;

// Element by element. Two tensors broadcast as in NumPy; a number is the same everywhere.
public sealed unsafe partial class Tensor
{
    /// <summary>Sum; shapes broadcast as in NumPy.</summary>
    public static Tensor operator +(Tensor a, Tensor b) => Binary("add", BinaryOp.Add, a, b);

    /// <summary>Difference; shapes broadcast as in NumPy.</summary>
    public static Tensor operator -(Tensor a, Tensor b) => Binary("subtract", BinaryOp.Subtract, a, b);

    /// <summary>Elementwise product; shapes broadcast as in NumPy.</summary>
    public static Tensor operator *(Tensor a, Tensor b) => Binary("multiply", BinaryOp.Multiply, a, b);

    /// <summary>Quotient; shapes broadcast as in NumPy.</summary>
    public static Tensor operator /(Tensor a, Tensor b) => Binary("divide", BinaryOp.Divide, a, b);

    /// <summary>Adds a number.</summary>
    public static Tensor operator +(Tensor a, float b) => Affine(a, scale: 1f, shift: b);

    /// <summary>Adds to a number.</summary>
    public static Tensor operator +(float a, Tensor b) => Affine(b, scale: 1f, shift: a);

    /// <summary>Subtracts a number.</summary>
    public static Tensor operator -(Tensor a, float b) => Affine(a, scale: 1f, shift: -b);

    /// <summary>Subtracts from a number.</summary>
    public static Tensor operator -(float a, Tensor b) => Affine(b, scale: -1f, shift: a);

    /// <summary>Multiplies by a number.</summary>
    public static Tensor operator *(Tensor a, float b) => Affine(a, scale: b, shift: 0f);

    /// <summary>Multiplies a number.</summary>
    public static Tensor operator *(float a, Tensor b) => Affine(b, scale: a, shift: 0f);

    /// <summary>Divides by a number.</summary>
    public static Tensor operator /(Tensor a, float b) => a / Number(a, b);

    /// <summary>Divides a number.</summary>
    public static Tensor operator /(float a, Tensor b) => Number(b, a) / b;

    /// <summary>−x.</summary>
    public static Tensor operator -(Tensor x) => Unary(UnaryOp.Negate, x);

    /// <summary>−x.</summary>
    public Tensor Neg() => Unary(UnaryOp.Negate, this);

    /// <summary>|x|.</summary>
    public Tensor Abs() => Unary(UnaryOp.Abs, this);

    /// <summary>e^x.</summary>
    public Tensor Exp() => Unary(UnaryOp.Exp, this);

    /// <summary>Natural logarithm.</summary>
    public Tensor Log() => Unary(UnaryOp.Log, this);

    /// <summary>Square root.</summary>
    public Tensor Sqrt() => Unary(UnaryOp.Sqrt, this);

    /// <summary>x².</summary>
    public Tensor Square() => Unary(UnaryOp.Square, this);

    /// <summary>Sine, in radians.</summary>
    public Tensor Sin() => Unary(UnaryOp.Sin, this);

    /// <summary>Cosine, in radians.</summary>
    public Tensor Cos() => Unary(UnaryOp.Cos, this);

    /// <summary>Hyperbolic tangent.</summary>
    public Tensor Tanh() => Unary(UnaryOp.Tanh, this);

    /// <summary>1 / (1 + exp −x).</summary>
    public Tensor Sigmoid() => Unary(UnaryOp.Sigmoid, this);

    /// <summary>max(x, 0).</summary>
    public Tensor Relu() => Unary(UnaryOp.Relu, this);

    /// <summary>x Φ(x), exact; see <see cref="GeluTanh"/> for the approximation.</summary>
    public Tensor Gelu() => Unary(UnaryOp.Gelu, this);

    /// <summary>The tanh approximation of GELU.</summary>
    public Tensor GeluTanh() => Unary(UnaryOp.GeluTanh, this);

    /// <summary>x σ(x), also called swish.</summary>
    public Tensor Silu() => Unary(UnaryOp.Silu, this);

    /// <summary>Applies the activation that a configuration names.</summary>
    public Tensor Activate(Activation activation) => activation switch
    {
        Activation.None => this,
        Activation.Relu => Relu(),
        Activation.Gelu => Gelu(),
        Activation.GeluTanh => GeluTanh(),
        Activation.Silu => Silu(),
        Activation.Tanh => Tanh(),
        Activation.Sigmoid => Sigmoid(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "activate: unknown activation"),
    };

    /// <summary>The larger of each pair; shapes broadcast as in NumPy, NaN wins.</summary>
    public Tensor Maximum(Tensor other) => Binary("maximum", BinaryOp.Maximum, this, other);

    /// <summary>The larger of each element and a number.</summary>
    public Tensor Maximum(float other) => Maximum(Number(this, other));

    /// <summary>The smaller of each pair; shapes broadcast as in NumPy, NaN wins.</summary>
    public Tensor Minimum(Tensor other) => Binary("minimum", BinaryOp.Minimum, this, other);

    /// <summary>The smaller of each element and a number.</summary>
    public Tensor Minimum(float other) => Minimum(Number(this, other));

    /// <summary>Elements below <paramref name="min"/> become it, elements above <paramref name="max"/> become that.</summary>
    public Tensor Clamp(float min, float max) => min <= max
        ? Maximum(min).Minimum(max)
        : throw new ArgumentException($"clamp: min {min} is above max {max}", nameof(min));

    private static Tensor Unary(UnaryOp op, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var fromResult = Backend.DerivesFromResult(op);
        var saves = fromResult ? Saves.Result : op is UnaryOp.Negate or UnaryOp.Step ? Saves.Nothing : Saves.Inputs;
        return Record(op.ToString(), x.Backend, x.Shape, y => x.Backend.Unary(op, x, y), [x], saves, (g, y) =>
            [Compute(x.Backend, x.Shape, dx => x.Backend.UnaryGradient(op, saves == Saves.Nothing ? g : fromResult ? y : x, g, dx))]);
    }

    private static Tensor Binary(string name, BinaryOp op, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var backend = Common(name, a, b);
        var saves = op is BinaryOp.Add or BinaryOp.Subtract ? Saves.Nothing : Saves.Inputs;
        return Record(name, backend, Shape.Broadcast(name, a.Shape, b.Shape), y => backend.Binary(op, a, b, y), [a, b], saves, (g, _) =>
        [
            a.NeedsGradient ? LeftGradient(op, a, b, g).SumTo(a.Shape) : null,
            b.NeedsGradient ? RightGradient(op, a, b, g).SumTo(b.Shape) : null,
        ]);
    }

    private static Tensor LeftGradient(BinaryOp op, Tensor a, Tensor b, Tensor g) => op switch
    {
        BinaryOp.Add or BinaryOp.Subtract => g,
        BinaryOp.Multiply => g * b,
        BinaryOp.Divide => g / b,
        BinaryOp.Maximum => g * (a - b).Step(),
        BinaryOp.Minimum => g * (b - a).Step(),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function"),
    };

    private static Tensor RightGradient(BinaryOp op, Tensor a, Tensor b, Tensor g) => op switch
    {
        BinaryOp.Add => g,
        BinaryOp.Subtract => -g,
        BinaryOp.Multiply => g * a,
        BinaryOp.Divide => -(g * a / b.Square()),
        BinaryOp.Maximum => g * (b - a).Step(),
        BinaryOp.Minimum => g * (a - b).Step(),
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, "unknown function"),
    };

    /// <summary>1 above 0, 0 below, ½ between: two equal inputs of a maximum share its gradient.</summary>
    private Tensor Step() => Unary(UnaryOp.Step, this);

    private static Tensor Affine(Tensor x, float scale, float shift)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Record("affine", x.Backend, x.Shape, y => x.Backend.Affine(x, scale, shift, y), [x], Saves.Nothing, (g, _) => [g * scale]);
    }

    private static Tensor Number(Tensor like, float value)
    {
        ArgumentNullException.ThrowIfNull(like);
        return From([value], [], like.Backend);
    }
}
