namespace Parley.Nn;

/// <summary>Sizes and safetensors names of the stored types.</summary>
internal static class StoredTypes
{
    public static int Size(this StoredType type) => type switch
    {
        StoredType.F64 or StoredType.I64 or StoredType.U64 => 8,
        StoredType.F32 or StoredType.I32 or StoredType.U32 => 4,
        StoredType.F16 or StoredType.BF16 or StoredType.I16 or StoredType.U16 => 2,
        _ => 1,
    };

    public static string SafetensorsName(this StoredType type) => type switch
    {
        StoredType.F64 => "F64",
        StoredType.F32 => "F32",
        StoredType.F16 => "F16",
        StoredType.BF16 => "BF16",
        StoredType.I64 => "I64",
        StoredType.I32 => "I32",
        StoredType.I16 => "I16",
        StoredType.I8 => "I8",
        StoredType.U64 => "U64",
        StoredType.U32 => "U32",
        StoredType.U16 => "U16",
        StoredType.U8 => "U8",
        StoredType.Bool => "BOOL",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a stored type"),
    };

    public static StoredType? FromSafetensors(string? name) => name switch
    {
        "F64" => StoredType.F64,
        "F32" => StoredType.F32,
        "F16" => StoredType.F16,
        "BF16" => StoredType.BF16,
        "I64" => StoredType.I64,
        "I32" => StoredType.I32,
        "I16" => StoredType.I16,
        "I8" => StoredType.I8,
        "U64" => StoredType.U64,
        "U32" => StoredType.U32,
        "U16" => StoredType.U16,
        "U8" => StoredType.U8,
        "BOOL" => StoredType.Bool,
        _ => null,
    };
}
