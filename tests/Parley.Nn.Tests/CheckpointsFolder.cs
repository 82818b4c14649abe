namespace Parley.Nn.Tests;

/// <summary>A temporary folder that goes with its test.</summary>
internal sealed class CheckpointsFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("parley-checkpoints-").FullName;

    public string this[string name] => Path.Combine(Root, name);

    /// <summary>Opens and reads everything; anything but an InvalidDataException with the path in one line is a failure.</summary>
    public static bool OpenOrClearError(string path)
    {
        try
        {
            using var checkpoint = Checkpoint.Open(path);
            foreach (var tensor in checkpoint.Tensors.Values)
            {
                tensor.ToSingles();
            }

            return checkpoint.Extra.ToString() is not null;
        }
        catch (InvalidDataException e)
        {
            Assert.Contains(Path.GetFileName(path), e.Message, StringComparison.Ordinal);
            return false;
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
