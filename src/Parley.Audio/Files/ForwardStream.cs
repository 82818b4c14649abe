namespace Parley.Audio;

/// <summary>Forward-only reading with a look-ahead, over any stream; knows how much is left when the stream can tell.</summary>
internal sealed class ForwardStream(Stream stream, string name, bool leaveOpen = false) : IDisposable
{
    /// <summary>The most that can be looked ahead.</summary>
    public const int MaxPeek = 1 << 16;

    private readonly byte[] _buffer = new byte[MaxPeek];
    private int _start;
    private int _end;

    public string Name { get; } = name;

    /// <summary>Bytes left, or null when the stream cannot tell.</summary>
    public long? Remaining => stream.CanSeek ? Math.Max(0, stream.Length - stream.Position) + (_end - _start) : null;

    /// <summary>The next bytes without taking them: as many as asked for, fewer only at the end.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        while (_end - _start < count && Fill())
        {
        }

        return _buffer.AsSpan(_start, Math.Min(count, _end - _start));
    }

    /// <summary>Reads until the span is full or the end; the number of bytes read.</summary>
    public int Read(Span<byte> target)
    {
        var done = 0;
        while (done < target.Length)
        {
            if (_end > _start)
            {
                var take = Math.Min(_end - _start, target.Length - done);
                _buffer.AsSpan(_start, take).CopyTo(target[done..]);
                _start += take;
                done += take;
                continue;
            }

            var read = stream.Read(target[done..]);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return done;
    }

    /// <summary>Skips bytes; false when the stream ended before.</summary>
    public bool Skip(long count)
    {
        var take = (int)Math.Min(count, _end - _start);
        _start += take;
        count -= take;
        if (count > 0 && stream.CanSeek)
        {
            var there = stream.Length - stream.Position;
            stream.Seek(Math.Min(count, Math.Max(0, there)), SeekOrigin.Current);
            return count <= there;
        }

        while (count > 0 && Fill())
        {
            take = (int)Math.Min(count, _end - _start);
            _start += take;
            count -= take;
        }

        return count == 0;
    }

    /// <summary>Copies everything left; a stream without an end is an error.</summary>
    public void CopyTo(Stream target, long limit, CancellationToken cancel)
    {
        do
        {
            cancel.ThrowIfCancellationRequested();
            target.Write(_buffer, _start, _end - _start);
            limit -= _end - _start;
            _start = _end;
            if (limit < 0)
            {
                throw new InvalidDataException($"{Name}: the stream does not end; save a part of it to a file");
            }
        }
        while (Fill());
    }

    public void Dispose()
    {
        if (!leaveOpen)
        {
            stream.Dispose();
        }
    }

    private bool Fill()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0 && _end == _buffer.Length)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            return false;
        }

        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
