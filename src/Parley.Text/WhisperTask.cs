namespace Parley.Text;

/// <summary>What Whisper is asked to write down.</summary>
public enum WhisperTask
{
    /// <summary>The words in the language spoken.</summary>
    Transcribe,

    /// <summary>The words in English.</summary>
    Translate,
}
