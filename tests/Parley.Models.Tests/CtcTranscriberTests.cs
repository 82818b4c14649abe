using Parley.Audio;
using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;
using Parley.Text;
using Xunit;

namespace Parley.Models.Tests;

public sealed class CtcTranscriberTests
{
    private static readonly string[] Letters = "<pad> <s> </s> <unk> | E T A O N I H S R D L U M W C F G Y P B V K X J Q Z '".Split(' ');
    private static readonly CtcOptions Short = new(ChunkSeconds: 1.2, StrideSeconds: 0.2);

    [Theory]
    [InlineData("wav2vec2_base_ctc")]
    [InlineData("hubert_large_ctc")]
    [InlineData("wavlm_base_ctc")]
    [InlineData("wav2vec2_conformer_relative")]
    public void The_text_does_not_depend_on_the_batch_size(string name)
    {
        var transcriber = Load(name);
        var samples = Noise(16_000 * 5);
        var alone = Text(transcriber, samples, Short);
        Assert.NotEqual("", alone.Text);
        foreach (var batch in (int[])[2, 3, 16])
        {
            var together = Text(transcriber, samples, Short with { BatchSize = batch });
            Assert.Equal(alone.Text, together.Text);
            Assert.Equal(alone.Segments.SelectMany(s => s.Tokens), together.Segments.SelectMany(s => s.Tokens));
        }
    }

    [Fact]
    public void A_recording_of_one_piece_is_decoded_as_a_whole()
    {
        var folder = Goldens.Folder("wav2vec2_base_ctc");
        var samples = Noise(16_000);
        var model = CtcModel.Load(folder);
        using var scope = new TensorScope();
        var logits = model.Forward(Tensor.From(Wav2Vec2Input.Normalize(samples), [1, samples.Length], Backend.Default));
        var whole = new CtcGreedyDecoder(model.Config.Blank).DecodeBest(logits.Values, logits.Shape[2]);
        var transcript = Text(Load("wav2vec2_base_ctc"), samples);
        var delimiter = Symbols().IsDelimiter;
        Assert.Equal(whole.Tokens.Select(t => t.Id).Where(id => !delimiter(id)), transcript.Segments.SelectMany(s => s.Tokens));
    }

    [Fact]
    public void Pieces_with_enough_context_say_what_the_whole_says()
    {
        // Without transformer blocks a frame hears its convolutions and 64 frames to either side, 1.3 s: less than the overlap.
        var config = new Wav2Vec2Config("wav2vec2", Dim: 32, Layers: 0, Heads: 2, FeatureNorm: "layer", ConvDims: [32, 32, 32, 32, 32, 32, 32], PreNorm: true);
        var model = Weights.Build(new RandomWeights(11), w => new CtcModel(w, config)).Model;
        var transcriber = new CtcTranscriber(model, Symbols(), normalise: false);
        var samples = Noise(16_000 * 31);
        var whole = Text(transcriber, samples, new CtcOptions(ChunkSeconds: 60));
        Assert.True(whole.Segments.Sum(s => s.Tokens.Count) > 50, whole.Text);
        foreach (var options in (CtcOptions[])[new(ChunkSeconds: 5, StrideSeconds: 1.5), new(ChunkSeconds: 8, StrideSeconds: 2, BatchSize: 3), new(ChunkSeconds: 12.3, StrideSeconds: 1.4)])
        {
            var pieces = Text(transcriber, samples, options);
            Assert.Equal(whole.Text, pieces.Text);
            Assert.Equal(whole.Segments.Select(s => (s.Start, s.End)), pieces.Segments.Select(s => (s.Start, s.End)));
        }

        Assert.NotEqual(whole.Text, Text(transcriber, samples, new CtcOptions(ChunkSeconds: 5, StrideSeconds: 0)).Text);
    }

