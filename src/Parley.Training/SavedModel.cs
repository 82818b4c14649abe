using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>Writes a trained model as the folder it came from: its small files copied, its weights anew.</summary>
internal static class SavedModel
{
    private static readonly string[] Copied =
    [
        "config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
        "special_tokens_map.json", "added_tokens.json", "normalizer.json", "LICENSE", "README.md",
    ];

    internal static void Write(ModelFolder source, string folder, IReadOnlyList<Parameter> parameters)
    {
        Directory.CreateDirectory(folder);
        foreach (var name in Copied.Where(source.Has))
        {
            var target = Path.Combine(folder, name);
            if (!File.Exists(target))
            {
                File.Copy(source[name], target + ".part", overwrite: true);
                File.Move(target + ".part", target, overwrite: true);
            }
        }

        Weights(folder, parameters);
    }

    /// <summary>The same for a new model: its small files as texts.</summary>
    internal static void Write(string folder, IReadOnlyList<Parameter> parameters, params ReadOnlySpan<(string Name, string Text)> files)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, text) in files)
        {
            var target = Path.Combine(folder, name);
            File.WriteAllText(target + ".part", text);
            File.Move(target + ".part", target, overwrite: true);
        }

        Weights(folder, parameters);
    }

    private static void Weights(string folder, IReadOnlyList<Parameter> parameters)
    {
        using var scope = new TensorScope();
        SafetensorsFile.Write(
            Path.Combine(folder, "model.safetensors"),
            parameters.Select(p => KeyValuePair.Create(p.Name, Data(p))),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static TensorData Data(Parameter parameter)
    {
        var tensor = parameter.Tensor ?? parameter.Matrix!.ToTensor(Backend.Default);
        return TensorData.Of(tensor.ToArray(), tensor.Shape.Dims.ToArray().Select(d => (long)d).ToArray());
    }
}
