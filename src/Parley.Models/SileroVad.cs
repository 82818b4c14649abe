using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

// Silero VAD, version 5, 16 kHz (github.com/snakers4/silero-vad, MIT): chunks of 512 samples, each after the 64 samples before it, to the probability
// that somebody speaks. A windowed Fourier basis as a convolution, magnitudes, four convolutions, an LSTM that remembers, one output.
// chunks: pieces of 32 ms; steps: 4 of 8 ms in a chunk. Names: the safetensors file of the published weights.

/// <summary>Finds speech with the Silero network. Never changes once built, so threads share it.</summary>
public sealed class SileroVad : IVoiceActivityDetector
{
    /// <summary>Samples of one chunk at 16 kHz.</summary>
    public const int Chunk = 512;

    private const int Context = 64;
    private const int Tail = 64;
    private const int Window = 256;
    private const int Bins = (Window / 2) + 1;
    private const int Hidden = 128;
    private const int ChunksAtOnce = 256;

    private readonly Conv1d _fourier;
    private readonly Conv1d[] _convolutions;
    private readonly WeightMatrix _inputWeights;
    private readonly Tensor _inputBias;
    private readonly WeightMatrix _stateWeights;
    private readonly Tensor _stateBias;
    private readonly Conv1d _output;
    private readonly Backend _backend;
    private readonly SpeechSegmenterOptions _options;

    /// <summary>Reads the network.</summary>
    /// <param name="w">Scope of <c>stft_conv</c> and the rest.</param>
    /// <param name="options">Thresholds and lengths; null: Silero's own.</param>
    public SileroVad(Weights w, SpeechSegmenterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(w);
        (_backend, _options) = (w.Backend, options ?? new SpeechSegmenterOptions());
        _fourier = new Conv1d(w["stft_conv"], 1, 2 * Bins, kernel: Window, stride: Window / 2, bias: false);
        _convolutions =
        [
            new Conv1d(w["conv1"], Bins, 128, kernel: 3, padding: 1), new Conv1d(w["conv2"], 128, 64, kernel: 3, stride: 2, padding: 1),
            new Conv1d(w["conv3"], 64, 64, kernel: 3, stride: 2, padding: 1), new Conv1d(w["conv4"], 64, Hidden, kernel: 3, padding: 1),
        ];
        var cell = w["lstm_cell"];
        (_inputWeights, _inputBias) = (cell.Matrix("weight_ih", 4 * Hidden, Hidden, Init.KaimingUniform(Hidden)), cell.Get("bias_ih", [4 * Hidden]));
        (_stateWeights, _stateBias) = (cell.Matrix("weight_hh", 4 * Hidden, Hidden, Init.KaimingUniform(Hidden)), cell.Get("bias_hh", [4 * Hidden]));
        _output = new Conv1d(w["final_conv"], Hidden, 1, kernel: 1);
    }

    /// <summary>Loads the published weights from a file or a folder that holds it.</summary>
    public static SileroVad Load(string path, SpeechSegmenterOptions? options = null, Backend? backend = null) =>
        Weights.Build(new CheckpointWeights(Checkpoint.Open(path)), w => new SileroVad(w, options), new WeightsOptions(backend)).Model;

    /// <inheritdoc/>
    public IReadOnlyList<SpeechSegment> Detect(ReadOnlySpan<float> samples) =>
        SpeechSegmenter.Segment(Probabilities(samples), Chunk, samples.Length, Wav2Vec2Config.SampleRate, _options);

    /// <summary>Probability of speech in each chunk of 512 samples; the last is filled up with silence.</summary>
    public float[] Probabilities(ReadOnlySpan<float> samples)
    {
        var result = new float[(samples.Length + Chunk - 1) / Chunk];
        var (h, c) = (new float[Hidden], new float[Hidden]);
        for (var first = 0; first < result.Length; first += ChunksAtOnce)
        {
            using var scope = new TensorScope();
            var count = Math.Min(ChunksAtOnce, result.Length - first);
            var x = Tensor.From(Frames(samples, first, count), [count, 1, Context + Chunk + Tail], _backend);
            var gates = Features(x).ToArray();                                              // [chunks, 4·hidden]
            var states = new float[count * Hidden];
            for (var i = 0; i < count; i++)
            {
                Step(gates.AsSpan(i * 4 * Hidden, 4 * Hidden), h, c);
                h.CopyTo(states, i * Hidden);
            }

            Output(states).CopyTo(result, first);
        }

        return result;
    }

