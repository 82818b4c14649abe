namespace Parley.Tensors;

/// <summary>Runs the pieces of one job on several cores; the pieces, and so the results, do not depend on how many there are.</summary>
public sealed class Workers
{
    /// <summary>Uses up to <paramref name="threads"/> cores, the calling thread among them.</summary>
    public Workers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
    }

    /// <summary>One pool for the process, as wide as the machine.</summary>
    public static Workers Shared { get; } = new(Environment.ProcessorCount);

    /// <summary>Most threads that work at one time.</summary>
    public int Threads { get; }

    /// <summary>Calls <paramref name="work"/> once for each piece 0 to pieces-1, in any order and on any thread; returns when all are done.</summary>
    public void Run(int pieces, Action<int> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (Threads == 1 || pieces <= 1)
        {
            for (var i = 0; i < pieces; i++)
            {
                work(i);
            }

            return;
        }

        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = Threads }, work);
    }
}
