namespace Parley.Training.Tests;

/// <summary>Threads of one process that train together as processes do; sums are taken in the order of their numbers.</summary>
internal sealed class Threads(int count) : IDisposable
{
    private readonly Barrier _barrier = new(count);
    private readonly CancellationTokenSource _aborted = new();
    private readonly double[][] _values = new double[count][];

    /// <summary>Runs work on all of them, each with its own place; the first error ends all.</summary>
    public void Run(Action<ICollective> work)
    {
        var errors = new Exception?[count];
        var threads = Enumerable.Range(0, count).Select(rank => new Thread(() =>
        {
            try
            {
                work(new Place(this, rank));
            }
            catch (Exception e)
            {
                errors[rank] = e;
                _aborted.Cancel();
            }
        })).ToArray();
        foreach (var thread in threads)
        {
            thread.Start();
        }

        foreach (var thread in threads)
        {
            thread.Join();
        }

        // Those that waited for the one that failed were only called off.
        var failed = errors.OfType<Exception>().OrderBy(e => e is OperationCanceledException).FirstOrDefault();
        if (failed is not null)
        {
            throw failed;
        }
    }

    public void Dispose()
    {
        _barrier.Dispose();
        _aborted.Dispose();
    }

    private double[] Sum(int rank, double[] values)
    {
        _values[rank] = values;
        _barrier.SignalAndWait(_aborted.Token);
        var sums = new double[values.Length];
        foreach (var part in _values)
        {
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] += part[i];
            }
        }

        _barrier.SignalAndWait(_aborted.Token);
        return sums;
    }

    private sealed class Place(Threads threads, int rank) : ICollective
    {
        public int Rank => rank;

        public int Count => threads._values.Length;

        public void Sum(Span<float> values)
        {
            var sums = threads.Sum(rank, Array.ConvertAll(values.ToArray(), v => (double)v));
            for (var i = 0; i < sums.Length; i++)
            {
                values[i] = (float)sums[i];
            }
        }

        public void Sum(Span<double> values) => threads.Sum(rank, values.ToArray()).CopyTo(values);

        public void Wait() => threads._barrier.SignalAndWait(threads._aborted.Token);

        public void Abort() => threads._aborted.Cancel();

        public void Dispose()
        {
        }
    }
}
