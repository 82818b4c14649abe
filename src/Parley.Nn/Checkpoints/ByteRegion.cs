using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Parley.Nn;

/// <summary>Bytes at a fixed address: a file mapped for reading, or native memory that a reader filled.</summary>
internal sealed unsafe class ByteRegion : IDisposable
{
    private readonly MemoryMappedViewAccessor? _view;
    private readonly SafeFileHandle? _file;
    private readonly ByteRegion? _whole;
    private readonly long _from;
    private byte* _start;
    private int _closed;

    private ByteRegion(byte* start, long length, MemoryMappedViewAccessor? view, SafeFileHandle? file)
    {
        _start = start;
        Length = length;
        _view = view;
        _file = file;
    }

    private ByteRegion(ByteRegion whole, long from, long length)
        : this(whole.At(from), length, view: null, file: null) => (_whole, _from) = (whole, from);

    ~ByteRegion() => Release();

    public long Length { get; }

    public bool IsClosed => Volatile.Read(ref _closed) != 0 || _whole?.IsClosed == true;

    /// <summary>Maps a whole file; nothing is read yet.</summary>
    public static ByteRegion Map(string path)
    {
        var file = new FileInfo(path);
        if (Directory.Exists(path))
        {
            throw new InvalidDataException($"{path}: a folder where a checkpoint file is needed");
        }

        if (!file.Exists)
        {
            throw new FileNotFoundException($"{path}: no such file", path);
        }

        // Also keeps pipes and devices from being opened, whose length is 0: opening one may block for ever.
        // A link's own length is that of its target's name, so the target is asked.
        var target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        if (!target.Exists || target.Length == 0)
        {
            throw new InvalidDataException($"{path}: the file is empty; download or copy it again");
        }

        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            var length = RandomAccess.GetLength(handle);
            using var map = MemoryMappedFile.CreateFromFile(handle, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            var view = map.CreateViewAccessor(offset: 0, size: length, MemoryMappedFileAccess.Read);
            byte* start = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            return new ByteRegion(start + view.PointerOffset, length, view, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Native memory, not cleared, aligned to 64 bytes.</summary>
    public static ByteRegion Allocate(long length)
    {
        var start = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), alignment: 64);
        GC.AddMemoryPressure(Math.Max(length, 1));
        return new ByteRegion(start, length, view: null, file: null);
    }

    /// <summary>Bytes inside this region, which owns them.</summary>
    public ByteRegion Part(long offset, long length) =>
        offset >= 0 && length >= 0 && length <= Length - offset ? new ByteRegion(this, offset, length) : throw new ArgumentOutOfRangeException(nameof(length));

    /// <summary>Address of one byte.</summary>
    public byte* At(long offset)
    {
        ObjectDisposedException.ThrowIf(IsClosed, typeof(Checkpoint));
        return offset >= 0 && offset <= Length ? _start + offset : throw new ArgumentOutOfRangeException(nameof(offset));
    }

    /// <summary>Up to 2 GiB of the bytes.</summary>
    public Span<byte> Span(long offset, int length)
    {
        var start = At(offset);
        return length <= Length - offset ? new Span<byte>(start, length) : throw new ArgumentOutOfRangeException(nameof(length));
    }

    /// <summary>Copies bytes; those of a file are read from it, so that the mapping's pages stay untouched and take no memory.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        var source = Span(offset, destination.Length);
        if (_whole is not null)
        {
            _whole.Read(_from + offset, destination);
            return;
        }

        if (_file is null)
        {
            source.CopyTo(destination);
            return;
        }

        for (var done = 0; done < destination.Length;)
        {
            var count = RandomAccess.Read(_file, destination[done..], offset + done);
            done += count > 0 ? count : throw new InvalidDataException("the checkpoint file became shorter while it was read; copy it again");
        }
    }

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        if (_whole is not null)
        {
            _start = null;
            return;
        }

        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file?.Dispose();
        }
        else
        {
            NativeMemory.AlignedFree(_start);
            GC.RemoveMemoryPressure(Math.Max(Length, 1));
        }

        _start = null;
    }
}
