namespace Parley.Hub;

/// <summary>Checks the names that users and servers give, before any becomes part of a path or an address.</summary>
/// <remarks>Rules: huggingface/huggingface_hub src/huggingface_hub/utils/_validators.py, validate_repo_id.</remarks>
internal static class HubNames
{
    public static void CheckId(string id)
    {
        var parts = id.Split('/');
        if (id.Length > 96 || parts.Length > 2 || !parts.All(IsWord) || id.Contains("--", StringComparison.Ordinal) || id.EndsWith(".git", StringComparison.Ordinal))
        {
            throw new ArgumentException($"\"{Shown(id)}\" is neither a folder here nor a hub id; an id looks like openai/whisper-tiny");
        }
    }

    public static void CheckRevision(string revision)
    {
        if (revision.Length > 255 || !revision.Split('/').All(IsWord))
        {
            throw new ArgumentException($"\"{Shown(revision)}\" is no revision; give a branch, a tag or a commit");
        }
    }

    public static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    public static bool IsSha256(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether a file name from a server's list stays in its folder on every operating system.</summary>
    public static bool IsSafeFile(string name) =>
        name.Length is > 0 and <= 512
        && name.Split('/').All(p => p is not ("" or "." or "..") && !p.EndsWith('.') && !p.EndsWith(' ') && p.Length <= 200)
        && !name.Any(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|');

    /// <summary>Text from outside, fit for one line.</summary>
    public static string Shown(string text) => string.Concat(text.Where(c => !char.IsControl(c)).Take(120));

    private static bool IsWord(string part) =>
        part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && part[0] is not ('.' or '-') && part[^1] is not ('.' or '-')
        && !part.Contains("..", StringComparison.Ordinal);
}
