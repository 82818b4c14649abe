using Parley.Tensors;

namespace Parley.Nn;

/// <summary>Where parameters come from: a checkpoint, a random generator, or another source seen through new names.</summary>
public interface IWeightSource
{
    /// <summary>What to call it in messages: a path, or "random weights".</summary>
    string Name { get; }

    /// <summary>Names of everything it holds; empty when it makes values on request.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>Looks a parameter up; null when the source does not have it.</summary>
    /// <param name="name">Checkpoint name.</param>
    /// <param name="wanted">The model's shape, for sources that make values.</param>
    /// <param name="init">The model's starting values, for sources that make values.</param>
    IWeightEntry? Find(string name, Shape wanted, Init init);
}

/// <summary>One parameter of a source.</summary>
public interface IWeightEntry
{
    /// <summary>Its shape in the source.</summary>
    Shape Shape { get; }

    /// <summary>The format it is stored in.</summary>
    WeightFormat Format { get; }

    /// <summary>Its values as float32: in place where the source allows, else converted.</summary>
    Tensor ToTensor(Backend backend);

    /// <summary>Its values [out, in] as a matrix in <paramref name="format"/>: in place where it is stored so.</summary>
    WeightMatrix ToMatrix(Backend backend, WeightFormat format);
}
