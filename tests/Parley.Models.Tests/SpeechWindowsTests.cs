using FsCheck;
using FsCheck.Fluent;

namespace Parley.Models.Tests;

public sealed class SpeechWindowsTests
{
    private const int Hop = 4;

    [Fact]
    public void Neighbours_share_a_window_as_long_as_they_fit() =>
        Assert.Equal([(0, 90), (95, 110)], SpeechWindows.Pack([(0, 40), (50, 90), (95, 110)], 100, new float[Hop * 200], Hop));

    [Fact]
    public void A_stretch_too_long_for_a_window_is_cut_where_it_is_quietest()
    {
        float[] samples = [.. Enumerable.Repeat(1f, Hop * 260)];
        Array.Clear(samples, Hop * 65, Hop * 10);
        Array.Clear(samples, Hop * 150, Hop * 10);
        Assert.Equal([(0, 70), (70, 155), (155, 250)], SpeechWindows.Pack([(0, 250)], 100, samples, Hop));
    }

    [Fact]
    public void Windows_of_the_longest_recordings_do_not_overflow()
    {
        Assert.Equal([(int.MaxValue - 250, int.MaxValue - 150), (int.MaxValue - 150, int.MaxValue - 50), (int.MaxValue - 50, int.MaxValue)], SpeechWindows.Pack([(int.MaxValue - 250, int.MaxValue)], 100, [], Hop));
        Assert.Equal([(0, 10), (int.MaxValue - 5, int.MaxValue)], SpeechWindows.Pack([(0, 10), (int.MaxValue - 5, int.MaxValue)], int.MaxValue - 1, [], Hop));
    }

    [Fact]
    public void Every_frame_of_speech_is_in_exactly_one_window_and_none_is_too_long()
    {
        Prop.ForAll(Gen.Choose(0, 100_000).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var most = random.Next(1, 60);
            var speech = new List<(int Start, int End)>();
            for (var at = 0; at < 400;)
            {
                var start = at + random.Next(30);
                at = start + random.Next(150);
                speech.Add((start, at));
            }

            float[] samples = [.. Enumerable.Range(0, 700 * Hop).Select(_ => random.NextSingle())];
            var windows = SpeechWindows.Pack(speech, most, samples, Hop);
            var inOrder = windows.Zip(windows.Skip(1)).All(p => p.First.End <= p.Second.Start);
            var covered = speech.SelectMany(s => Enumerable.Range(s.Start, s.End - s.Start)).All(f => windows.Count(w => w.Start <= f && f < w.End) == 1);
            return inOrder && covered && windows.All(w => w.End > w.Start && w.End - w.Start <= most);
        }).QuickCheckThrowOnFailure();
    }
}
