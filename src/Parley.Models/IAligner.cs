using Parley.Text;

namespace Parley.Models;

/// <summary>A loaded model that finds where known words are.</summary>
internal interface IAligner
{
    /// <summary>Throws when the model cannot write a word, or does not know it; says why.</summary>
    /// <exception cref="InvalidDataException">Such a word.</exception>
    void Check(string word);

    /// <summary>Finds words that passed <see cref="Check"/>.</summary>
    /// <param name="samples">Mono, 16 kHz.</param>
    /// <param name="words">Words with their lines, at least one.</param>
    /// <param name="progress">Told how much of the recording was heard.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="InvalidDataException">The words do not fit the recording.</exception>
    AlignedText Align(ReadOnlyMemory<float> samples, IReadOnlyList<(string Word, int Line)> words, IProgress<TimeSpan>? progress, CancellationToken cancel);
}
