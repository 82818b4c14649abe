namespace Parley.Tensors;

/// <summary>A register of floats: lets a kernel be written once and compiled for 16, 8 and 4 lanes.</summary>
internal interface ILanes<T>
    where T : struct, ILanes<T>
{
    /// <summary>Floats in the register.</summary>
    static abstract int Count { get; }

    /// <summary>One value in every lane.</summary>
    static abstract T Of(float value);

    /// <summary>One bit pattern in every lane.</summary>
    static abstract T OfBits(int bits);

    /// <summary>Reads Count floats.</summary>
    static abstract unsafe T Load(float* source);

    /// <summary>Reads Count 16-bit integers as floats.</summary>
    static abstract unsafe T LoadShorts(short* source);

    /// <summary>Writes Count floats.</summary>
    unsafe void Store(float* target);

    /// <summary>Sum.</summary>
    static abstract T operator +(T a, T b);

    /// <summary>Difference.</summary>
    static abstract T operator -(T a, T b);

    /// <summary>Product.</summary>
    static abstract T operator *(T a, T b);

    /// <summary>Quotient.</summary>
    static abstract T operator /(T a, T b);

    /// <summary>Negation.</summary>
    static abstract T operator -(T a);

    /// <summary>Bits in both.</summary>
    static abstract T operator &(T a, T b);

    /// <summary>Bits in either.</summary>
    static abstract T operator |(T a, T b);

    /// <summary>Bits in one.</summary>
    static abstract T operator ^(T a, T b);

    /// <summary>a b + c, fused where the machine can.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>Smaller; NaN wins.</summary>
    static abstract T Min(T a, T b);

    /// <summary>Larger; NaN wins.</summary>
    static abstract T Max(T a, T b);

    /// <summary>Smaller, in one instruction; a NaN in <paramref name="b"/> wins.</summary>
    static abstract T MinNative(T a, T b);

    /// <summary>Larger, in one instruction; a NaN in <paramref name="b"/> wins.</summary>
    static abstract T MaxNative(T a, T b);

    /// <summary>Square root.</summary>
    static abstract T Sqrt(T a);

    /// <summary>Magnitude.</summary>
    static abstract T Abs(T a);

    /// <summary>All bits set where a is less.</summary>
    static abstract T Less(T a, T b);

    /// <summary>All bits set where equal.</summary>
    static abstract T Equal(T a, T b);

    /// <summary>By mask.</summary>
    static abstract T Select(T mask, T yes, T no);

    /// <summary>Whether any bit is set.</summary>
    static abstract bool Any(T mask);

    /// <summary>Adds as 32-bit integers.</summary>
    static abstract T AddBits(T a, T b);

    /// <summary>Subtracts as 32-bit integers.</summary>
    static abstract T SubtractBits(T a, T b);

    /// <summary>Shifts as 32-bit integers.</summary>
    static abstract T ShiftLeft(T a, int bits);

    /// <summary>Shifts as signed 32-bit integers.</summary>
    static abstract T ShiftRight(T a, int bits);

    /// <summary>Converts the lanes, read as integers, to floats.</summary>
    static abstract T BitsToFloat(T a);

    /// <summary>Sum of the lanes.</summary>
    float Sum();
}
