namespace Parley.Decoding;

/// <summary>The most probable path of one utterance, frame by frame.</summary>
internal sealed class CtcGreedyRun(int blank)
{
    private readonly int _blank = blank;
    private readonly List<CtcToken> _closed = [];
    private int _run = blank;
    private int _start;
    private int _frame;
    private double _sum;
    private double _total;

    /// <summary>Symbols so far; no later frame changes one.</summary>
    public IReadOnlyList<int> Symbols => [.. _closed.Select(t => t.Id), .. _run == _blank ? Array.Empty<int>() : [_run]];

    /// <summary>Hears one frame of scores.</summary>
    public void Step(ReadOnlySpan<float> scores)
    {
        var (id, logProb) = Best(scores);
        _total += logProb;
        if (id != _run)
        {
            Close();
            (_run, _start, _sum) = (id, _frame, 0);
        }

        _sum += logProb;
        _frame++;
    }

    /// <summary>The reading of all frames.</summary>
    public CtcHypothesis Finish()
    {
        Close();
        _run = _blank;
        return new CtcHypothesis(_closed, _total);
    }

    private void Close()
    {
        if (_run != _blank)
        {
            _closed.Add(new CtcToken(_run, _start, _frame, _sum / (_frame - _start)));
        }
    }

    private static (int Id, double LogProb) Best(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best])
            {
                best = i;
            }
        }

        double sum = 0;
        foreach (var score in scores)
        {
            sum += Math.Exp(score - scores[best]);
        }

        return (best, -Math.Log(sum));
    }
}
