using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>An utterance that a Conformer transducer has heard, as searches see it. States are rows of managed memory, so that none outlives a search.</summary>
internal sealed class ConformerUtterance : ITransducerModel
{
    private readonly ConformerTransducer _model;
    private readonly Backend _backend;
    private readonly float[] _heard;
    private readonly List<State?> _states = [];
    private readonly Stack<int> _free = [];

    /// <summary>Takes what the model hears in each frame [frames, joint].</summary>
    public ConformerUtterance(ConformerTransducer model, float[] heard, Backend backend) =>
        (_model, _heard, _backend, Frames) = (model, heard, backend, heard.Length / model.Config.JointDim);

    public int Frames { get; }

    public int SymbolCount => _model.Config.VocabSize;

    public int Blank => _model.Config.Blank;

    public IReadOnlyList<int> Durations => _model.Config.Durations ?? [];

    private int JointDim => _model.Config.JointDim;

    private int Dim => _model.Config.PredictorDim;

    private int Layers => _model.Config.PredictorLayers;

    public int Start()
    {
        using var scope = new TensorScope();
        Span<int> state = stackalloc int[1];
        Store(_model.Prediction.Start(batch: 1), state);
        return state[0];
    }

    public void Predict(ReadOnlySpan<int> states, ReadOnlySpan<int> symbols, Span<int> next)
    {
        using var scope = new TensorScope();
        var before = new State[states.Length];
        for (var i = 0; i < before.Length; i++)
        {
            before[i] = _states[states[i]]!;
        }

        Tensor Rows(Func<State, float[]> part) => Tensor.From([.. before.SelectMany(part)], [before.Length, Layers, Dim], _backend).Transpose(0, 1);  // [layers, states, predictor]
        Store(_model.Prediction.Step(symbols.ToArray(), new RecurrentState(Rows(s => s.Hidden), Rows(s => s.Cells))), next);
    }

    public void Joint(ReadOnlySpan<int> frames, ReadOnlySpan<int> states, Span<float> logits)
    {
        using var scope = new TensorScope();
        var sums = new float[states.Length * JointDim];
        for (var i = 0; i < states.Length; i++)
        {
            var heard = _heard.AsSpan(frames[i] * JointDim, JointDim);
            var said = _states[states[i]]!.Said;
            var sum = sums.AsSpan(i * JointDim, JointDim);
            for (var j = 0; j < sum.Length; j++)
            {
                sum[j] = heard[j] + said[j];
            }
        }

        _model.Joint.Score(Tensor.From(sums, [states.Length, JointDim], _backend)).Values.CopyTo(logits);
    }

    public void Release(int state)
    {
        _states[state] = null;
        _free.Push(state);
    }

    private void Store(RecurrentOutput after, Span<int> handles)
    {
        var said = after.Output.ToArray();
        var (hidden, cells) = (after.State.Hidden.Transpose(0, 1).ToArray(), after.State.Cells!.Transpose(0, 1).ToArray());  // [states, layers, predictor]
        for (var i = 0; i < handles.Length; i++)
        {
            var row = (i * Layers * Dim)..((i + 1) * Layers * Dim);
            var state = new State(hidden[row], cells[row], said[(i * JointDim)..((i + 1) * JointDim)]);
            handles[i] = _free.Count > 0 ? _free.Pop() : _states.Count;
            if (handles[i] == _states.Count)
            {
                _states.Add(state);
            }
            else
            {
                _states[handles[i]] = state;
            }
        }
    }

    /// <summary>After some symbols: outputs and cells of the layers, and what the joint network reads.</summary>
    private sealed record State(float[] Hidden, float[] Cells, float[] Said);
}
