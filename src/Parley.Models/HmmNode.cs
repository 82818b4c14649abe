namespace Parley.Models;

/// <summary>A place in a search.</summary>
/// <param name="Emission">The state of the model that is heard here; <see cref="HmmNetwork.Null"/>: none, no time passes.</param>
/// <param name="Word">Entry of the vocabulary; -1: silence.</param>
/// <param name="Part">Which unit of the word's.</param>
/// <param name="Step">Which state of the unit's.</param>
/// <param name="Slot">Where the emission is among those of its network.</param>
internal readonly record struct HmmNode(int Emission, int Word, int Part, int Step, int Slot = HmmNetwork.Null);
