using System.Diagnostics;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Parley.TestSupport;

/// <summary>Good files made bad, and what reading a bad file may cost.</summary>
public static partial class Damage
{
    private const int Rounds = 300;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Reads files made from a good one: cut, flipped, repeated, shortened, with huge or odd numbers in them, or of random bytes.</summary>
    /// <param name="good">The good file.</param>
    /// <param name="read">Reads a file; an <see cref="InvalidDataException"/> is how it refuses.</param>
    /// <param name="keep">First bytes that stay as they are.</param>
    /// <param name="mebibytes">What reading one may allocate.</param>
    public static void Check(byte[] good, Action<byte[]> read, int keep = 0, int mebibytes = 64)
    {
        ArgumentNullException.ThrowIfNull(good);
        ArgumentNullException.ThrowIfNull(read);
        var bad = from kind in Gen.Choose(0, 10)
                  from at in Gen.Choose(keep, Math.Max(keep, good.Length - 1))
                  from length in Gen.Choose(1, 64)
                  from seed in Gen.Choose(0, int.MaxValue - 1)
                  from more in Gen.Choose(0, 3)
                  select (kind, at, length, seed, more);
        Prop.ForAll(bad.ToArbitrary(), b =>
        {
            // A body, so that FsCheck does not take whether it was read for the verdict.
            ReadOrRefuse(() => read(Make(good, b.kind, b.at, b.length, b.seed, keep, b.more)), mebibytes);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Rounds));
    }

    /// <summary>Reads files made from a good one by putting one to ten nines before each number in it and instead of it.</summary>
    /// <param name="good">The good file, a text.</param>
    /// <param name="read">Reads a file; an <see cref="InvalidDataException"/> is how it refuses.</param>
    /// <param name="mebibytes">What reading one may allocate.</param>
    public static void Enlarge(string good, Action<string> read, int mebibytes = 64)
    {
        ArgumentNullException.ThrowIfNull(good);
        ArgumentNullException.ThrowIfNull(read);
        foreach (var number in Numbers().EnumerateMatches(good))
        {
            foreach (var nines in (ReadOnlySpan<int>)[1, 3, 5, 7, 10])
            {
                foreach (var rest in (ReadOnlySpan<int>)[number.Index, number.Index + number.Length])
                {
                    var bad = $"{good.AsSpan(0, number.Index)}{new string('9', nines)}{good.AsSpan(rest)}";
                    try
                    {
                        ReadOrRefuse(() => read(bad), mebibytes);
                    }
                    catch (Exception e)
                    {
                        throw new InvalidOperationException($"after {bad.AsSpan(Math.Max(0, number.Index - 40), Math.Min(number.Index, 40) + nines)}: {e.Message}", e);
                    }
                }
            }
        }
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();

    private static void ReadOrRefuse(Action read, int mebibytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        try
        {
            read();
        }
        catch (InvalidDataException e)
        {
            Assert.True(e.Message.Length > 10, $"not a message: {e.Message}");
        }

        var (allocated, time) = ((GC.GetAllocatedBytesForCurrentThread() - before) >> 20, Stopwatch.GetElapsedTime(start));
        Assert.True(allocated <= mebibytes && time < Longest, $"a bad file cost {allocated} MiB and {time.TotalSeconds:0.0} s");
    }

    private static byte[] Make(byte[] good, int kind, int at, int length, int seed, int keep, int more)
    {
        var random = new Random(seed);
        length = Math.Min(length, good.Length - at);
        byte[] bad = kind switch
        {
            0 => good[..at],
            1 => [.. good[..at], .. good[(at + length)..]],
            2 => [.. good[..(at + length)], .. good[at..]],
            3 => [.. good[..at], .. Bytes(random, length), .. good[at..]],
            4 => [.. good[..keep], .. Bytes(random, random.Next(good.Length + 1))],
            9 or 10 => Enlarge(good, at, random),
            _ => [.. good],
        };
        for (var i = 0; i <= more && bad.Length > keep; i++)
        {
            var place = i == 0 && at < bad.Length ? at : random.Next(keep, bad.Length);
            var span = bad.AsSpan(place, Math.Min(bad.Length - place, 1 << random.Next(4)));
            switch (kind)
            {
                case 5: span[0] ^= (byte)(1 << random.Next(8)); break;
                case 6: span.Fill(0xFF); break;
                case 7: span.Fill((byte)"09-.\"{}[],:\\ "[random.Next(13)]); break;
                case 8: span[^1] = 0x7F; break;
                default: break;
            }
        }

        return bad;
    }

    // The next written number becomes a huge one, or one a little off.
    private static byte[] Enlarge(byte[] good, int at, Random random)
    {
        var digit = good.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
        return digit < 0 ? good[..at] : [.. good[..(at + digit)], .. "99999999999999999999"u8[..random.Next(1, 20)], .. good[(at + digit)..]];
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
