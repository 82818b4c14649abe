using System.Runtime.InteropServices;

namespace Parley.Training;

/// <summary>The processes that <c>mpirun</c> of Open MPI started, over its C library. Nothing of it is touched in a process that mpirun did not start.</summary>
/// <remarks>MPI standard 3.1, §5.9.6 (all-reduce), §8.7 (start and end); Open MPI 4 and 5, whose handles are the addresses of objects in the library.</remarks>
public sealed class MpiProcesses : ICollective
{
    private const string Library = "libmpi.so.40";
    private const int Serialized = 2;

    // MPI_IN_PLACE of Open MPI.
    private const nint InPlace = 1;

    private readonly nint _world;
    private readonly nint _float;
    private readonly nint _double;
    private readonly nint _sum;

    private MpiProcesses(nint library)
    {
        (_world, _float) = (NativeLibrary.GetExport(library, "ompi_mpi_comm_world"), NativeLibrary.GetExport(library, "ompi_mpi_float"));
        (_double, _sum) = (NativeLibrary.GetExport(library, "ompi_mpi_double"), NativeLibrary.GetExport(library, "ompi_mpi_op_sum"));
        Check(MPI_Init_thread(0, 0, Serialized, out _), "start");
        Check(MPI_Comm_rank(_world, out var rank), "number this process");
        Check(MPI_Comm_size(_world, out var count), "count processes");
        (Rank, Count) = (rank, count);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>Joins the processes that mpirun started with this one; a process that it did not start trains alone.</summary>
    /// <exception cref="NotSupportedException">Several processes were started, and Open MPI's library is not there to join them.</exception>
    public static ICollective Join()
    {
        if (!IsSeveral("OMPI_COMM_WORLD_SIZE"))
        {
            // MPICH and its kin: each process would take itself for the only one, and all would write the same files.
            return IsSeveral("PMI_SIZE")
                ? throw new NotSupportedException("several processes were started, but not by Open MPI, the one MPI that Parley knows; install it (Debian, Ubuntu: apt install openmpi-bin) and use its mpirun")
                : new SingleProcess();
        }

        return NativeLibrary.TryLoad(Library, out var library)
            ? new MpiProcesses(library)
            : throw new NotSupportedException($"mpirun started several processes, but {Library} cannot be loaded; install Open MPI's library (Debian, Ubuntu: apt install openmpi-bin libopenmpi-dev)");
    }

    /// <inheritdoc/>
    public void Sum(Span<float> values)
    {
        if (!values.IsEmpty)
        {
            Check(MPI_Allreduce(InPlace, ref MemoryMarshal.GetReference(values), values.Length, _float, _sum, _world), "add numbers");
        }
    }

    /// <inheritdoc/>
    public void Sum(Span<double> values)
    {
        if (!values.IsEmpty)
        {
            Check(MPI_Allreduce(InPlace, ref MemoryMarshal.GetReference(values), values.Length, _double, _sum, _world), "add numbers");
        }
    }

    /// <inheritdoc/>
    public void Wait() => Check(MPI_Barrier(_world), "wait");

    /// <inheritdoc/>
    public void Abort() => _ = MPI_Abort(_world, 1);

    /// <inheritdoc/>
    public void Dispose() => Check(MPI_Finalize(), "end");

    private static bool IsSeveral(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), out var count) && count > 1;

    private static void Check(int code, string what)
    {
        if (code != 0)
        {
            throw new IOException($"MPI could not {what} (error {code})");
        }
    }

    [DllImport(Library)]
    private static extern int MPI_Init_thread(nint argc, nint argv, int required, out int provided);

    [DllImport(Library)]
    private static extern int MPI_Comm_rank(nint communicator, out int rank);

    [DllImport(Library)]
    private static extern int MPI_Comm_size(nint communicator, out int size);

    [DllImport(Library)]
    private static extern int MPI_Allreduce(nint send, ref float receive, int count, nint type, nint operation, nint communicator);

    [DllImport(Library)]
    private static extern int MPI_Allreduce(nint send, ref double receive, int count, nint type, nint operation, nint communicator);

    [DllImport(Library)]
    private static extern int MPI_Barrier(nint communicator);

    [DllImport(Library)]
    private static extern int MPI_Abort(nint communicator, int code);

    [DllImport(Library)]
    private static extern int MPI_Finalize();
}
