using System.ComponentModel;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Parley.Training;

/// <summary>Reads a training configuration, with changes from the command line.</summary>
public static class ConfigFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">JSON; comments are allowed.</param>
    /// <param name="changes">"data.batchSeconds=30": a field and its new value as JSON, or as plain text.</param>
    /// <exception cref="InvalidDataException">The file or a change is not a configuration; says which field.</exception>
    public static TrainingConfig Read(string path, IEnumerable<string>? changes = null)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path}: no such configuration");
        }

        JsonObject root;
        try
        {
            root = JsonNode.Parse(File.ReadAllText(path), documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }) as JsonObject
                ?? throw new InvalidDataException($"{path}: a configuration is a JSON object");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}:{e.LineNumber + 1}: {e.Message}", e);
        }

        foreach (var change in changes ?? [])
        {
            Set(root, change);
        }

        try
        {
            var config = root.Deserialize(ConfigJson.Default.TrainingConfig) ?? throw new InvalidDataException("the configuration is empty");
            config.Validate();
            return Rooted(config, Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: {Explain(e)}", e);
        }
    }

    /// <summary>The configuration as it is saved with a run.</summary>
    public static string Write(TrainingConfig config) => JsonSerializer.Serialize(config, ConfigJson.Default.TrainingConfig);

    /// <summary>Every field with its default and its meaning, a line each.</summary>
    public static string Fields()
    {
        var text = new StringBuilder();
        Describe(ConfigJson.Default.TrainingConfig, "", text);
        return text.ToString();
    }

    private static void Describe(JsonTypeInfo type, string prefix, StringBuilder text)
    {
        foreach (var property in type.Properties)
        {
            var meaning = property.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), inherit: false) is [DescriptionAttribute d, ..] ? d.Description : "";
            var name = prefix + property.Name;
            var inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var nested = ConfigJson.Default.GetTypeInfo(inner);
            if (nested is { Kind: JsonTypeInfoKind.Object } && inner != typeof(JsonElement))
            {
                text.Append($"\n{name}: {meaning}\n");
                Describe(nested, name + ".", text);
            }
            else
            {
                var given = property.AssociatedParameter is { HasDefaultValue: true } parameter ? $" (default {Plain(parameter.DefaultValue)})" : "";
                text.Append($"  {name}{given}\n      {meaning}\n");
            }
        }
    }

    private static string Plain(object? value) => value switch
    {
        null => "none",
        bool b => b ? "true" : "false",
        Enum e => JsonSerializer.Serialize(e, ConfigJson.Default.GetTypeInfo(e.GetType())!).Trim('"'),
        IFormattable f => f.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static void Set(JsonObject root, string change)
    {
        if (change.Split('=', 2) is not [{ Length: > 0 } key, var value])
        {
            throw new InvalidDataException($"--set {change}: write a field and its value, such as data.batchSeconds=30");
        }

        var path = key.Split('.');
        var at = root;
        foreach (var name in path[..^1])
        {
            if (at[name] is not JsonObject next)
            {
                at[name] = next = [];
            }

            at = next;
        }

        at[path[^1]] = Parse(value);
    }

    private static JsonNode? Parse(string value)
    {
        try
        {
            return JsonNode.Parse(value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }

    /// <summary>Paths in a configuration are relative to its file.</summary>
    private static TrainingConfig Rooted(TrainingConfig config, string folder)
    {
        string Full(string path) => Path.GetFullPath(Path.Combine(folder, path));
        return config with
        {
            Output = Full(config.Output),
            Model = config.Model with { From = config.Model.From is { } from ? Full(from) : null, Dictionary = config.Model.Dictionary is { } words ? Full(words) : null },
            Data = config.Data with { Train = [.. config.Data.Train.Select(Full)], Validation = config.Data.Validation?.Select(Full).ToArray() },
            Augment = config.Augment is { } augment
                ? augment with { Noise = augment.Noise is { } noise ? Full(noise) : null, Rooms = augment.Rooms is { } rooms ? Full(rooms) : null }
                : null,
        };
    }

    private static string Explain(Exception e)
    {
        // "The JSON property 'stepz' could not be mapped to any .NET member contained in type 'Parley.Training.TrainingConfig'."
        if (e is JsonException && e.Message.Split('\'') is [_, var unknown, _, ..] && e.Message.Contains("could not be mapped", StringComparison.Ordinal))
        {
            var names = Names(ConfigJson.Default.TrainingConfig).ToArray();
            var near = names.MinBy(n => Distance(n, unknown))!;
            return $"no field is called \"{unknown}\"; did you mean \"{near}\"? (`parley train --fields` lists all)";
        }

        return e is JsonException { Path: { Length: > 2 } path } ? $"{path[2..]}: {e.Message.Split(" Path:")[0]}" : e.Message.Split(" Path:")[0];
    }

    private static IEnumerable<string> Names(JsonTypeInfo type) => type.Properties.SelectMany(p =>
        ConfigJson.Default.GetTypeInfo(Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType) is { Kind: JsonTypeInfoKind.Object } nested && p.PropertyType != typeof(JsonElement?)
            ? Names(nested).Prepend(p.Name)
            : [p.Name]);

    private static long Distance(string a, string b) =>
        Text.ErrorRate.Characters(a.ToUpperInvariant(), b.ToUpperInvariant()).Errors;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(TrainingConfig))]
internal sealed partial class ConfigJson : JsonSerializerContext;
