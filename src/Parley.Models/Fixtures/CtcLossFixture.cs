using System.Text.RegularExpressions;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of the CTC loss alone: logits [time, batch, symbols], targets for some blank, and the losses blankN.none, .mean, .sum.</summary>
internal static partial class CtcLossFixture
{
    private static readonly string[] s_inputs = ["logits", "targets", "input_lengths", "target_lengths"];

    public static bool Fits(Fixture fixture) => s_inputs.All(fixture.Inputs.Tensors.ContainsKey);

    public static void Compute(Fixture fixture, FixtureResults results)
    {
        var (stored, frames, lengths) = (fixture.Inputs["logits"], fixture.Inputs["input_lengths"].ToIntegers(), fixture.Inputs["target_lengths"].ToIntegers());
        if (stored.Shape.Count != 3 || frames.Length != stored.Shape[1] || lengths.Length != frames.Length || frames.Any(f => f < 0 || f > stored.Shape[0]))
        {
            throw new InvalidDataException($"{fixture.Name}: input_lengths and target_lengths do not fit logits [{string.Join(", ", stored.Shape)}]");
        }

        var shape = Shape.Create([.. stored.Shape.Select(d => checked((int)d))]);
        var logProbs = Tensor.From(stored.ToSingles(), shape, Backend.Reference).LogSoftmax().Transpose(0, 1).ToArray();    // [batch, time, symbols]
        foreach (var blank in fixture.Expected.Select(e => Blank().Match(e.Name)).Where(m => m.Success).Select(m => int.Parse(m.Groups[1].ValueSpan)).Distinct())
        {
            var targets = fixture.Inputs.Tensors.TryGetValue($"targets_blank{blank}", out var own) ? own : fixture.Inputs["targets"];
            var rows = targets.ToIntegers().Chunk(checked((int)targets.Shape[^1])).ToArray();
            var losses = new double[frames.Length];
            for (var i = 0; i < losses.Length; i++)
            {
                int[] target = [.. rows[i].Take((int)lengths[i]).Select(id => checked((int)id))];
                losses[i] = CtcLoss.Forward(logProbs.AsSpan(i * shape[0] * shape[2], (int)frames[i] * shape[2]), shape[2], target, blank);
            }

            int[] symbols = [.. lengths.Select(n => (int)n)];
            results.Add($"blank{blank}.none", [losses.Length], [.. losses.Select(l => (float)l)]);
            results.Add($"blank{blank}.none_zero_infinity", [losses.Length], [.. losses.Select(l => double.IsInfinity(l) ? 0 : (float)l)]);
            results.Add($"blank{blank}.mean", [], [(float)CtcLoss.Reduce(losses, symbols, CtcReduction.Mean, zeroInfinity: true)]);
            results.Add($"blank{blank}.sum", [], [(float)CtcLoss.Reduce(losses, symbols, CtcReduction.Sum, zeroInfinity: true)]);
        }
    }

    [GeneratedRegex(@"^blank(\d{1,6})\.")]
    private static partial Regex Blank();
}
