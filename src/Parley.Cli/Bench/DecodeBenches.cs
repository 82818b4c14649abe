using System.Text;
using Parley.Decoding;

namespace Parley.Cli;

/// <summary>Searches over ten seconds of planted scores: letters of random words, each frame's mass spread over a few of 32 symbols.</summary>
internal static class DecodeBenches
{
    private const int Symbols = 32;
    private const int Frames = 500;
    private const string Letters = "abcdefghijklmnopqrstuvwxyz'";

    /// <summary>Every measurement: CTC beams of several widths, alone and with a language model of 20,000 words and hotwords.</summary>
    public static IReadOnlyList<(string Name, Func<Action> Make)> All() =>
    [
        ("ctc_greedy_10s", () => { var logits = Scores(Words()); return () => new CtcGreedyDecoder(0).DecodeBest(logits, Symbols); }),
        .. ((int[])[16, 128, 1024, 4096]).SelectMany(width => ((string Name, Func<Action> Make)[])
        [
            ($"ctc_beam_{width}_10s", () => Beam(width, withLanguage: false)),
            ($"ctc_beam_{width}_10s_4gram_hotwords", () => Beam(width, withLanguage: true)),
        ]),
    ];

    private static Action Beam(int width, bool withLanguage)
    {
        var words = Words();
        var fusion = withLanguage ? new FusionOptions(Model(words), LmWeight: 0.5, WordBonus: 1, Hotwords: [.. words.Take(20).Select(w => new Hotword(w))]) : null;
        var texts = new SymbolTexts(["", " ", .. Letters.Select(l => $"{l}"), .. Enumerable.Repeat("", Symbols - Letters.Length - 2)]);
        var decoder = new CtcBeamDecoder(texts, blank: 0, new CtcDecodeOptions(width, fusion));
        var logits = Scores(words);
        return () => decoder.Decode(logits, Symbols);
    }

    private static string[] Words()
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, 20_000).Select(_ => string.Concat(Enumerable.Range(0, 2 + random.Next(7)).Select(_ => Letters[random.Next(26)])))];
    }

    private static NGramModel Model(string[] words)
    {
        var (random, trainer) = (new Random(2), new KneserNeyTrainer(new KneserNeyOptions(4)));
        for (var i = 0; i < 20_000; i++)
        {
            trainer.Add(string.Join(' ', Enumerable.Range(0, 10).Select(_ => words[(int)(words.Length * Math.Pow(random.NextDouble(), 4))])));
        }

        return trainer.Build();
    }

    private static float[] Scores(string[] words)
    {
        var (random, logits, text) = (new Random(3), new float[Frames * Symbols], new StringBuilder());
        while (text.Length < Frames)
        {
            text.Append(words[random.Next(words.Length)]).Append(' ');
        }

        for (var t = 0; t < Frames; t++)
        {
            var row = logits.AsSpan(t * Symbols, Symbols);
            foreach (ref var value in row)
            {
                value = 4 * random.NextSingle();
            }

            // A letter lasts two frames and a blank follows: half of the mass or nearly all of it, as it comes.
            var letter = text[t / 3];
            row[t % 3 == 2 ? 0 : letter == ' ' ? 1 : 2 + Letters.IndexOf(letter, StringComparison.Ordinal)] = 6 + (6 * random.NextSingle());
        }

        return logits;
    }
}
