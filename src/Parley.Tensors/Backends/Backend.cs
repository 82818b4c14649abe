namespace Parley.Tensors;

/// <summary>What computes: one method per kernel. Shapes were checked by the operation that calls; outputs are contiguous unless said.</summary>
/// <remarks>Parts: Backend.*.cs beside this file, one per group of kernels; each has its twin in Reference/ and its fast form in Simd/.</remarks>
public abstract partial class Backend
{
    private protected Backend()
    {
    }

    /// <summary>Vectorised kernels on every core: what to use unless something is being checked.</summary>
    public static Backend Default { get; } = new SimdBackend(Workers.Shared);

    /// <summary>Plain loops that accumulate in double precision: slow, and the oracle of every kernel test.</summary>
    public static Backend Reference { get; } = new ReferenceBackend();

    /// <summary>Vectorised kernels on at most <paramref name="threads"/> cores.</summary>
    public static Backend WithThreads(int threads) => new SimdBackend(new Workers(threads));

    /// <summary>The cores this backend may use.</summary>
    public abstract Workers Workers { get; }
}
