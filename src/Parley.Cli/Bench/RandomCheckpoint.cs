using System.Runtime.InteropServices;
using System.Text.Json;
using Parley.Models;
using Parley.Nn;

namespace Parley.Cli;

/// <summary>A named configuration with random weights as a checkpoint folder: written once, so that mapping and loading it are the real thing.</summary>
internal static class RandomCheckpoint
{
    private const int Piece = 1 << 20;

    /// <summary>The folder of a configuration below the user's cache, written when it is not there yet.</summary>
    public static string Of(ModelDescription description, Terminal terminal) => Of(description, Path.Combine(Cache(), "parley", "bench"), terminal);

    /// <summary>The same below a given folder.</summary>
    public static string Of(ModelDescription description, string root, Terminal terminal)
    {
        if (description.Conformer is not null || description.Transducer is not null)
        {
            throw new ArgumentException($"{description.Name}: random checkpoints of Conformers have no tokenizer, so that whole recordings cannot be measured; leave the recording out to measure the encoder");
        }

        var folder = Path.Combine(root, description.Name);
        var config = Path.Combine(folder, "config.json");
        var json = description.ConfigJson();
        if (File.Exists(config) && File.ReadAllText(config) == json)
        {
            return folder;
        }

        var parameters = description.Checkpoint();
        terminal.Error.WriteLine($"writing random weights of {description.Name} ({parameters.Sum(p => p.Count) * sizeof(float) / 1e6:N0} MB) to {folder}");
        Directory.CreateDirectory(folder);
        File.Delete(config);
        WriteWeights(Path.Combine(folder, "model.safetensors"), parameters);

        if (description.Wav2Vec2 is { } waves)
        {
            File.WriteAllText(Path.Combine(folder, "vocab.json"), Symbols(waves.VocabSize));
        }

        // Last, so that a folder with a configuration is a whole one.
        File.WriteAllText(config, json);
        return folder;
    }

    private static string Cache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
        : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");

    private static void WriteWeights(string path, IReadOnlyList<Parameter> parameters)
    {
        var random = new Random(0);
        var values = new float[Piece];
        SafetensorsFile.Write(path, parameters.Select(p => KeyValuePair.Create(p.Name, new TensorData(StoredType.F32, [.. p.Shape.Dims.ToArray().Select(d => (long)d)], file =>
        {
            for (var left = p.Count; left > 0; left -= Piece)
            {
                var piece = values.AsSpan(0, (int)Math.Min(left, Piece));
                InitOf(p).Fill(piece, random);
                file.Write(MemoryMarshal.AsBytes(piece));
            }
        }))));
    }

    /// <summary>Gains of norms are 1, biases 0, and matrices keep the size of what goes through them.</summary>
    private static Init InitOf(Parameter parameter)
    {
        var dims = parameter.Shape.Dims;
        return parameter.Name.EndsWith("weight_g", StringComparison.Ordinal) || (dims.Length == 1 && parameter.Name.EndsWith(".weight", StringComparison.Ordinal)) ? Init.Ones
            : dims.Length == 1 ? Init.Zeros
            : Init.KaimingUniform((int)Math.Max(1, parameter.Count / dims[0]));
    }

    private static string Symbols(int count)
    {
        string[] first = ["<pad>", "<s>", "</s>", "<unk>", "|"];
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < count; i++)
            {
                json.WriteNumber(i < first.Length ? first[i] : ((char)('A' + i - first.Length)).ToString(), i);
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
