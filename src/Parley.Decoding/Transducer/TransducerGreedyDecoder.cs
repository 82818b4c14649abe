namespace Parley.Decoding;

/// <summary>Takes the best symbol until the blank is best, frame after frame; with durations, goes on by the best one.</summary>
/// <remarks>NVIDIA/NeMo:nemo/collections/asr/parts/submodules/rnnt_greedy_decoding.py, greedy decoding of RNN-T and TDT models.</remarks>
/// <param name="maxSymbolsPerFrame">After so many symbols in one frame the next frame comes.</param>
public sealed class TransducerGreedyDecoder(int maxSymbolsPerFrame = 10)
{
    /// <summary>Decodes an utterance.</summary>
    /// <param name="model">The utterance; its states are given back.</param>
    /// <param name="cancel">Stops between frames.</param>
    /// <returns>The probability of the path taken, blanks and durations included.</returns>
    public CtcHypothesis Decode(ITransducerModel model, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (maxSymbolsPerFrame < 1)
        {
            throw new ArgumentException($"transducer: {maxSymbolsPerFrame} symbols per frame; at least 1 is needed");
        }

        var (tokens, total) = (new List<CtcToken>(), 0.0);
        var logits = new float[model.SymbolCount + model.Durations.Count];
        var scores = logits.AsSpan(0, model.SymbolCount);
        var (state, next) = (model.Start(), new int[1]);
        for (var (frame, here) = (0, 0); frame < model.Frames;)
        {
            cancel.ThrowIfCancellationRequested();
            model.Joint([frame], [state], logits);
            var (symbol, logProb) = Best(scores);
            var (step, durationLogProb) = Duration(model, logits, symbol == model.Blank);
            total += logProb + durationLogProb;
            if (symbol != model.Blank)
            {
                tokens.Add(new CtcToken(symbol, frame, Math.Min(model.Frames, frame + Math.Max(1, step)), logProb));
                var before = state;
                model.Predict([before], [symbol], next);
                state = next[0];
                model.Release(before);
                here++;
            }

            step = step == 0 && here == maxSymbolsPerFrame ? 1 : step;
            (frame, here) = step > 0 ? (frame + step, 0) : (frame, here);
        }

        model.Release(state);
        return new CtcHypothesis(tokens, total);
    }

    private static (int Frames, double LogProb) Duration(ITransducerModel model, Span<float> logits, bool isBlank)
    {
        if (model.Durations.Count == 0)
        {
            return (isBlank ? 1 : 0, 0);
        }

        var (index, logProb) = Best(logits[model.SymbolCount..]);

        // A blank that lasts no frame would come again for ever.
        return (isBlank ? Math.Max(1, model.Durations[index]) : model.Durations[index], logProb);
    }

    private static (int Index, double LogProb) Best(Span<float> scores)
    {
        LogMath.Normalise(scores, scores);
        var (index, score) = LogMath.Top(scores, 1)[0];
        return (index, score);
    }
}
