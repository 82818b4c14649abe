using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Parley.Tensors;

/// <summary>The threads behind <see cref="Workers"/>: they look for the next job for some microseconds, then sleep.</summary>
internal sealed class Crew(int helpers)
{
    private static readonly long SpinTicks = Environment.ProcessorCount > 1 ? Stopwatch.Frequency * 40 / 1_000_000 : 0;

    [ThreadStatic]
    private static bool _working;

    private readonly Lock _start = new();
    private readonly object _gate = new();
    private volatile Job? _job;
    private volatile bool _stopped;
    private volatile int _asleep;
    private int _busy;
    private bool _started;

    /// <summary>Does all pieces with the crew's help; false, with nothing done, when the pool is taken or this thread is inside a piece.</summary>
    internal bool TryRun(int pieces, Action<int> work)
    {
        if (_working || _stopped || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            return false;
        }

        var job = new Job(pieces, work);
        try
        {
            if (!_started)
            {
                Start();
            }

            _job = job;
            Interlocked.MemoryBarrier();
            if (_asleep > 0)
            {
                Wake(pieces - 1);
            }

            _working = true;
            job.Work();
            _working = false;
            job.Wait();
        }
        finally
        {
            _job = null;
            Volatile.Write(ref _busy, 0);
        }

        job.Error?.Throw();
        return true;
    }

    internal void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Start()
    {
        lock (_start)
        {
            for (var i = 0; i < helpers && !_started; i++)
            {
                new Thread(Help) { IsBackground = true, Name = "Parley worker" }.Start();
            }

            _started = true;
        }
    }

    private void Wake(int wanted)
    {
        lock (_gate)
        {
            for (var i = Math.Min(wanted, _asleep); i > 0; i--)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    private void Help()
    {
        _working = true;
        Job? last = null;
        while (Next(last) is { } job)
        {
            job.Work();
            last = job;
        }
    }

    private Job? Next(Job? last)
    {
        var since = Stopwatch.GetTimestamp();
        do
        {
            if (_job is { } job && !ReferenceEquals(job, last))
            {
                return job;
            }

            Thread.SpinWait(1);
        }
        while (!_stopped && Stopwatch.GetTimestamp() - since < SpinTicks);

        lock (_gate)
        {
            _asleep++;
            Interlocked.MemoryBarrier();
            try
            {
                while (!_stopped)
                {
                    if (_job is { } job && !ReferenceEquals(job, last))
                    {
                        return job;
                    }

                    last = null;
                    Monitor.Wait(_gate);
                }

                return null;
            }
            finally
            {
                _asleep--;
            }
        }
    }

    /// <summary>One call's pieces. A helper that comes late finds none left; the caller waits only for pieces that somebody has begun.</summary>
    private sealed class Job(int pieces, Action<int> work)
    {
        private int _next;
        private int _done;
        private volatile bool _waiting;
        private ExceptionDispatchInfo? _error;

        internal ExceptionDispatchInfo? Error => _error;

        internal void Work()
        {
            var done = 0;
            while (Volatile.Read(ref _next) < pieces && Interlocked.Increment(ref _next) is var next && next <= pieces)
            {
                done++;
                if (_error is not null)
                {
                    continue;
                }

                try
                {
                    work(next - 1);
                }
                catch (Exception error)
                {
                    Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(error), null);
                }
            }

            if (done > 0 && Interlocked.Add(ref _done, done) == pieces && _waiting)
            {
                lock (this)
                {
                    Monitor.PulseAll(this);
                }
            }
        }

        internal void Wait()
        {
            var since = Stopwatch.GetTimestamp();
            while (Volatile.Read(ref _done) < pieces)
            {
                if (Stopwatch.GetTimestamp() - since < SpinTicks)
                {
                    Thread.SpinWait(1);
                    continue;
                }

                lock (this)
                {
                    _waiting = true;
                    Interlocked.MemoryBarrier();
                    while (Volatile.Read(ref _done) < pieces)
                    {
                        Monitor.Wait(this);
                    }
                }
            }
        }
    }
}
