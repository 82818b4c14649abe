using System.Runtime.CompilerServices;

namespace Parley.Tensors.Tests;

/// <summary>Tests that count blocks over the whole process, and so run when no other test does.</summary>
[CollectionDefinition("blocks are counted", DisableParallelization = true)]
public sealed class BlocksAreCounted;

/// <summary>Who frees which block, and when.</summary>
[Collection("blocks are counted")]
public sealed class MemoryTests
{
    private static readonly Backend Cpu = Backend.Default;

    // On several, how many of them take working memory at one moment is left to chance.
    private static readonly Backend s_oneCore = Backend.WithThreads(1);

    [Fact]
    public void A_scope_frees_everything_made_inside_it()
    {
        var before = Settled();
        using (new TensorScope())
        {
            var x = Tensor.From([1f, 2f, 3f, 4f], [2, 2], Cpu);
            Tensor.Concat(0, x.Softmax(), x.Transpose(0, 1).Contiguous(), x * x).LayerNorm(null, null).Sum();
            Assert.True(Storage.Live > before);
        }

        Assert.Equal(before, Storage.Live);
    }

    [Fact]
    public void Nothing_is_left_after_every_kind_of_operation()
    {
        var before = Settled();
        using (new TensorScope())
        {
            var x = ConvTests.Noise([2, 4, 40], 1, Cpu);
            x.Conv1d(ConvTests.Noise([4, 4, 3], 2, Cpu));
            x.GroupNorm(2, null, null);
            x.Transpose(1, 2).Softmax().Gelu();
            var heads = x.Unsqueeze(0);
            Tensor.Attention(heads, heads, heads, new(1f));
            x.MatMul(x.Transpose(1, 2)).Max(0);
            x.Pad(2, 1, 1, PadMode.Reflect).ToArray();
        }

        Assert.Equal(before, Storage.Live);
    }

    [Theory]
    [InlineData(RecurrentCell.Lstm)]
    [InlineData(RecurrentCell.Gru)]
    public void A_training_step_of_a_recurrent_layer_leaves_nothing(RecurrentCell cell)
    {
        var rows = 6 * (cell == RecurrentCell.Lstm ? 4 : 3);
        using var outer = new TensorScope();
        RecurrentWeights Weights() => new(ConvTests.Noise([rows, 4], 1, Cpu).AsParameter(), ConvTests.Noise([rows, 6], 2, Cpu).AsParameter());
        var (x, forward, reverse) = (ConvTests.Noise([5, 2, 4], 3, Cpu).AsParameter(), Weights(), Weights());
        var before = Settled();
        using (new TensorScope())
        {
            var result = TensorScope.Run(() =>
            {
                var y = x.Recurrent(cell, forward, reverse, [5, 3]);
                return y.Output.Sum() + y.Hidden.Square().Sum();
            });
            Assert.NotNull(result.Backward()[forward.Hidden]);
        }

        Assert.Equal(before, Storage.Live);
    }

    [Fact]
    public void An_operation_that_throws_leaves_nothing()
    {
        var before = Settled();
        Assert.Throws<ShapeException>(() => TensorScope.Run(() => Tensor.Zeros([2, 3], Cpu) + Tensor.Zeros([2, 4], Cpu)));
        Assert.Equal(before, Storage.Live);
        using var scope = new TensorScope();
        Assert.Equal(1f, (Tensor.Zeros([], Cpu) + 1f).Scalar);
    }

    [Fact]
    public void Inference_records_nothing()
    {
        using var scope = new TensorScope();
        var x = Tensor.Zeros([2, 3], Cpu);
        Assert.False((x.MatMul(x.Transpose(0, 1)).Softmax() + 1f).NeedsGradient);
        using var pause = Autograd.Pause();
        Assert.False((x.AsParameter() * 2f).NeedsGradient);
    }

    [Fact]
    public void A_training_step_frees_what_it_made_and_takes_no_new_memory_once_warm()
    {
        var weights = Enumerable.Range(0, 4).Select(i => WeightMatrix.Dense(Allocated([64, 64], i).AsParameter())).ToArray();
        var input = Allocated([50, 64], 9);
        // A block may serve a smaller request, which then takes some steps to find one that fits it better.
        for (var i = 0; i < 30; i++)
        {
            Step(weights, input);
        }

        var before = Settled();
        var bytes = Taken();
        for (var i = 0; i < 5; i++)
        {
            Assert.True(Step(weights, input) > 0);
        }

        Assert.Equal(before, Settled());
        Assert.True(Taken() <= bytes, $"{bytes} bytes before, {Taken()} after");
        GC.KeepAlive(weights);
        GC.KeepAlive(input);
    }

