using System.Numerics.Tensors;

namespace Parley.Models;

/// <summary>Collects the scores of a recording and cuts them where nothing is said, so that a search sees whole utterances and not the model's pieces.</summary>
/// <param name="symbols">Scores per frame.</param>
/// <param name="isSilent">Whether a symbol is the blank, or stands between words.</param>
/// <param name="pause">Frames of silence in whose middle is cut.</param>
/// <param name="longest">Frames after which is cut in the longest silence so far, however short.</param>
internal sealed class CtcStretches(int symbols, Func<int, bool> isSilent, int pause, int longest)
{
    private readonly List<float> _scores = [];
    private readonly List<bool> _silent = [];
    private int _offset;

    /// <summary>Adds frames.</summary>
    public void Add(ReadOnlySpan<float> scores)
    {
        _scores.AddRange(scores);
        for (var start = 0; start < scores.Length; start += symbols)
        {
            _silent.Add(isSilent(TensorPrimitives.IndexOfMax(scores.Slice(start, symbols))));
        }
    }

    /// <summary>Stretches that no later frame changes, each with its first frame; with <paramref name="last"/>, all that is left.</summary>
    public IEnumerable<(int Offset, float[] Scores)> Take(bool last)
    {
        while (Cut() is { } frames)
        {
            yield return Drop(frames);
        }

        if (last && _silent.Count > 0)
        {
            yield return Drop(_silent.Count);
        }
    }

    private (int Offset, float[] Scores) Drop(int frames)
    {
        var stretch = (_offset, _scores.GetRange(0, frames * symbols).ToArray());
        _scores.RemoveRange(0, frames * symbols);
        _silent.RemoveRange(0, frames);
        _offset += frames;
        return stretch;
    }

    private int? Cut()
    {
        var (run, heard, bestRun, bestEnd) = (0, false, 0, 0);
        for (var t = 0; t < _silent.Count; t++)
        {
            run = _silent[t] ? run + 1 : 0;
            heard |= !_silent[t];
            if (heard && run >= pause)
            {
                return t + 1 - (run / 2);
            }

            // Of equal runs the later one, which leaves more for this stretch.
            (bestRun, bestEnd) = heard && run > 0 && run >= bestRun ? (run, t + 1) : (bestRun, bestEnd);
            if (t + 1 >= longest)
            {
                return bestRun > 0 ? bestEnd - (bestRun / 2) : t + 1;
            }
        }

        return null;
    }
}
