namespace Parley.Tensors;

/// <summary>Gradients of one direction of a recurrent layer: those of its results, and where those of its inputs go.</summary>
internal sealed unsafe class RecurrentGradients(Tensor output, Tensor? lastHidden, Tensor? lastCells, Tensor?[] inputs, int direction)
{
    /// <summary>Of the output, [time, batch, directions·size]; this direction's columns begin at direction · size.</summary>
    internal Tensor Output => output;

    /// <summary>Of h after the last step [batch, size], or null.</summary>
    internal float* LastHidden => At(lastHidden);

    /// <summary>Of an LSTM's memory after the last step [batch, hidden], or null.</summary>
    internal float* LastCells => At(lastCells);

    /// <summary>Of x [time, batch, features], or null; the second direction adds to it.</summary>
    internal Tensor? X => inputs[0];

    /// <summary>Of h before the first step [batch, size], or null.</summary>
    internal float* Hidden => At(inputs[1]);

    /// <summary>Of an LSTM's memory before the first step [batch, hidden], or null.</summary>
    internal float* Cells => At(inputs[2]);

    /// <summary>Of W, or null.</summary>
    internal Tensor? InputWeights => inputs[3 + (5 * direction)];

    /// <summary>Of U, or null.</summary>
    internal Tensor? HiddenWeights => inputs[4 + (5 * direction)];

    /// <summary>Of the bias of W x, or null.</summary>
    internal Tensor? InputBias => inputs[5 + (5 * direction)];

    /// <summary>Of the bias of U h, or null.</summary>
    internal Tensor? HiddenBias => inputs[6 + (5 * direction)];

    /// <summary>Of the projection, or null.</summary>
    internal Tensor? Projection => inputs[7 + (5 * direction)];

    private float* At(Tensor? tensor) => tensor is null ? null : tensor.Pointer + (direction * (tensor.Count / tensor.Shape[0]));
}