    [Fact]
    public void Gradients_free_what_only_the_recording_kept()
    {
        var before = Settled();
        using (new TensorScope())
        {
            var x = ConvTests.Noise([50, 64], 1, Cpu).AsParameter();
            var inner = TensorScope.Run(() => (x * 2f).Sin().Exp().Square());
            var mine = inner * 3f;
            var loss = mine.Sum();
            var recorded = Storage.Live - before;
            var gradients = loss.Backward();

            // The two that only sine and square needed are gone; the seed and the gradient are new.
            Assert.Equal(recorded, Storage.Live - before);
            Assert.Equal(x.Count, gradients[x]!.Count);
            Assert.Equal(50 * 64, mine.ToArray().Length);
        }

        Assert.Equal(before, Storage.Live);
    }

    /// <summary>The most that was ever in use: what the pool may keep for the next step.</summary>
    private static long Taken() => MemoryPool.Bytes.Peak;

    private static Tensor Allocated(Shape shape, int seed)
    {
        using var scope = new TensorScope();
        var tensor = Tensor.Allocate(shape, s_oneCore);
        tensor.CopyFrom(ConvTests.Noise(shape, seed, s_oneCore));
        return tensor;
    }

    private static float Step(WeightMatrix[] weights, Tensor input)
    {
        using var scope = new TensorScope();
        var x = input;
        foreach (var weight in weights)
        {
            x = TensorScope.Run(() => x.Linear(weight, null, Activation.Gelu, x).LayerNorm(null, null));
        }

        var gradients = x.Square().Mean().Backward();
        return gradients[weights[0].Values!]!.Square().Sum().Scalar;
    }

    [Fact]
    public void A_freed_tensor_throws_and_says_so()
    {
        Tensor x;
        using (new TensorScope())
        {
            x = Tensor.From([1f], [1], Cpu);
        }

        Assert.Contains("TensorScope.Run", Assert.Throws<ObjectDisposedException>(() => x.Values.Length).Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => x.ToArray());
        Assert.Throws<ObjectDisposedException>(() => x + 1f);
    }

    [Fact]
    public unsafe void A_freed_block_is_poisoned()
    {
        Storage.Poison = true;
        try
        {
            var x = Tensor.Allocate([64], Cpu);
            var address = x.Pointer;
            x.Dispose();

            // The pool keeps the block, so its memory is still there to be looked at.
            Assert.True(float.IsNaN(address[0]) && float.IsNaN(address[63]));
        }
        finally
        {
            Storage.Poison = false;
        }
    }

    [Fact]
    public void Run_keeps_its_result_in_the_surrounding_scope()
    {
        var before = Settled();
        using (new TensorScope())
        {
            var y = TensorScope.Run(() => (Tensor.From([1f, 2f], [2], Cpu) * 2f) + 1f);
            Assert.Equal(before + 1, Storage.Live);
            Assert.Equal([3f, 5f], y.ToArray());
            var (a, b) = TensorScope.Run(() => (y + 1f, y + 2f));
            Assert.Equal(before + 3, Storage.Live);
            Assert.Equal([4f, 6f, 5f, 7f], [.. a.ToArray(), .. b.ToArray()]);
        }

        Assert.Equal(before, Storage.Live);
    }

    [Fact]
    public void Run_keeps_what_a_returned_view_looks_into()
    {
        using var scope = new TensorScope();
        var y = TensorScope.Run(() => Tensor.From([1f, 2f, 3f], [3], Cpu).Slice(0, 1, 3));
        Assert.Equal([2f, 3f], y.ToArray());
    }

    [Fact]
    public void Release_frees_a_temporary_of_this_scope_only()
    {
        using var outer = new TensorScope();
        var (x, y) = (Tensor.Zeros([3], Cpu), Tensor.Zeros([3], Cpu));
        x.Release();
        Assert.True(x.Storage.IsFreed);
        using (new TensorScope())
        {
            y.Release();
        }

        Assert.False(y.Storage.IsFreed);
        using var state = Tensor.Allocate([3], Cpu);
        state.Release();
        Assert.False(state.Storage.IsFreed);
    }

