using System.CommandLine;
using Parley.Models;
using Parley.Nn;

namespace Parley.Cli;

/// <summary><c>parley models</c>: what there is, what it is made of, and where it comes from.</summary>
internal static class ModelsCommand
{
    /// <summary>The command as the parser sees it.</summary>
    public static Command Create(Terminal terminal)
    {
        var list = new Command("list", "Names every family and configuration.");
        list.SetAction(_ => List(terminal));

        var name = new Argument<string>("NAME") { Description = "Name of a configuration, such as whisper-base.en, or a model folder" };
        var describe = new Command("describe", "Prints what a model hears, how it aligns, what comes out, its layers and its exact number of parameters. No weights are needed.\n\nExamples:\n  parley models describe whisper-base.en\n  parley models describe wav2vec2-large-lv60\n  parley models describe ./whisper-base") { name };
        describe.SetAction(parse => Describe(terminal, parse.GetRequiredValue(name)));

        var id = new Argument<string>("ID") { Description = "Hub id with an optional @revision, such as openai/whisper-base, or the name of a configuration" };
        var pull = new Command("pull", "Fetches a model into the cache that Python's tools use too, and prints its folder.\n\nExamples:\n  parley models pull openai/whisper-base\n  parley models pull whisper-tiny.en\n  HF_HOME=/data/hub parley models pull facebook/wav2vec2-base-960h@main") { id };
        pull.SetAction((parse, cancel) => PullAsync(terminal, parse.GetRequiredValue(id), cancel));
        return new Command("models", "Lists, describes and fetches models.") { list, describe, pull };
    }

    private static int List(Terminal terminal)
    {
        List<string[]> rows = [["NAME", "FAMILY", "PUBLISHED AS", "HUB"]];
        rows.AddRange(ModelDescriptions.All.Select(d => new[] { d.Name, d.Family, d.PublishedAs, d.HubId }));
        Columns.Write(terminal, rows, 2);
        return 0;
    }

    private static async Task<int> PullAsync(Terminal terminal, string id, CancellationToken cancel)
    {
        terminal.Write($"{await ModelSource.PullAsync(ModelDescriptions.Find(id)?.HubId ?? id, terminal, cancel).ConfigureAwait(false)}\n");
        return 0;
    }

    private static int Describe(Terminal terminal, string name)
    {
        var isFolder = Directory.Exists(name);
        var description = isFolder ? Read(name)
            : ModelDescriptions.Find(name) ?? throw new ArgumentException($"{name}: no configuration of this name and no such folder; `parley models list` names them");
        var parameters = description.Parameters();
        List<string[]> answers =
        [
            ["name", description.Name],
            ["family", description.Family],
            ["representation", description.Representation],
            ["rate reduction", description.RateReduction],
            ["alignment", description.Alignment],
            ["output", description.Output],
        ];
        Columns.Write(terminal, answers);
        terminal.Write("\n");

        List<string[]> layers = [["LAYER", "SHAPE", "COUNT", "PARAMETERS", ""]];
        layers.AddRange(parameters.GroupBy(p => (Name: Repeated(p.Name), p.Shape, p.IsBuffer)).Select(g => new[]
        {
            g.Key.Name, g.Key.Shape.ToString(), $"{g.Count()}", $"{g.Sum(p => p.Count):N0}", g.Key.IsBuffer ? "buffer" : "",
        }));
        Columns.Write(terminal, layers, 2, 3);
        terminal.Write("\n");

        var (trainable, all) = (ModelDescription.Trainable(parameters), parameters.Sum(p => p.Count));
        List<string[]> counts =
        [
            ["total", $"{trainable:N0}", description.PublishedAs.Length == 0 ? "" : $"published as {description.PublishedAs}"],
            ["trainable", $"{trainable:N0}", ""],
            ["tied", $"{description.Tied:N0}", description.Tied == 0 ? "" : "the token embedding is the output projection too, and counts once"],
            ["buffers", $"{all - trainable:N0}", all == trainable ? "" : "stored or computed, never trained, in no count above"],
            .. description.OtherCounts().Select(c => new[] { "", $"{c.Count:N0}", c.What }),
        ];
        Columns.Write(terminal, counts, 1);
        return 0;
    }

    /// <summary>What the configuration of a model folder says.</summary>
    public static ModelDescription Read(string folder)
    {
        using var json = new ModelFolder(folder).Config();
        var root = json.RootElement;
        var type = root.ValueKind == System.Text.Json.JsonValueKind.Object && root.TryGetProperty("model_type", out var t) ? t.ToString() : null;
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        try
        {
            return Read(name, type, root);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{folder}: {e.Message}", e);
        }
    }

    private static ModelDescription Read(string name, string? type, System.Text.Json.JsonElement root) => type switch
    {
        "whisper" => new ModelDescription(name, "", "", Whisper: WhisperConfig.Parse(root)),
        "wav2vec2" or "hubert" or "wavlm" or "wav2vec2-conformer" => new ModelDescription(name, "", "", Wav2Vec2: Wav2Vec2Config.Parse(root)),
        "parakeet_ctc" => new ModelDescription(name, "", "", Conformer: ConformerCtcConfig.Parse(root)),
        "parakeet_rnnt" or "parakeet_tdt" => new ModelDescription(name, "", "", Transducer: ConformerTransducerConfig.Parse(root)),
        HmmGmmConfig.Type => throw new InvalidDataException("config.json: an HMM-GMM has no layers to describe; its units, words and front end are all in this file"),
        _ => throw new InvalidDataException($"config.json: model_type \"{type}\" is none of {string.Join(", ", ModelCatalog.SpeechTypes)}"),
    };

    // encoder.layers.3.fc1.weight and its like share a row: encoder.layers.*.fc1.weight
    private static string Repeated(string name) => string.Join('.', name.Split('.').Select(part => part.All(char.IsAsciiDigit) ? "*" : part));
}
