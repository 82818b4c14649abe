namespace Parley.Decoding;

/// <summary>Which groups a search goes on with.</summary>
internal static class Survivors
{
    /// <summary>The groups that live, each in its own place if there is one for it; the others fill the places of the dead, so that a model moves as little as it can.</summary>
    public static int[] Of(int groups, Func<int, bool> lives)
    {
        int[] alive = [.. Enumerable.Range(0, groups).Where(lives)];
        var late = new Stack<int>(alive.Where(g => g >= alive.Length));
        return [.. Enumerable.Range(0, alive.Length).Select(place => lives(place) ? place : late.Pop())];
    }
}
