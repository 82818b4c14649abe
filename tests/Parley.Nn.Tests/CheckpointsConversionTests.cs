using System.Runtime.InteropServices;

namespace Parley.Nn.Tests;

public sealed class CheckpointsConversionTests
{
    [Fact]
    public void Every_half_and_every_bfloat16_widens_exactly()
    {
        var bits = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        var actual = new float[bits.Length];
        NumberConversion.ToSingle(StoredType.F16, MemoryMarshal.AsBytes<ushort>(bits), actual);
        for (var i = 0; i < bits.Length; i++)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf(bits[i]);
            Assert.True(float.IsNaN(expected) ? float.IsNaN(actual[i]) : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(actual[i]), $"half {i:x4}");
        }

        NumberConversion.ToSingle(StoredType.BF16, MemoryMarshal.AsBytes<ushort>(bits), actual);
        Assert.Equal(bits.Select(b => (uint)b << 16), actual.Select(BitConverter.SingleToUInt32Bits));
    }

    [Theory]
    [InlineData(StoredType.F16, 2)]
    [InlineData(StoredType.BF16, 2)]
    [InlineData(StoredType.F64, 8)]
    [InlineData(StoredType.I32, 4)]
    [InlineData(StoredType.I8, 1)]
    [InlineData(StoredType.U8, 1)]
    [InlineData(StoredType.I64, 8)]
    public void All_lengths_at_any_byte_offset_agree_with_one_number_at_a_time(StoredType type, int size)
    {
        var bytes = new byte[258 * size + 7];
        new Random(3).NextBytes(bytes);
        for (var length = 0; length <= 257; length++)
        {
            var from = bytes.AsSpan(length % 7, length * size);
            var (together, alone) = (new float[length], new float[length]);
            NumberConversion.ToSingle(type, from, together);
            for (var i = 0; i < length; i++)
            {
                NumberConversion.ToSingle(type, from.Slice(i * size, size), alone.AsSpan(i, 1));
            }

            Assert.Equal(alone, together);
        }
    }
}
