using System.Text.Json;

namespace Parley.Models;

/// <summary>What a config.json has wrong, in its own words rather than in those of the record it should fill.</summary>
internal static class ConfigError
{
    private const string Missing = "missing required properties including: ";

    /// <summary>The key that is missing, or whose value is of the wrong kind.</summary>
    public static string Why(JsonException e) =>
        e.Message.IndexOf(Missing, StringComparison.Ordinal) is var at and >= 0
            ? $"{e.Message[(at + Missing.Length)..].TrimEnd('.')} is missing"
            : e.Path is ['$', '.', .. var key] ? $"{key} has a value of the wrong kind or out of range" : e.Message;
}
