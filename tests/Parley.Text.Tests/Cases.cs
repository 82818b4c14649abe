using System.Text.Json;

namespace Parley.Text.Tests;

/// <summary>Reads cases.json of a tokenizer golden.</summary>
internal static class Cases
{
    public static JsonElement Of(string golden)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Goldens.Folder(golden), "cases.json")));
        return json.RootElement.Clone();
    }

    public static int[] Ids(this JsonElement element, string name = "ids") => [.. element.GetProperty(name).EnumerateArray().Select(i => i.GetInt32())];

    public static string Str(this JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
