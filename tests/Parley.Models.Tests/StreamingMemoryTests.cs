namespace Parley.Models.Tests;

[Collection(nameof(MemoryIsMeasured))]
public sealed class StreamingMemoryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_session_needs_no_more_memory_the_longer_it_is(bool beam)
    {
        using var recognizer = StreamingTests.Make();
        using var session = recognizer.Start(new StreamingOptions(MaxUtterance: 2, Decode: beam ? new Decoding.CtcDecodeOptions(BeamSize: 8) : null));
        var samples = StreamingTests.Sound(4);
        After(5);
        var (early, late) = (After(2), After(10));
        Assert.True(late - early < 100_000, $"{late - early} bytes more after 40 s");

        long After(int times)
        {
            for (var i = 0; i < times; i++)
            {
                session.Feed(samples, TestContext.Current.CancellationToken);
            }

            return GC.GetTotalMemory(forceFullCollection: true);
        }
    }
}
