using System.Text.Json;

namespace Parley.Nn;

/// <summary>The JSON files of a model folder, read within bounds.</summary>
/// <param name="Path">The folder, as messages name it.</param>
public sealed record ModelFolder(string Path)
{
    /// <summary>Largest JSON file that is read, in bytes.</summary>
    public const int MaxJsonBytes = 16 << 20;

    private const int MaxDepth = 64;

    /// <summary>Full path of a file of this folder, whether it exists or not.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Whether the folder has this file.</summary>
    public bool Has(string name) => System.IO.Path.Exists(this[name]);

    /// <summary>Reads config.json.</summary>
    public JsonDocument Config() => Json("config.json");

    /// <summary>Reads generation_config.json, or null when the folder has none.</summary>
    public JsonDocument? GenerationConfig() => JsonOrNull("generation_config.json");

    /// <summary>Reads preprocessor_config.json, or null when the folder has none.</summary>
    public JsonDocument? PreprocessorConfig() => JsonOrNull("preprocessor_config.json");

    /// <summary>Reads a JSON object that must be there.</summary>
    public JsonDocument Json(string name)
    {
        if (!Directory.Exists(Path))
        {
            throw new DirectoryNotFoundException($"{Path}: no such folder");
        }

        return JsonOrNull(name) ?? throw new FileNotFoundException($"{Path}: no {name}; is this the folder of a published model?", this[name]);
    }

    /// <summary>Reads a JSON object, or null when the folder has no such file.</summary>
    public JsonDocument? JsonOrNull(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        var json = ReadJsonFile(this[name]);
        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            return json;
        }

        json.Dispose();
        throw new InvalidDataException($"{this[name]}: a JSON object was expected");
    }

    /// <summary>Reads one JSON file within the bounds of size and depth; repeated keys are refused.</summary>
    internal static JsonDocument ReadJsonFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new InvalidDataException($"{path}: a folder where a JSON file is needed");
        }

        var file = new FileInfo(path);
        var target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        if (!target.Exists)
        {
            throw new FileNotFoundException($"{path}: no such file", path);
        }

        // Pipes and devices have length 0 and are never opened.
        var length = target.Length;
        if (length is 0 or > MaxJsonBytes)
        {
            throw new InvalidDataException(length == 0
                ? $"{path}: the file is empty; download or copy it again"
                : $"{path}: {length} bytes are more than the {MaxJsonBytes} of the largest JSON file that is read");
        }

        var bytes = new byte[length];
        using var stream = File.OpenRead(path);
        var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var text = bytes.AsMemory(0, read);
        if (text.Span.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        try
        {
            CheckStrings(text.Span);
            return JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: not valid JSON: {e.Message}", e);
        }
    }

    // JsonDocument finds broken text inside strings only when they are read, much later; here it is found at once.
    private static void CheckStrings(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
            {
                reader.GetString();
            }
        }
    }
}
