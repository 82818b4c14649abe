using Parley.Nn;

namespace Parley.Cli;

/// <summary>What a model's own parley.json says where the command line says nothing; null where it says nothing either.</summary>
/// <param name="Language">Code of the language that it was trained on.</param>
/// <param name="Timestamps">Whether it was trained with time stamps.</param>
/// <param name="ConditionOnPrevious">Whether it was trained with the text before as a prompt.</param>
/// <param name="LanguageModel">ARPA file of the folder that a CTC model is searched with.</param>
/// <param name="LanguageModelWeight">Its weight.</param>
/// <param name="WordBonus">What a word adds to the score.</param>
/// <param name="Beam">Width of the search.</param>
internal sealed record ModelDefaults(
    string? Language = null, bool? Timestamps = null, bool? ConditionOnPrevious = null, string? LanguageModel = null, double? LanguageModelWeight = null, double? WordBonus = null, int? Beam = null)
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
            string? Text(string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;
            bool? Flag(string name) => root.TryGetProperty(name, out var value) ? value.GetBoolean() : null;
            double? Number(string name) => root.TryGetProperty(name, out var value) ? value.GetDouble() : null;
            int? Count(string name) => root.TryGetProperty(name, out var value) ? value.GetInt32() : null;
            return new ModelDefaults(
                Text("language"), Flag("timestamps"), Flag("condition_on_previous"), Inside(model, Text("lm")), Number("lm_weight"), Number("word_bonus"), Count("beam"));
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new InvalidDataException(
                $"{model["parley.json"]}: expected an object with \"language\" and \"lm\" (text), \"timestamps\" and \"condition_on_previous\" (true or false), \"lm_weight\", \"word_bonus\" and \"beam\" (numbers): {e.Message}",
                e);
        }
    }

    // The file comes with the model: a name, not a way out of the folder.
    private static string? Inside(ModelFolder model, string? name) =>
        name is null ? null
        : name == Path.GetFileName(name) && model.Has(name) ? model[name]
        : throw new InvalidDataException($"{model["parley.json"]}: \"lm\" is \"{name}\", which is no file of this folder");
}
