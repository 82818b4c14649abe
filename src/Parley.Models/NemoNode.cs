using System.Text.Json;

namespace Parley.Models;

/// <summary>A mapping of a NeMo configuration that names itself in errors.</summary>
internal sealed record NemoNode(JsonElement Json, string Where)
{
    /// <summary>A mapping inside this one.</summary>
    public NemoNode this[string name] => Get(name) is { ValueKind: JsonValueKind.Object } inner ? new NemoNode(inner, $"{Where}: {name}") : throw Bad(name, "is missing or no mapping");

    /// <summary>Whether there is a value that is not null.</summary>
    public bool Has(string name) => Get(name) is not null;

    /// <summary>A text, or null when there is none.</summary>
    public string? Text(string name) => Get(name) is not { } value ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Bad(name, $"is {value.GetRawText()} where a text is needed");

    /// <summary>A whole number; without a default it must be there.</summary>
    public int Int(string name, int? otherwise = null) => Get(name) switch
    {
        null => otherwise ?? throw Bad(name, "is missing"),
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out var number) && number is >= -1 and <= 1 << 24 => number,
        { } value => throw Bad(name, $"is {value.GetRawText()} where a number is needed"),
    };

    /// <summary>A real number.</summary>
    public float Real(string name, float otherwise) => Get(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.Number } value when value.TryGetSingle(out var number) && float.IsFinite(number) => number,
        { } value => throw Bad(name, $"is {value.GetRawText()} where a number is needed"),
    };

    /// <summary>True or false.</summary>
    public bool Flag(string name, bool otherwise) => Get(name)?.ValueKind switch
    {
        null => otherwise,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad(name, "must be true or false"),
    };

    /// <summary>A list of texts.</summary>
    public IReadOnlyList<string> Texts(string name) => [.. List(name).Select(v => v.ValueKind == JsonValueKind.String ? v.GetString()! : throw Bad(name, $"holds {v.GetRawText()}, which is no text"))];

    /// <summary>A list of whole numbers.</summary>
    public int[] Numbers(string name) => [.. List(name).Select(v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var number) ? number : throw Bad(name, $"holds {v.GetRawText()}, which is no whole number"))];

    /// <summary>A list of real numbers.</summary>
    public float[] Reals(string name) => [.. List(name).Select(v => v.ValueKind == JsonValueKind.Number && v.TryGetSingle(out var number) && float.IsFinite(number) ? number : throw Bad(name, $"holds {v.GetRawText()}, which is no number"))];

    /// <summary>Throws unless a value is absent or the one that is supported.</summary>
    public void Only(string name, string supported)
    {
        if (Get(name) is { } value && !(value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText())!.Equals(supported, StringComparison.Ordinal))
        {
            throw Bad(name, $"is {value.GetRawText()}; only {supported} is supported");
        }
    }

    /// <summary>An error about one key.</summary>
    public InvalidDataException Bad(string name, string what) => new($"{Where}: {name} {what}");

    /// <summary>A list.</summary>
    public IEnumerable<JsonElement> List(string name) => Get(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : throw Bad(name, "is missing or no list");

    private JsonElement? Get(string name) =>
        Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? value : null;
}
