namespace Parley.Tensors;

/// <summary>Recording of operations for gradients, on this thread.</summary>
/// <remarks>Operations on parameters, and on what came from them, are recorded; a model loaded for inference has none and records nothing.</remarks>
public static class Autograd
{
    [ThreadStatic]
    private static int _paused;

    /// <summary>Stops recording until the result is disposed: for validation in the middle of training.</summary>
    public static RecordingPause Pause()
    {
        _paused++;
        return default;
    }

    internal static bool IsPaused => _paused > 0;

    internal static bool Records(ReadOnlySpan<Tensor?> inputs)
    {
        if (_paused > 0)
        {
            return false;
        }

        foreach (var input in inputs)
        {
            if (input is { NeedsGradient: true })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends a pause when disposed.</summary>
    public readonly ref struct RecordingPause : IDisposable
    {
        /// <summary>Goes on recording.</summary>
        public void Dispose() => _paused--;
    }

    /// <summary>Records inside a pause: for a backward rule that runs its forward pass again.</summary>
    internal static RecordingResumption Resume()
    {
        var before = _paused;
        _paused = 0;
        return new RecordingResumption(before);
    }

    internal readonly ref struct RecordingResumption(int before) : IDisposable
    {
        public void Dispose() => _paused = before;
    }
}
