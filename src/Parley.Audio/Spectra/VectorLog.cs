using System.Numerics;

namespace Parley.Audio;

/// <summary>Natural logarithms of a vector of positive normal numbers, to about 1e-7 of the larger of the result and 1.</summary>
/// <remarks>x = 2^e m with m in [sqrt(1/2), sqrt 2): e ln 2 in two parts plus a minimax polynomial of m - 1 (the coefficients are those of Moshier's Cephes, logf).</remarks>
internal static class VectorLog
{
    public static Vector<float> Natural(Vector<float> x)
    {
        var bits = Vector.AsVectorInt32(x);

        // Adding the distance from sqrt(1/2) to 1 makes the exponent round at sqrt(1/2).
        var shifted = bits + new Vector<int>(0x3F800000 - 0x3F3504F3);
        var exponent = Vector.ShiftRightArithmetic(shifted, 23) - new Vector<int>(127);
        var mantissa = (shifted & new Vector<int>(0x007FFFFF)) + new Vector<int>(0x3F3504F3);
        var e = Vector.ConvertToSingle(exponent);
        var m = Vector.AsVectorSingle(mantissa) - Vector<float>.One;
        var p = new Vector<float>(7.0376836292E-2f);
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(-1.1514610310E-1f));
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(1.1676998740E-1f));
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(-1.2420140846E-1f));
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(1.4249322787E-1f));
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(-1.6668057665E-1f));
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(2.0000714765E-1f));
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(-2.4999993993E-1f));
        p = Vector.MultiplyAddEstimate(p, m, new Vector<float>(3.3333331174E-1f));
        var square = m * m;
        var y = p * m * square;
        y = Vector.MultiplyAddEstimate(e, new Vector<float>(-2.12194440e-4f), y);
        y = Vector.MultiplyAddEstimate(square, new Vector<float>(-0.5f), y);
        return Vector.MultiplyAddEstimate(e, new Vector<float>(0.693359375f), m + y);
    }
}
