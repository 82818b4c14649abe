using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Parley.Nn;

/// <summary>Reads one pickle into plain values and tensors; names of anything else are refused and nothing is ever called.</summary>
/// <remarks>Opcodes: python/cpython Lib/pickletools.py, those of protocols 2 to 5.</remarks>
internal ref struct Unpickler
{
    private const int MaxOpcodes = 2_000_000;

    private const long MaxWork = 16L << 20;

    private static readonly object Mark = new();

    private readonly ReadOnlySpan<byte> _data;
    private readonly string _path;
    private readonly Func<object?, object> _persistent;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;
    private long _work;

    public Unpickler(ReadOnlySpan<byte> data, string path, Func<object?, object> persistent)
    {
        _data = data;
        _path = path;
        _persistent = persistent;
    }

    /// <summary>Bytes of the pickle, known once it is read.</summary>
    public readonly int Length => _at;

    public object? Read()
    {
        for (var count = 0; count < MaxOpcodes; count++)
        {
            var opcode = Take(1)[0];
            if (opcode == (byte)'.')
            {
                return Pop();
            }

            Execute(opcode);
        }

        throw Bad($"more than {MaxOpcodes} steps");
    }

    private void Execute(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: Protocol(Take(1)[0]); break;
            case 0x95: Take(8); break;                                                   // FRAME: a hint only
            case (byte)'(': Push(Mark); break;
            case (byte)'0': PopAny(); break;
            case (byte)'1': PopMark(); break;
            case (byte)'2': Push(Peek()); break;
            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case (byte)'K': Push((long)Take(1)[0]); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 0x8a: Integer(Take(Take(1)[0])); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case (byte)'X': Push(Text(TakeCounted(4))); break;
            case 0x8c: Push(Text(TakeCounted(1))); break;
            case 0x8d: Push(Text(TakeCounted(8))); break;
            case (byte)'T': Push(Latin1(TakeCounted(4))); break;                         // Python 2 strings
            case (byte)'U': Push(Latin1(TakeCounted(1))); break;
            case (byte)'B': Push(TakeCounted(4).ToArray()); break;
            case (byte)'C': Push(TakeCounted(1).ToArray()); break;
            case 0x8e or 0x96: Push(TakeCounted(8).ToArray()); break;
            case (byte)']' or 0x8f: Push(new PickleList()); break;
            case (byte)'}': Push(new PickleDict()); break;
            case (byte)')': Push(new PickleTuple([])); break;
            case 0x85 or 0x86 or 0x87: Tuple(PopMany(opcode - 0x84)); break;
            case (byte)'t': Tuple(PopMark()); break;
            case (byte)'l' or 0x91: Fill(new PickleList(), PopMark()); break;
            case (byte)'d': Fill(new PickleDict(), PopMark()); break;
            case (byte)'a': Append(PopMany(1)); break;
            case (byte)'e' or 0x90: Append(PopMark()); break;
            case (byte)'s': Set(PopMany(2)); break;
            case (byte)'u': Set(PopMark()); break;
            case (byte)'c': Global(Line(), Line()); break;
            case 0x93: StackGlobal(PopMany(2)); break;
            case (byte)'R' or 0x81: Reduce(PopMany(2)); break;                           // NEWOBJ: the same for what is allowed
            case (byte)'b': Build(PopMany(1)); break;
            case (byte)'Q': Push(_persistent(Pop())); break;
            case (byte)'q': Remember(Take(1)[0]); break;
            case (byte)'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            case 0x94: Remember(_memo.Count); break;
            case (byte)'h': Recall(Take(1)[0]); break;
            case (byte)'j': Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); break;
            default: throw Bad($"opcode 0x{opcode:x2}, which PyTorch does not write");
        }
    }

    private readonly void Protocol(byte version)
    {
        if (version is < 2 or > 5)
        {
            throw Bad($"protocol {version}; 2 to 5 are known");
        }
    }

    private readonly void Push(object? value) => _stack.Add(value);

    private readonly object? Pop()
    {
        var value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private readonly void PopAny() => _stack.RemoveAt(_stack.Count > 0 ? _stack.Count - 1 : throw Bad("an empty stack"));

    private readonly object? Peek() =>
        _stack.Count > 0 && !ReferenceEquals(_stack[^1], Mark) ? _stack[^1] : throw Bad("an empty stack");

    private readonly object?[] PopMany(int count)
    {
        if (_stack.Count < count || _stack.FindIndex(_stack.Count - count, count, v => ReferenceEquals(v, Mark)) >= 0)
        {
            throw Bad("an empty stack");
        }

        object?[] values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private readonly object?[] PopMark()
    {
        var mark = _stack.FindLastIndex(v => ReferenceEquals(v, Mark));
        if (mark < 0)
        {
            throw Bad("no mark on the stack");
        }

        object?[] values = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private readonly void Remember(long key) =>
        _memo[key <= MaxOpcodes ? key : throw Bad($"a value to remember as {key}")] = Peek();

    private readonly void Recall(long key) =>
        Push(_memo.TryGetValue(key, out var value) ? value : throw Bad($"nothing remembered as {key}"));

    private readonly void Tuple(object?[] items) => Push(new PickleTuple(items));

    private readonly void Fill(PickleList list, object?[] items)
    {
        Push(list);
        Append(items);
    }

    private void Fill(PickleDict dictionary, object?[] items)
    {
        Push(dictionary);
        Set(items);
    }

    private readonly void Append(object?[] items)
    {
        var list = Peek() as PickleList ?? throw Bad("an item for something that is no list");
        foreach (var item in items)
        {
            list.Add(item);
        }
    }

    private void Set(object?[] items)
    {
        var dictionary = Peek() as PickleDict ?? throw Bad("an entry for something that is no dictionary");
        if (items.Length % 2 != 0)
        {
            throw Bad("a key without a value");
        }

        for (var i = 0; i < items.Length; i += 2)
        {
            Set(dictionary, items[i], items[i + 1]);
        }
    }

    private void Set(PickleDict dictionary, object? key, object? value)
    {
        Work(key is string text ? text.Length : 1);
        dictionary[key ?? throw Bad("a dictionary key of None")] = value;
    }

    private readonly void StackGlobal(object?[] names)
    {
        if (names is not [string module, string name])
        {
            throw Bad("a global whose name is no text");
        }

        Global(module, name);
    }

    private readonly void Global(string module, string name) => Push(PickleGlobals.Check(_path, module, name));

    private void Reduce(object?[] call)
    {
        if (call is not [PickleGlobal function, PickleTuple arguments])
        {
            throw Bad("a call of something that is no name");
        }

        Work(PickleGlobals.Cost(arguments));
        Push(PickleGlobals.Call(_path, function, arguments.Items));
    }

    // State given to an object after it is made: entries of a namespace, byte order of a numpy type. Attributes of dictionaries
    // (PyTorch's `_metadata`) say nothing about numbers.
    private void Build(object?[] state)
    {
        switch (Peek())
        {
            case PickleDict { IsNamespace: true } space when state[0] is PickleDict entries:
                Work(entries.Count);
                foreach (var (key, value) in entries.Items.ToArray())
                {
                    Set(space, key, value);
                }

                break;
            case NumpyType when state[0] is PickleTuple { Items: [_, string order, ..] } && order is "<" or "|" or "=":
            case PickleDict:
                break;
            default:
                throw Bad("state for an object that takes none");
        }
    }

    private void Work(long amount)
    {
        _work += 1 + amount;
        if (_work > MaxWork)
        {
            throw Bad("more work than a checkpoint needs");
        }
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > _data.Length - _at)
        {
            throw Bad("its end before the value is complete; download or copy it again");
        }

        var bytes = _data.Slice(_at, (int)count);
        _at += (int)count;
        return bytes;
    }

    private ReadOnlySpan<byte> TakeCounted(int width) => Take(width switch
    {
        1 => Take(1)[0],
        4 => BinaryPrimitives.ReadUInt32LittleEndian(Take(4)),
        _ => BinaryPrimitives.ReadInt64LittleEndian(Take(8)),
    });

    private string Line()
    {
        var length = _data[_at..].IndexOf((byte)'\n');
        var line = length is >= 0 and <= 1000 ? Latin1(Take(length)) : throw Bad("a name without an end");
        Take(1);
        return line;
    }

    private readonly void Integer(ReadOnlySpan<byte> bytes)
    {
        var value = bytes.Length <= 64 ? new BigInteger(bytes) : throw Bad($"an integer of {bytes.Length} bytes");
        if (value >= long.MinValue && value <= long.MaxValue)
        {
            Push((long)value);
        }
        else
        {
            Push(value);
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private static string Latin1(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private readonly InvalidDataException Bad(string what) => new($"{_path}: the pickle at byte {_at} has {what}");
}
