namespace Parley.Decoding.Tests;

/// <summary>Alignment over all spellings against all paths, and in little memory against all rows kept.</summary>
public sealed class CtcSpellingTests
{
    private static readonly SymbolTexts Letters = new(["", " ", "A", "B"]);
    private static readonly SymbolTexts Pieces = new([" a", "b", "", " ab", " ", "a"]);

    [Theory]
    [InlineData("a", 0)]
    [InlineData("ab", 1)]
    [InlineData("ab a", 2)]
    [InlineData("aa", 3)]
    [InlineData("a a", 4)]
    [InlineData("abab", 5)]
    public void The_best_path_of_all_spellings_is_found(string text, int seed)
    {
        Check(Pieces, blank: 2, frames: 5, text, seed);
        Check(Letters, blank: 0, frames: 6, text.ToUpperInvariant(), seed);
    }

    [Fact]
    public void Words_are_spelled_as_they_are_or_in_the_case_of_the_model()
    {
        var letters = new CtcSpelling(Letters, blank: 0);
        Assert.Equal("ABBA", letters.Fit("abba"));
        Assert.Null(letters.Fit("abel"));
        Assert.Equal("e", letters.Missing("abel"));
        Assert.Equal("😀", letters.Missing("a😀"));
        var pieces = new CtcSpelling(Pieces, blank: 2);
        Assert.Equal("ab", pieces.Fit("AB"));
        Assert.Equal("aba", pieces.Fit("aba"));

        // No piece begins with b, but the space stands alone too.
        Assert.Equal("ba", pieces.Fit("ba"));
        Assert.Null(new CtcSpelling(new SymbolTexts([" a", "b", ""]), blank: 2).Fit("ba"));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(61, 30)]
    [InlineData(500, 60)]
    public void Rows_that_are_found_again_give_the_path_of_rows_that_were_kept(int frames, int length)
    {
        var random = new Random(frames);
        var ids = Enumerable.Range(0, length).Select(_ => 1 + random.Next(3)).ToArray();
        var logits = CtcBeamDecoderTests.Random(random, frames, 4, sharpness: 3);
        Assert.Equal(Kept(logits, 4, ids, blank: 0), CtcAlignment.Align(logits, 4, ids, blank: 0));
    }

    [Fact]
    public void An_hour_with_its_text_fits_the_memory_and_what_does_not_is_refused_before_it_is_taken()
    {
        // 50 frames a second; 9000 words of six letters, with a blank beside each.
        Assert.InRange(ViterbiRows<byte>.Bytes(180_000, 9000 * 14), 1, 1L << 30);
        var error = Assert.Throws<InvalidDataException>(() => new ViterbiRows<byte>(10_000_000, 10_000_000, (_, _, _, _) => Assert.Fail("no row is computed")));
        Assert.Contains("cut the recording", error.Message, StringComparison.Ordinal);
    }

    private static void Check(SymbolTexts texts, int blank, int frames, string text, int seed)
    {
        var logits = CtcBeamDecoderTests.Random(new Random(seed), frames, texts.Count, sharpness: 4);
        var words = text.Split(' ');
        var best = (Score: double.NegativeInfinity, Path: Array.Empty<int>());
        foreach (var path in CtcBeamDecoderTests.Paths(frames, texts.Count))
        {
            if (Reads(texts, CtcBeamDecoderTests.Collapse(path, blank), words))
            {
                var score = path.Select((id, t) => (double)logits[(t * texts.Count) + id]).Sum();
                best = score > best.Score ? (score, path) : best;
            }
        }

        var (found, tokens) = new CtcSpelling(texts, blank).Align(logits, words);
        Assert.Equal(best.Score, found, precision: 9);
        var runs = new int[frames];
        Array.Fill(runs, blank);
        foreach (var token in tokens.SelectMany(t => t))
        {
            runs.AsSpan(token.StartFrame, token.EndFrame - token.StartFrame).Fill(token.Id);
            Assert.Equal(Enumerable.Range(token.StartFrame, token.EndFrame - token.StartFrame).Average(t => (double)logits[(t * texts.Count) + token.Id]), token.LogProb, precision: 9);
        }

        // Spaces between words belong to none of them.
        Assert.Equal(best.Path.Select(id => texts.Written(id) == "\u2581" && words.Length > 1 && blank == 0 ? blank : id), runs);
        Assert.Equal(words, tokens.Select(t => string.Concat(t.Select(u => texts.Written(u.Id))).Replace("\u2581", "", StringComparison.Ordinal)));
    }

    // Spelled without a space that begins no word: characters have one between words, pieces one before each.
    private static bool Reads(SymbolTexts texts, int[] ids, string[] words)
    {
        var text = string.Concat(ids.Select(id => (texts.BeginsWord[id] ? " " : "") + texts.Letters[id]));
        return text == (ReferenceEquals(texts, Letters) ? "" : " ") + string.Join(' ', words);
    }

    private static (int Start, int End)[] Kept(float[] logProbs, int symbols, int[] ids, int blank)
    {
        var (frames, states) = (logProbs.Length / symbols, (2 * ids.Length) + 1);
        var scores = new double[frames, states];
        var steps = new int[frames, states];
        for (var t = 0; t < frames; t++)
        {
            for (var s = 0; s < states; s++)
            {
                scores[t, s] = t == 0 ? (s <= 1 ? 0 : double.NegativeInfinity) : scores[t - 1, s];
                for (var step = 1; step <= 2 && t > 0 && s >= step; step++)
                {
                    if ((step == 1 || ((s & 1) == 1 && ids[s / 2] != ids[(s / 2) - 1])) && scores[t - 1, s - step] > scores[t, s])
                    {
                        (scores[t, s], steps[t, s]) = (scores[t - 1, s - step], step);
                    }
                }

                scores[t, s] += logProbs[(t * symbols) + ((s & 1) == 1 ? ids[s / 2] : blank)];
            }
        }

        var runs = new (int Start, int End)[ids.Length];
        for (var (t, s) = (frames - 1, scores[frames - 1, states - 2] > scores[frames - 1, states - 1] ? states - 2 : states - 1); t >= 0; s -= steps[t, s], t--)
        {
            if ((s & 1) == 1)
            {
                runs[s / 2] = (t, Math.Max(runs[s / 2].End, t + 1));
            }
        }

        return runs;
    }
}
