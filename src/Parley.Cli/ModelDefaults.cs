using Parley.Nn;

namespace Parley.Cli;

/// <summary>What a model's own parley.json says where the command line says nothing; null where it says nothing either.</summary>
/// <param name="Language">Code of the language that it was trained on.</param>
/// <param name="Timestamps">Whether it was trained with time stamps.</param>
/// <param name="ConditionOnPrevious">Whether it was trained with the text before as a prompt.</param>
internal sealed record ModelDefaults(string? Language = null, bool? Timestamps = null, bool? ConditionOnPrevious = null)
{
    /// <summary>Reads the file of a model folder; a folder without one has no defaults.</summary>
    public static ModelDefaults Read(string folder)
    {
        var model = new ModelFolder(folder);
        using var json = model.JsonOrNull("parley.json");
        if (json is null)
        {
            return new ModelDefaults();
        }

        try
        {
            var root = json.RootElement;
            bool? Flag(string name) => root.TryGetProperty(name, out var value) ? value.GetBoolean() : null;
            return new ModelDefaults(root.TryGetProperty("language", out var language) ? language.GetString() : null, Flag("timestamps"), Flag("condition_on_previous"));
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{model["parley.json"]}: expected an object with \"language\" (text), \"timestamps\" and \"condition_on_previous\" (true or false): {e.Message}", e);
        }
    }
}
