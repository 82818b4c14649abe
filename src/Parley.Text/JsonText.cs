using System.Text.Json;

namespace Parley.Text;

/// <summary>Small readings of untrusted JSON that fail with the file and the field.</summary>
internal static class JsonText
{
    /// <summary>Parses a file; what is wrong with it becomes one message.</summary>
    public static JsonDocument Open(string path)
    {
        try
        {
            return JsonDocument.Parse(TiktokenFile.ReadBounded(path), new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: not JSON: {e.Message}", e);
        }
    }

    /// <summary>A member of an object, or null if it is not there or null.</summary>
    public static JsonElement? Member(this JsonElement element, string where, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"{where}: expected an object with '{name}', found {Kind(element)}");
        }

        return element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>A text member, or null.</summary>
    public static string? Text(this JsonElement element, string where, string name) =>
        element.Member(where, name) is not { } value ? null : AsText(value, $"{where}: '{name}'");

    /// <summary>A true-or-false member.</summary>
    public static bool Flag(this JsonElement element, string where, string name, bool otherwise) =>
        element.Member(where, name) is not { } value ? otherwise : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new InvalidDataException($"{where}: '{name}' must be true or false, not {Kind(value)}"),
        };

    /// <summary>A whole-number member.</summary>
    public static int Number(this JsonElement element, string where, string name) =>
        element.Member(where, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number)
            ? number
            : throw new InvalidDataException($"{where}: '{name}' must be a whole number");

    /// <summary>The members of an array.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, string where) =>
        element.ValueKind == JsonValueKind.Array
            ? element.EnumerateArray()
            : throw new InvalidDataException($"{where}: expected an array, found {Kind(element)}");

    /// <summary>The text of a string element.</summary>
    public static string AsText(JsonElement value, string where)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw new InvalidDataException($"{where}: expected text, found {Kind(value)}");
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{where}: the text is not valid Unicode", e);
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();
}
