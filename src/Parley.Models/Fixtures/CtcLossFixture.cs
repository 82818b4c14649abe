using System.Text.RegularExpressions;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of the CTC loss alone: logits [time, batch, symbols], targets for some blank, and the losses blankN.none, .mean, .sum.</summary>
internal static partial class CtcLossFixture
{
    private static readonly string[] s_inputs = ["logits", "targets", "input_lengths", "target_lengths"];

    public static bool Fits(Fixture fixture) => s_inputs.All(fixture.Inputs.Tensors.ContainsKey);

    public static void Compute(Fixture fixture, FixtureResults results, Backend backend)
    {
        var (stored, frames, lengths) = (fixture.Inputs["logits"], fixture.Inputs["input_lengths"].ToIntegers(), fixture.Inputs["target_lengths"].ToIntegers());
        if (stored.Shape.Count != 3 || frames.Length != stored.Shape[1] || lengths.Length != frames.Length || frames.Any(f => f < 0 || f > stored.Shape[0]))
        {
            throw new InvalidDataException($"{fixture.Name}: input_lengths and target_lengths do not fit logits [{string.Join(", ", stored.Shape)}]");
        }

        var shape = Shape.Create([.. stored.Shape.Select(d => checked((int)d))]);
        var logits = Tensor.From(stored.ToSingles(), shape, backend).AsParameter();
        var byUtterance = logits.Transpose(0, 1);                                                                          // [batch, time, symbols]
        int[] valid = [.. frames.Select(f => (int)f)];
        foreach (var blank in fixture.Expected.Select(e => Blank().Match(e.Name)).Where(m => m.Success).Select(m => int.Parse(m.Groups[1].ValueSpan)).Distinct())
        {
            var symbols = fixture.Inputs.Tensors.TryGetValue($"targets_blank{blank}", out var own) ? own : fixture.Inputs["targets"];
            int[][] targets = [.. symbols.ToIntegers().Chunk(checked((int)symbols.Shape[^1])).Select((row, i) => row.Take((int)lengths[i]).Select(id => checked((int)id)).ToArray())];
            var losses = byUtterance.CtcLoss(valid, targets, blank).ToArray();
            results.Add($"blank{blank}.none", [losses.Length], losses);
            results.Add($"blank{blank}.none_zero_infinity", [losses.Length], [.. losses.Select(l => float.IsInfinity(l) ? 0 : l)]);
            foreach (var (name, reduction) in new[] { ("mean", LossReduction.MeanPerSymbol), ("sum", LossReduction.Sum) })
            {
                var loss = CtcLoss.Compute(byUtterance, valid, targets, blank, reduction, zeroInfinity: true);
                results.Add($"blank{blank}.{name}", [], [loss.Scalar]);
                results.Add($"blank{blank}.{name}.grad_logits", shape.Dims.ToArray(), loss.Backward()[logits]!.ToArray());
            }
        }
    }

    [GeneratedRegex(@"^blank(\d{1,6})\.")]
    private static partial Regex Blank();
}
