namespace Parley.Nn;

/// <summary>A dictionary, ordered dictionary or argparse namespace of a pickle; keys may be any plain value.</summary>
internal sealed class PickleDict
{
    private OrderedDictionary<object, object?>? _items;

    public bool IsNamespace { get; init; }

    public int Count => _items?.Count ?? 0;

    public IEnumerable<KeyValuePair<object, object?>> Items => _items ?? Enumerable.Empty<KeyValuePair<object, object?>>();

    public object? this[object key]
    {
        get => _items is not null && _items.TryGetValue(key, out var value) ? value : null;
        set => (_items ??= new(KeyComparer.Instance))[key] = value;
    }
}

/// <summary>Equality of dictionary keys whose hashes a hostile file cannot foresee.</summary>
internal sealed class KeyComparer : IEqualityComparer<object>
{
    public static readonly KeyComparer Instance = new();

    bool IEqualityComparer<object>.Equals(object? x, object? y) => Equals(x, y);

    int IEqualityComparer<object>.GetHashCode(object key) => key switch
    {
        long number => HashCode.Combine((int)number, (int)(number >> 32)),
        double number => ((IEqualityComparer<object>)this).GetHashCode(BitConverter.DoubleToInt64Bits(number)),
        _ => key.GetHashCode(),
    };
}

/// <summary>A list or a set of a pickle.</summary>
internal sealed class PickleList
{
    private List<object?>? _items;

    public IReadOnlyList<object?> Items => _items ?? (IReadOnlyList<object?>)[];

    public void Add(object? item) => (_items ??= []).Add(item);
}

/// <summary>A tuple of a pickle.</summary>
internal sealed class PickleTuple(object?[] items)
{
    public object?[] Items { get; } = items;
}

/// <summary>An allowed name of a Python module, not yet called.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>A numpy type such as `f8`, of little-endian numbers.</summary>
internal sealed class NumpyType(string name)
{
    public string Name { get; } = name;
}

/// <summary>A run of numbers in a PyTorch file that tensors look into.</summary>
internal sealed class TorchStorage(StoredType type, string key, long count)
{
    public StoredType Type { get; } = type;

    public string Key { get; } = key;

    public long Count { get; } = count;

    public ByteRegion? Region { get; set; }

    public long Offset { get; set; }
}

/// <summary>A view of a storage; steps are in numbers.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Strides);
