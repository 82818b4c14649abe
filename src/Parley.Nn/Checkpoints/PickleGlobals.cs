using System.Buffers.Binary;
using System.Text;

namespace Parley.Nn;

/// <summary>The only Python names a checkpoint may use, and what each makes here.</summary>
/// <remarks>Facts: pytorch/pytorch torch/_utils.py, torch/serialization.py and torch/_weights_only_unpickler.py.</remarks>
internal static class PickleGlobals
{
    private const int MaxDims = 64;

    /// <summary>The storage's type when the name is one of PyTorch's storage classes.</summary>
    public static StoredType? StorageType(object? global) => global is not PickleGlobal { Module: "torch" } g ? null : g.Name switch
    {
        "DoubleStorage" => StoredType.F64,
        "FloatStorage" => StoredType.F32,
        "HalfStorage" => StoredType.F16,
        "BFloat16Storage" => StoredType.BF16,
        "LongStorage" => StoredType.I64,
        "IntStorage" => StoredType.I32,
        "ShortStorage" => StoredType.I16,
        "CharStorage" => StoredType.I8,
        "ByteStorage" => StoredType.U8,
        "BoolStorage" => StoredType.Bool,
        _ => null,
    };

    public static PickleGlobal Check(string path, string module, string name)
    {
        var global = new PickleGlobal(module == "__builtin__" ? "builtins" : module, name);
        return IsAllowed(global) ? global : throw new InvalidDataException(
            $"{path}: the file asks for {Shown(module)}.{Shown(name)}, which is neither a tensor nor a plain value; Parley does not run code from files. "
            + "Save the plain state dictionary, or use a safetensors version");
    }

    /// <summary>How many values a call copies.</summary>
    public static long Cost(PickleTuple arguments) => arguments.Items.Sum(a => a switch
    {
        string text => text.Length,
        byte[] bytes => bytes.Length,
        PickleList list => list.Items.Count,
        PickleTuple tuple => tuple.Items.Length,
        PickleDict dictionary => dictionary.Count,
        _ => 1L,
    });

    public static object? Call(string path, PickleGlobal function, object?[] arguments) => (function.Module, function.Name, arguments) switch
    {
        ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2", [TorchStorage storage, long offset, PickleTuple shape, PickleTuple strides, ..]) =>
            Tensor(path, storage, offset, shape, strides),
        ("torch._utils", "_rebuild_parameter", [TorchTensor tensor, ..]) => tensor,
        ("torch", "Size", [PickleTuple shape]) => shape,
        ("torch", "device", [string type, ..]) => type,
        ("torch.serialization", "_get_layout", [string layout]) => layout,
        ("collections", "OrderedDict" or "Counter", []) or ("builtins", "dict", []) => new PickleDict(),
        ("collections", "OrderedDict", [PickleList pairs]) => Dictionary(path, pairs.Items),
        ("collections", "OrderedDict" or "Counter", [PickleDict same]) => Dictionary(same),
        ("collections", "defaultdict", []) or ("collections", "defaultdict", [PickleGlobal or null]) => new PickleDict(),
        ("argparse", "Namespace", []) => new PickleDict { IsNamespace = true },
        ("builtins", "list" or "set" or "frozenset", []) => new PickleList(),
        ("builtins", "list" or "set" or "frozenset", [PickleList items]) => items,
        ("builtins", "tuple", [PickleTuple items]) => items,
        ("builtins", "int" or "float" or "bool" or "str", [long or double or bool or string]) => arguments[0],
        ("_codecs", "encode", [string text, "latin1"]) => Encoding.Latin1.GetBytes(text),
        ("numpy", "dtype", [string type, ..]) => new NumpyType(type),
        ("numpy.core.multiarray" or "numpy._core.multiarray", "scalar", [NumpyType type, byte[] bytes]) => Scalar(path, type, bytes),
        _ => throw new InvalidDataException($"{path}: the file uses {function} with arguments that are not known"),
    };

    private static bool IsAllowed(PickleGlobal global) => (global.Module, global.Name) switch
    {
        ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2" or "_rebuild_parameter") => true,
        ("torch", "Size" or "device") => true,
        ("torch", "float64" or "float32" or "float16" or "bfloat16" or "int64" or "int32" or "int16" or "int8" or "uint8" or "bool") => true,
        ("torch", _) => StorageType(global) is not null,
        ("torch.serialization", "_get_layout") => true,
        ("collections", "OrderedDict" or "defaultdict" or "Counter") => true,
        ("argparse", "Namespace") => true,
        ("builtins", "dict" or "list" or "set" or "frozenset" or "tuple" or "int" or "float" or "bool" or "str") => true,
        ("_codecs", "encode") => true,
        ("numpy", "dtype") => true,
        ("numpy.core.multiarray" or "numpy._core.multiarray", "scalar") => true,
        _ => false,
    };

    private static TorchTensor Tensor(string path, TorchStorage storage, long offset, PickleTuple shape, PickleTuple strides)
    {
        var (dims, steps) = (Numbers(path, shape), Numbers(path, strides));
        if (dims.Length != steps.Length || offset < 0)
        {
            throw new InvalidDataException($"{path}: a tensor with {dims.Length} dimensions, {steps.Length} strides and offset {offset}");
        }

        Int128 count = 1;
        Int128 last = offset;
        for (var i = 0; i < dims.Length; i++)
        {
            count = Int128.Min(count * dims[i], long.MaxValue);
            last += (Int128)Math.Max(dims[i] - 1, 0) * steps[i];
        }

        return count == 0 || (count < long.MaxValue && last < storage.Count)
            ? new TorchTensor(storage, offset, dims, steps)
            : throw new InvalidDataException($"{path}: a tensor [{string.Join(", ", dims)}] reaches beyond its storage {Shown(storage.Key)} of {storage.Count} numbers");
    }

    private static long[] Numbers(string path, PickleTuple tuple) =>
        tuple.Items.Length <= MaxDims && tuple.Items.All(i => i is >= 0L)
            ? [.. tuple.Items.Cast<long>()]
            : throw new InvalidDataException($"{path}: a shape or stride that is no short list of whole numbers");

    private static PickleDict Dictionary(string path, IEnumerable<object?> pairs)
    {
        var dictionary = new PickleDict();
        foreach (var pair in pairs)
        {
            var (key, value) = pair switch
            {
                PickleTuple { Items: [{ } k, var v] } => (k, v),
                PickleList { Items: [{ } k, var v] } => (k, v),
                _ => throw new InvalidDataException($"{path}: a dictionary made from something other than pairs"),
            };
            dictionary[key] = value;
        }

        return dictionary;
    }

    private static PickleDict Dictionary(PickleDict same)
    {
        var dictionary = new PickleDict();
        foreach (var (key, value) in same.Items)
        {
            dictionary[key] = value;
        }

        return dictionary;
    }

    private static object Scalar(string path, NumpyType type, byte[] bytes) => (type.Name, bytes.Length) switch
    {
        ("f8", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        ("f4", 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
        ("i8", 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        ("i4", 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ("b1", 1) => bytes[0] != 0,
        _ => throw new InvalidDataException($"{path}: a numpy number of type {Shown(type.Name)} and {bytes.Length} bytes"),
    };

    private static string Shown(string name) => string.Concat(name.Where(c => !char.IsControl(c)).Take(100));
}
