namespace Parley.Audio;

/// <summary>The header of a FLAC frame (RFC 9639, section 9.1).</summary>
internal readonly record struct FlacFrame(int BlockSize, int SampleRate, int Assignment, int BitsPerSample)
{
    // Values of the 4-bit channel assignment above the independent ones.
    public const int LeftSide = 8;
    public const int SideRight = 9;
    public const int MidSide = 10;

    public int Channels => Assignment < LeftSide ? Assignment + 1 : 2;

    public static bool IsSync(uint first16) => (first16 & 0xFFFE) == 0xFFF8;

    /// <summary>Reads a header at a byte boundary; rate and depth of 0 mean those of the stream.</summary>
    public static FlacFrame Read(FlacBits bits, string name, long at)
    {
        if (!IsSync(bits.Read(16)))
        {
            throw Damaged(name, at, "has no sync code");
        }

        var blockCode = (int)bits.Read(4);
        var rateCode = (int)bits.Read(4);
        var assignment = (int)bits.Read(4);
        var depthCode = (int)bits.Read(3);
        if (bits.Read(1) != 0 || assignment > MidSide || blockCode == 0 || rateCode == 15 || depthCode == 3)
        {
            throw Damaged(name, at, "has a reserved value in its header");
        }

        // The frame or sample number, coded like UTF-8 up to 36 bits; only its form matters for reading in order.
        var lead = bits.Read(8);
        var more = lead < 0x80 ? 0 : lead is >= 0xC0 and < 0xFF ? System.Numerics.BitOperations.LeadingZeroCount(~(lead << 24)) - 1 : -1;
        for (var i = 0; i < more; i++)
        {
            if (bits.Read(8) >> 6 != 2)
            {
                more = -1;
            }
        }

        if (more < 0)
        {
            throw Damaged(name, at, "has a malformed number in its header");
        }

        var block = blockCode switch
        {
            1 => 192,
            <= 5 => 576 << (blockCode - 2),
            6 => (int)bits.Read(8) + 1,
            7 => (int)bits.Read(16) + 1,
            _ => 256 << (blockCode - 8),
        };
        var rate = rateCode switch
        {
            0 => 0,
            1 => 88200,
            2 => 176400,
            3 => 192000,
            4 => 8000,
            5 => 16000,
            6 => 22050,
            7 => 24000,
            8 => 32000,
            9 => 44100,
            10 => 48000,
            11 => 96000,
            12 => (int)bits.Read(8) * 1000,
            13 => (int)bits.Read(16),
            _ => (int)bits.Read(16) * 10,
        };
        ReadOnlySpan<byte> depths = [0, 8, 12, 0, 16, 20, 24, 32];
        var crc = bits.HeaderCrc();
        if (bits.Read(8) != crc)
        {
            throw Damaged(name, at, "fails the checksum of its header");
        }

        return new FlacFrame(block, rate, assignment, depths[depthCode]);
    }

    public static InvalidDataException Damaged(string name, long at, string what) =>
        new($"{name}: the FLAC frame at sample {at} {what}; the file is damaged");
}