    [Fact]
    public void Segments_come_as_they_are_final_and_join_to_the_text()
    {
        // The symbol this random model likes best stands between words.
        var samples = Noise(16_000 * 6);
        var favourite = Text(Load("hubert_base_ctc"), samples, Short).Segments.SelectMany(s => s.Tokens).CountBy(id => id).MaxBy(c => c.Value).Key;
        var symbols = new CtcVocabulary(Letters, new CtcVocabularySettings(Delimiter: Letters[favourite]));
        var transcriber = new CtcTranscriber(CtcModel.Load(Goldens.Folder("hubert_base_ctc")), symbols);
        var options = Short with { MaxSegment = TimeSpan.FromSeconds(1) };
        var streamed = transcriber.TranscribeSegments(samples, options, progress: null, TestContext.Current.CancellationToken).ToArray();
        Assert.Equal(Text(transcriber, samples, options).Text, string.Concat(streamed.Select(s => s.Text)).Trim());
        Assert.Equal(Text(transcriber, samples, Short).Text, string.Concat(streamed.Select(s => s.Text)).Trim());
        Assert.True(streamed.Length > 1);
        Assert.Equal(Enumerable.Range(0, streamed.Length), streamed.Select(s => s.Id));
        Assert.All(streamed.Zip(streamed.Skip(1)), p => Assert.True(p.First.End <= p.Second.Start));
        Assert.All(streamed, s => Assert.Equal(s.Text, string.Concat(s.Words!.Select(w => w.Text))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(399)]
    public void Fewer_samples_than_a_frame_have_no_words(int samples) =>
        Assert.Equal("", Text(Load("wav2vec2_base_ctc"), Noise(samples)).Text);

    [Fact]
    public void Kept_frames_follow_each_other_without_gap_or_overlap()
    {
        var config = new Wav2Vec2Config("wav2vec2");
        for (var samples = 400; samples < 2_000_000; samples += 9_973)
        {
            var next = 0;
            foreach (var chunk in CtcChunk.Cut(samples, new CtcOptions(), config))
            {
                Assert.Equal(next, chunk.FrameOffset + chunk.FirstKept);
                Assert.True(chunk.Samples <= 320_000 && chunk.Start + chunk.Samples <= samples && chunk.EndKept <= config.FramesOf(chunk.Samples));
                next = chunk.FrameOffset + chunk.EndKept;
            }

            Assert.Equal(config.FramesOf(samples), next);
        }
    }

    [Fact]
    public void A_run_cut_in_two_is_one_symbol_and_words_have_times()
    {
        var segments = new CtcSegments(Symbols(), new CtcOptions(), secondsPerFrame: 0.02);
        segments.Append([new CtcToken(11, 2, 4, -1), new CtcToken(10, 8, 10, -2)], offset: 0);
        segments.Append([new CtcToken(10, 0, 2, -4), new CtcToken(4, 3, 4, 0), new CtcToken(8, 5, 6, 0)], offset: 10);
        var segment = Assert.Single(segments.Take(last: true));
        Assert.Equal(" HI O", segment.Text);
        var word = segment.Words![0];
        Assert.Equal((0.04, 0.24), (word.Start.TotalSeconds, word.End.TotalSeconds));
        Assert.Equal((Math.Exp(-1) + Math.Exp(-3)) / 2, word.Probability, tolerance: 1e-9);
    }

    [Fact]
    public void A_beam_search_sees_the_scores_of_the_whole_recording()
    {
        // One stretch: what the pieces give, decoded at once with the same options.
        var model = CtcModel.Load(Goldens.Folder("wav2vec2_base_ctc"));
        var samples = Noise(16_000 * 4);
        var scores = new ScoreKeeper(model.Config.Blank);
        new CtcTranscriber(model, Symbols(), decoder: scores).Transcribe(samples, Short, TestContext.Current.CancellationToken);
        var options = new CtcDecodeOptions(8, new FusionOptions(WordBonus: 1, Hotwords: [new Hotword("an", 20)]));
        var expected = new CtcBeamDecoder(SymbolTexts.Of(Symbols()), model.Config.Blank, options).Decode([.. scores.All], model.Config.VocabSize)[0];
        var transcript = Text(new CtcTranscriber(model, Symbols()), samples, Short with { Decode = options, MaxPause = TimeSpan.FromSeconds(100) });
        var delimiter = Symbols().IsDelimiter;
        Assert.Equal(expected.Tokens.Select(t => t.Id).Where(id => !delimiter(id)), transcript.Segments.SelectMany(s => s.Tokens));
        Assert.Contains("AN", transcript.Text.Split(' '));
        Assert.NotEqual(Text(new CtcTranscriber(model, Symbols()), samples, Short).Text, transcript.Text);
        Assert.All(transcript.Segments.SelectMany(s => s.Words!), w => Assert.InRange(w.Probability, 1e-9, 1 + 1e-9));
    }

    [Fact]
    public void Stretches_are_cut_in_pauses_and_hold_every_frame_once()
    {
        // Frames: 0 silent, 1 speech. A pause is 4 frames, a stretch at most 12.
        int[] frames = [0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
        float[] scores = [.. frames.SelectMany(f => (float[])[1 - f, f])];
        foreach (var size in (int[])[1, 3, 100])
        {
            var stretches = new CtcStretches(symbols: 2, s => s == 0, pause: 4, longest: 12);
            var got = new List<(int Offset, float[] Scores)>();
            foreach (var part in frames.Chunk(size).Select((p, i) => scores[(i * size * 2)..(((i * size) + p.Length) * 2)]))
            {
                stretches.Add(part);
                got.AddRange(stretches.Take(last: false));
            }

            got.AddRange(stretches.Take(last: true));
            Assert.Equal(scores, got.SelectMany(g => g.Scores));
            Assert.Equal([0, 11, 19, 24, 36], got.Select(g => g.Offset));
        }
    }

    [Fact]
    public void Samples_that_are_not_numbers_are_refused()
    {
        var samples = Noise(8_000);
        samples[77] = float.NaN;
        Assert.Throws<InvalidDataException>(() => Text(Load("wav2vec2_large_ctc"), samples));
    }

    [Fact]
    public void Threads_share_a_transcriber()
    {
        var transcriber = Load("wav2vec2_large_ctc");
        var inputs = Enumerable.Range(0, 8).Select(i => Noise(20_000 + (i * 1_000), seed: i)).ToArray();
        string[] alone = [.. inputs.Select(x => Text(transcriber, x, Short).Text)];
        var together = new string[inputs.Length];
        Parallel.For(0, inputs.Length, i => together[i] = Text(transcriber, inputs[i], Short).Text);
        Assert.Equal(alone, together);
    }

    [Theory]
    [InlineData(0.1, null, 1)]
    [InlineData(10.0, 5.0, 1)]
    [InlineData(10.0, null, 0)]
    public void Options_that_do_not_fit_are_refused(double chunk, double? stride, int batch) =>
        Assert.Throws<ArgumentException>(() => Text(Load("wav2vec2_base_ctc"), Noise(100), new CtcOptions(chunk, stride, batch)));

    /// <summary>Greedy, and remembers what it was given.</summary>
    private sealed class ScoreKeeper(int blank) : ICtcDecoder
    {
        public List<float> All { get; } = [];

        public IReadOnlyList<CtcHypothesis> Decode(ReadOnlySpan<float> logits, int symbols)
        {
            All.AddRange(logits);
            return new CtcGreedyDecoder(blank).Decode(logits, symbols);
        }
    }

    private static Parley.Text.Transcript Text(CtcTranscriber transcriber, float[] samples, CtcOptions? options = null) =>
        transcriber.Transcribe(samples, options, TestContext.Current.CancellationToken);

    private static CtcTranscriber Load(string name) => new(CtcModel.Load(Goldens.Folder(name)), Symbols());

    private static CtcVocabulary Symbols() => new(Letters);

    private static float[] Noise(int count, int seed = 1)
    {
        var (random, samples) = (new Random(seed), new float[count]);
        for (var i = 0; i < count; i++)
        {
            samples[i] = (random.NextSingle() - 0.5f) * MathF.Sin(i * 0.001f * (1 + (i / 8000)));
        }

        return samples;
    }
}