    /// <summary>Listens to a stream; the probabilities are those of the whole recording.</summary>
    public IVoiceActivityStream Start() => new Listener(this);

    /// <summary>Chunks with what came before them and, mirrored, after them: [chunks, 640].</summary>
    private static float[] Frames(ReadOnlySpan<float> samples, int first, int count)
    {
        const int size = Context + Chunk + Tail;
        var frames = new float[count * size];
        for (var i = 0; i < count; i++)
        {
            var frame = frames.AsSpan(i * size, size);
            var start = ((first + i) * Chunk) - Context;
            var from = Math.Max(start, 0);
            var end = Math.Min(start + Context + Chunk, samples.Length);
            samples[from..end].CopyTo(frame[(from - start)..]);
            Mirror(frame);
        }

        return frames;
    }

    private static void Mirror(Span<float> frame)
    {
        for (var k = 0; k < Tail; k++)
        {
            frame[Context + Chunk + k] = frame[Context + Chunk - 2 - k];
        }
    }

    /// <summary>x [chunks, 1, 640] to the input's share of the LSTM's gates [chunks, 4·hidden].</summary>
    private Tensor Features(Tensor x)
    {
        x = _fourier.Forward(x);                                              // [chunks, 2·bins, steps]
        x = (x.Slice(1, 0, Bins).Square() + x.Slice(1, Bins, 2 * Bins).Square()).Sqrt();
        foreach (var convolution in _convolutions)
        {
            x = convolution.Forward(x, Activation.Relu);
        }

        return x.Squeeze(2).Linear(_inputWeights, _inputBias);
    }

    /// <summary>Probabilities from the LSTM's states [chunks·hidden].</summary>
    private float[] Output(ReadOnlySpan<float> states) =>
        _output.Forward(Tensor.From(states, [states.Length / Hidden, Hidden, 1], _backend).Relu()).Sigmoid().ToArray();

    /// <summary>One step of the LSTM (Hochreiter and Schmidhuber 1997) from the input's share of its gates, in PyTorch's order.</summary>
    private void Step(ReadOnlySpan<float> inputGates, float[] h, float[] c)
    {
        using var scope = new TensorScope();
        var sum = Tensor.From(inputGates, [1, 4 * Hidden], _backend);
        var gates = Tensor.From(h, [1, Hidden], _backend).Linear(_stateWeights, _stateBias, residual: sum).Values;
        for (var i = 0; i < Hidden; i++)
        {
            var (input, forget, cell, output) = (Sigmoid(gates[i]), Sigmoid(gates[Hidden + i]), MathF.Tanh(gates[(2 * Hidden) + i]), Sigmoid(gates[(3 * Hidden) + i]));
            c[i] = (forget * c[i]) + (input * cell);
            h[i] = output * MathF.Tanh(c[i]);
        }
    }

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));

    private sealed class Listener(SileroVad vad) : IVoiceActivityStream
    {
        private readonly float[] _frame = new float[Context + Chunk + Tail];
        private readonly float[] _h = new float[Hidden];
        private readonly float[] _c = new float[Hidden];

        public int Window => Chunk;

        public float Next(ReadOnlySpan<float> window)
        {
            _frame.AsSpan(Chunk, Context).CopyTo(_frame);
            window.CopyTo(_frame.AsSpan(Context, Chunk));
            Mirror(_frame);
            using var scope = new TensorScope();
            vad.Step(vad.Features(Tensor.From(_frame, [1, 1, _frame.Length], vad._backend)).ToArray(), _h, _c);
            return vad.Output(_h)[0];
        }
    }
}