    [Fact]
    public void Owns_takes_a_block_out_of_the_scope_once()
    {
        Tensor x;
        using (new TensorScope())
        {
            x = Tensor.Zeros([2], Cpu);
            Assert.True(TensorScope.Owns(x.Storage));
            Assert.False(TensorScope.Owns(x.Storage));
        }

        Assert.False(x.Storage.IsFreed);
        x.Dispose();
        Assert.True(x.Storage.IsFreed);
    }

    [Fact]
    public void A_detached_tensor_outlives_its_scope()
    {
        var before = Settled();
        Tensor whole, part;
        using (new TensorScope())
        {
            var x = Tensor.From([1f, 2f, 3f], [3], Cpu);
            part = x.Slice(0, 1, 3).Detach();
            whole = x.Detach();
        }

        Assert.Equal([1f, 2f, 3f, 2f, 3f], [.. whole.ToArray(), .. part.ToArray()]);
        whole.Dispose();
        part.Dispose();
        Assert.Equal(before, Storage.Live);
    }

    [Fact]
    public void Another_thread_has_its_own_scope()
    {
        using var scope = new TensorScope();
        Tensor? free = null, scoped = null;
        var thread = new Thread(() =>
        {
            free = Tensor.Zeros([2], Cpu);
            using var inner = new TensorScope();
            scoped = Tensor.Zeros([2], Cpu);
        });
        thread.Start();
        thread.Join();
        Assert.False(TensorScope.Owns(free!.Storage));
        Assert.False(free.Storage.IsFreed);
        Assert.True(scoped!.Storage.IsFreed);
        free.Dispose();
    }

    [Fact]
    public void Scopes_end_innermost_first()
    {
        var outer = new TensorScope();
        var inner = new TensorScope();
        try
        {
            outer.Dispose();
            Assert.Fail("the outer scope ended while an inner one was open");
        }
        catch (InvalidOperationException error)
        {
            Assert.Contains("innermost first", error.Message, StringComparison.Ordinal);
        }

        inner.Dispose();
        outer.Dispose();
        outer.Dispose();
    }

    [Fact]
    public void Outside_scopes_the_garbage_collector_frees()
    {
        var before = Settled();
        Forget();
        Assert.Equal(before, Settled());
    }

    [Fact]
    public void A_block_that_was_freed_serves_the_next_request()
    {
        using var scope = new TensorScope();
        var x = Tensor.Zeros([5000], Cpu);
        x.Release();
        var other = Tensor.Zeros([4900], Cpu);
        Assert.All(other.ToArray(), v => Assert.Equal(0f, v));
        Assert.Throws<ObjectDisposedException>(() => x.ToArray());
    }

    [Fact]
    public void Keeping_blocks_takes_no_more_memory_than_once_was_in_use()
    {
        var random = new Random(7);
        var held = new List<(nint Block, long Size)>();
        for (var i = 0; i < 2000; i++)
        {
            if (held.Count > 0 && random.Next(2) == 0)
            {
                var at = random.Next(held.Count);
                MemoryPool.Return(held[at].Block, held[at].Size);
                held.RemoveAt(at);
            }
            else
            {
                var bytes = 1L << random.Next(8, 24);
                held.Add((MemoryPool.Rent(bytes, out var size), size));
                Assert.InRange(size, bytes, 2 * bytes);
            }

            var (used, kept, _) = MemoryPool.Bytes;
            Assert.InRange(used + kept, held.Sum(h => h.Size), MemoryPool.Limit);
        }

        held.ForEach(h => MemoryPool.Return(h.Block, h.Size));
        Assert.True(MemoryPool.Bytes.Kept > 0);
    }

    [Fact]
    public unsafe void Borrowed_memory_is_never_freed()
    {
        var before = Settled();
        var owner = GC.AllocateArray<float>(3, pinned: true);
        owner[1] = 7f;
        var x = Tensor.Borrow((nint)Unsafe.AsPointer(ref owner[0]), [3], owner, Cpu);
        x.Dispose();
        Assert.Equal([0f, 7f, 0f], x.ToArray());
        Assert.Equal(before, Storage.Live);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        for (var i = 0; i < 10; i++)
        {
            Tensor.Zeros([1000], Cpu);
        }
    }

    /// <summary>Blocks alive once everything unreachable is gone.</summary>
    private static long Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return Storage.Live;
    }
}
