namespace Parley.Tensors;

/// <summary>Runs the pieces of one job on several cores; the pieces, and so the results, do not depend on how many there are.</summary>
/// <remarks>Threads start with the first job that can use them and end with <see cref="Dispose"/> or when the pool is collected.</remarks>
public sealed class Workers : IDisposable
{
    private readonly Crew? _crew;

    /// <summary>Uses up to <paramref name="threads"/> cores, the calling thread among them.</summary>
    public Workers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        if (threads == 1)
        {
            GC.SuppressFinalize(this);
            return;
        }

        _crew = new Crew(threads - 1);
    }

    /// <summary>Ends the threads of a pool that nobody can reach any more.</summary>
    ~Workers() => _crew?.Stop();

    /// <summary>One pool for the process, as wide as the machine.</summary>
    public static Workers Shared { get; } = new(Environment.ProcessorCount);

    /// <summary>Most threads that work at one time.</summary>
    public int Threads { get; }

    /// <summary>Calls <paramref name="work"/> once for each piece 0 to pieces-1, in any order and on any thread; returns when all are done.</summary>
    /// <remarks>
    /// Calls from inside a piece, and calls that find the pool busy with another caller's job, run their pieces themselves.
    /// After an exception the remaining pieces are skipped and the first exception is thrown here.
    /// </remarks>
    public void Run(int pieces, Action<int> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (pieces > 1 && _crew is not null && _crew.TryRun(pieces, work))
        {
            GC.KeepAlive(this);
            return;
        }

        for (var i = 0; i < pieces; i++)
        {
            work(i);
        }
    }

    /// <summary>Ends the pool's threads; later jobs run on their caller alone.</summary>
    public void Dispose()
    {
        _crew?.Stop();
        GC.SuppressFinalize(this);
    }
}
