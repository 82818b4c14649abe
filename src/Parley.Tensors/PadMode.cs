namespace Parley.Tensors;

/// <summary>What stands beyond the ends of a padded dimension.</summary>
public enum PadMode
{
    /// <summary>Zeros.</summary>
    Zero,

    /// <summary>The elements mirrored at the first and last one, which are not repeated.</summary>
    Reflect,

    /// <summary>The first or last element again and again.</summary>
    Replicate,
}
