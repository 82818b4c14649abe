namespace Parley.Models;

/// <summary>Where training is: told after every pass over the recordings.</summary>
/// <param name="Iteration">Passes done.</param>
/// <param name="Iterations">Passes there will be.</param>
/// <param name="Gaussians">Most densities of a state in this pass.</param>
/// <param name="LogLikelihood">ln P of all recordings under the parameters that the pass began with, divided by their frames; does not fall while <paramref name="Gaussians"/> stays.</param>
/// <param name="LeftOut">Recordings that are too short for their words: fewer frames than states.</param>
public sealed record HmmGmmProgress(int Iteration, int Iterations, int Gaussians, double LogLikelihood, IReadOnlyList<string> LeftOut);
