namespace Parley.Tensors.Tests;

public sealed class WorkersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_piece_runs_once(int threads)
    {
        using var workers = new Workers(threads);
        foreach (var pieces in new[] { 0, 1, 2, 3, 17, 1000 })
        {
            var counts = new int[pieces];
            workers.Run(pieces, piece => Interlocked.Increment(ref counts[piece]));
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void One_thread_is_the_callers()
    {
        var threads = new List<int>();
        new Workers(1).Run(10, _ => threads.Add(Environment.CurrentManagedThreadId));
        Assert.Equal([Environment.CurrentManagedThreadId], threads.Distinct());
    }

    [Fact]
    public void Two_threads_work_at_one_time()
    {
        using var workers = new Workers(2);
        using var meeting = new Barrier(2);
        workers.Run(2, _ => Assert.True(meeting.SignalAndWait(TimeSpan.FromSeconds(60))));
    }

    [Fact]
    public void The_first_exception_comes_out_and_the_pool_works_on()
    {
        using var workers = new Workers(3);
        for (var round = 0; round < 50; round++)
        {
            var error = Assert.Throws<InvalidOperationException>(() => workers.Run(20, piece => Fail(piece == 7)));
            Assert.Equal("piece", error.Message);
        }

        var sum = 0;
        workers.Run(100, piece => Interlocked.Add(ref sum, piece));
        Assert.Equal(4950, sum);
    }

    [Fact]
    public void A_run_inside_a_piece_is_done_by_that_piece()
    {
        using var workers = new Workers(3);
        var count = 0;
        workers.Run(8, _ =>
        {
            var thread = Environment.CurrentManagedThreadId;
            workers.Run(9, _ =>
            {
                Assert.Equal(thread, Environment.CurrentManagedThreadId);
                Interlocked.Increment(ref count);
            });
        });
        Assert.Equal(72, count);
    }

    [Fact]
    public void Eight_callers_at_once_each_get_their_own_sums()
    {
        using var workers = new Workers(3);
        var failures = 0;
        var callers = Enumerable.Range(0, 8).Select(caller => new Thread(() =>
        {
            for (var round = 0; round < 3000; round++)
            {
                long sum = 0;
                var pieces = 1 + (caller + round) % 13;
                workers.Run(pieces, piece => Interlocked.Add(ref sum, 1 + piece * caller));
                if (sum != pieces + (long)caller * pieces * (pieces - 1) / 2)
                {
                    Interlocked.Increment(ref failures);
                }
            }
        })).ToList();
        callers.ForEach(caller => caller.Start());
        callers.ForEach(caller => caller.Join());
        Assert.Equal(0, failures);
    }

    [Fact]
    public void Helpers_that_went_to_sleep_are_woken()
    {
        using var workers = new Workers(2);
        using var meeting = new Barrier(2);
        for (var round = 0; round < 5; round++)
        {
            Thread.Sleep(20);
            workers.Run(2, _ => Assert.True(meeting.SignalAndWait(TimeSpan.FromSeconds(60))));
        }
    }

    [Fact]
    public void A_disposed_pool_leaves_the_work_to_its_caller()
    {
        var workers = new Workers(4);
        workers.Run(10, _ => { });
        workers.Dispose();
        var count = 0;
        workers.Run(10, _ => count++);
        Assert.Equal(10, count);
    }

    private static void Fail(bool now)
    {
        if (now)
        {
            throw new InvalidOperationException("piece");
        }
    }
}
