using Parley.Hub;

namespace Parley.Cli;

/// <summary>From what the user calls a model to a path on this machine.</summary>
internal static class ModelSource
{
    /// <summary>The environment variable that names another default.</summary>
    public const string Variable = "PARLEY_MODEL";

    /// <summary>The model that comes with the command.</summary>
    public static string Bundled => Path.Combine(AppContext.BaseDirectory, "models", "english");

    /// <summary>The streaming model that comes with the command.</summary>
    public static string BundledStreaming => Path.Combine(AppContext.BaseDirectory, "models", "speedstream-en");

    /// <summary>The same as <see cref="ResolveAsync"/> for a model that streams.</summary>
    public static Task<string> ResolveStreamingAsync(string? model, Terminal terminal, CancellationToken cancel) =>
        model is not null ? ResolveAsync(model, terminal, cancel)
            : Directory.Exists(BundledStreaming) ? Task.FromResult(BundledStreaming) : throw new InvalidDataException("no streaming model is bundled with this build; give one with --model");

    /// <summary>A folder, a file, or a hub id with an optional <c>@revision</c>, which is fetched when it is not in the cache.</summary>
    public static Task<string> ResolveAsync(string? model, Terminal terminal, CancellationToken cancel)
    {
        model ??= Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } chosen ? chosen : null;
        if (model is null)
        {
            return Directory.Exists(Bundled) ? Task.FromResult(Bundled) : throw new InvalidDataException("no model is bundled with this build; give one with --model");
        }

        if (string.IsNullOrWhiteSpace(model))
        {
            throw new ArgumentException("the name of the model is empty; give a folder, an OpenAI .pt file, a .nemo file, or a hub id such as openai/whisper-base");
        }

        return File.Exists(model) || Directory.Exists(model) ? Task.FromResult(model) : PullAsync(model, terminal, cancel);
    }

    /// <summary>Fetches a model into the hub's cache and returns its folder.</summary>
    public static async Task<string> PullAsync(string model, Terminal terminal, CancellationToken cancel)
    {
        var at = model.IndexOf('@', StringComparison.Ordinal);
        var (id, revision) = at < 0 ? (model, "main") : (model[..at], model[(at + 1)..]);
        if (!HubClient.IsId(id) || model.StartsWith('.') || Path.IsPathRooted(model))
        {
            throw new InvalidDataException($"{model}: no such folder or file, and not a hub id such as openai/whisper-base");
        }

        using var client = new HubClient(HubOptions.FromEnvironment());
        var line = new StatusLine(terminal);
        try
        {
            return await client.SnapshotAsync(id, revision, new DownloadProgress(line, id), cancel).ConfigureAwait(false);
        }
        finally
        {
            line.Clear();
        }
    }

    private sealed class DownloadProgress(StatusLine line, string id) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) =>
            line.Show($"{id}: {value.File}: {value.DoneBytes / 1e6:0.0} of {value.TotalBytes / 1e6:0.0} MB");
    }
}
