namespace Parley.Audio;

/// <summary>One channel of a FLAC frame (RFC 9639, section 9.2): constant, verbatim, fixed or linear prediction.</summary>
internal static class FlacSubframe
{
    /// <summary>Reads the samples [block] of one channel at a bit depth of up to 33.</summary>
    public static void Read(FlacBits bits, Span<long> samples, int depth, string name, long at)
    {
        if (bits.Read(1) != 0)
        {
            throw FlacFrame.Damaged(name, at, "has a subframe that does not start with 0");
        }

        var type = (int)bits.Read(6);
        var wasted = bits.Read(1) == 0 ? 0 : bits.ReadUnary() + 1;
        if (wasted >= depth)
        {
            throw FlacFrame.Damaged(name, at, $"wastes {wasted} of {depth} bits");
        }

        depth -= wasted;
        switch (type)
        {
            case 0:
                samples.Fill(bits.ReadSigned(depth));
                break;
            case 1:
                for (var i = 0; i < samples.Length; i++)
                {
                    samples[i] = bits.ReadSigned(depth);
                }

                break;
            case >= 8 and <= 12:
                Fixed(bits, samples, depth, type - 8, name, at);
                break;
            case >= 32:
                Linear(bits, samples, depth, type - 31, name, at);
                break;
            default:
                throw FlacFrame.Damaged(name, at, $"has a subframe of the reserved type {type}");
        }

        if (wasted > 0)
        {
            for (var i = 0; i < samples.Length; i++)
            {
                samples[i] <<= wasted;
            }
        }
    }

    private static void Fixed(FlacBits bits, Span<long> s, int depth, int order, string name, long at)
    {
        WarmUp(bits, s, depth, order, name, at);
        Residual(bits, s, order, name, at);
        switch (order)
        {
            case 1:
                for (var i = 1; i < s.Length; i++)
                {
                    s[i] += s[i - 1];
                }

                break;
            case 2:
                for (var i = 2; i < s.Length; i++)
                {
                    s[i] += 2 * s[i - 1] - s[i - 2];
                }

                break;
            case 3:
                for (var i = 3; i < s.Length; i++)
                {
                    s[i] += 3 * (s[i - 1] - s[i - 2]) + s[i - 3];
                }

                break;
            case 4:
                for (var i = 4; i < s.Length; i++)
                {
                    s[i] += 4 * (s[i - 1] + s[i - 3]) - 6 * s[i - 2] - s[i - 4];
                }

                break;
            default:
                break;
        }
    }

    private static void Linear(FlacBits bits, Span<long> samples, int depth, int order, string name, long at)
    {
        WarmUp(bits, samples, depth, order, name, at);
        var precision = (int)bits.Read(4) + 1;
        var shift = (int)bits.ReadSigned(5);
        if (precision == 16 || shift < 0)
        {
            throw FlacFrame.Damaged(name, at, "has an impossible predictor");
        }

        Span<long> coefficients = stackalloc long[32];
        coefficients = coefficients[..order];

        // Stored newest sample first; turned round so that both run forwards.
        for (var i = order - 1; i >= 0; i--)
        {
            coefficients[i] = bits.ReadSigned(precision);
        }

        Residual(bits, samples, order, name, at);
        for (var i = order; i < samples.Length; i++)
        {
            var past = samples.Slice(i - order, order);
            var (even, odd) = (0L, 0L);
            var k = 0;
            for (; k + 1 < past.Length && k + 1 < coefficients.Length; k += 2)
            {
                even += coefficients[k] * past[k];
                odd += coefficients[k + 1] * past[k + 1];
            }

            if (k < past.Length)
            {
                even += coefficients[k] * past[k];
            }

            samples[i] += (even + odd) >> shift;
        }
    }

    private static void WarmUp(FlacBits bits, Span<long> samples, int depth, int order, string name, long at)
    {
        if (order > samples.Length)
        {
            throw FlacFrame.Damaged(name, at, $"predicts {samples.Length} samples from {order}");
        }

        for (var i = 0; i < order; i++)
        {
            samples[i] = bits.ReadSigned(depth);
        }
    }

    private static void Residual(FlacBits bits, Span<long> samples, int order, string name, long at)
    {
        var method = bits.Read(2);
        if (method > 1)
        {
            throw FlacFrame.Damaged(name, at, "has a residual coded in a reserved way");
        }

        var parameterBits = method == 0 ? 4 : 5;
        var escape = (1 << parameterBits) - 1;
        var partitionOrder = (int)bits.Read(4);
        var size = samples.Length >> partitionOrder;
        if (size << partitionOrder != samples.Length || size < order)
        {
            throw FlacFrame.Damaged(name, at, $"cannot be cut into {1 << partitionOrder} partitions");
        }

        for (var start = 0; start < samples.Length; start += size)
        {
            var partition = start == 0 ? samples[order..size] : samples.Slice(start, size);
            var parameter = (int)bits.Read(parameterBits);
            if (parameter < escape)
            {
                bits.ReadRice(partition, parameter);
                continue;
            }

            var width = (int)bits.Read(5);
            for (var i = 0; i < partition.Length; i++)
            {
                partition[i] = bits.ReadSigned(width);
            }
        }
    }
}
