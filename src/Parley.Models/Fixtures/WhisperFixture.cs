using System.Text.Json;
using System.Text.RegularExpressions;
using Parley.Decoding;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Fixtures of Whisper: every layer of encoder and decoder, the loss, and what each search finds.</summary>
internal sealed partial class WhisperFixture
{
    private readonly Fixture _fixture;
    private readonly FixtureResults _results;
    private readonly Whisper _model;
    private readonly WhisperVocabulary _ids;
    private readonly Tensor _features;
    private readonly int _batch;
    private readonly int _vocab;

    private WhisperFixture(Fixture fixture, FixtureResults results, Whisper model, WhisperVocabulary ids, Tensor features)
    {
        (_fixture, _results, _model, _ids, _features) = (fixture, results, model, ids, features);
        (_batch, _vocab) = (features.Shape[0], model.Config.VocabSize);
    }

    public static void Compute(Fixture fixture, JsonElement json, FixtureResults results, Backend backend)
    {
        var config = WhisperConfig.Parse(json);
        using var checkpoint = Checkpoint.Open(fixture.Model.Path);
        var model = Weights.Build(new CheckpointWeights(checkpoint), w => new Whisper(w["model"], config), new WeightsOptions(backend)).Model;
        using var generation = fixture.Model.GenerationConfig() ?? throw new InvalidDataException($"{fixture.Model.Path}: no generation_config.json");
        var taps = new Taps();
        var features = model.Encoder.Forward(Input(fixture, "input_features", backend), taps);
        results.Add(taps);
        new WhisperFixture(fixture, results, model, WhisperVocabulary.From(generation.RootElement, config), features).Decode();
    }

    internal static Tensor Input(Fixture fixture, string name, Backend backend)
    {
        var stored = fixture.Inputs[name];
        return Tensor.From(stored.ToSingles(), Shape.Create([.. stored.Shape.Select(d => checked((int)d))]), backend);
    }

    internal static IntTensor Ids(Fixture fixture, string name)
    {
        var stored = fixture.Inputs[name];
        return new IntTensor([.. stored.ToIntegers().Select(i => checked((int)i))], Shape.Create([.. stored.Shape.Select(d => checked((int)d))]));
    }

    private void Decode()
    {
        Forced();
        Loss();
        var languages = Languages();
        _results.Add("detected_language", [_batch], languages);
        (string Language, bool Translate)? first = null;
        foreach (var expected in _fixture.Expected.Where(e => e.Stored.Shape.Count == 2).OrderBy(e => e.What.StartsWith("the same", StringComparison.Ordinal)))
        {
            var width = (int)expected.Stored.Shape[1];
            switch (expected.Name)
            {
                case "greedy_plain_ids":
                    Plain(width, PromptOf(expected.What) ?? _ids.Start("en", translate: false, timestamps: false));
                    break;
                case "timestamp_rules_ids":
                    Stamped(width, PromptOf(expected.What) ?? _ids.Start("en", translate: false, timestamps: true));
                    break;
                case var name when name.StartsWith("generate_", StringComparison.Ordinal) && name.EndsWith("_ids", StringComparison.Ordinal):
                    // What an entry does not say is as in the first one.
                    var language = Language().Match(expected.What) is { Success: true } match ? match.Groups[1].Value : first?.Language ?? "en";
                    var translate = expected.What.Contains("translate", StringComparison.Ordinal) || (first?.Translate == true && !expected.What.Contains("transcribe", StringComparison.Ordinal));
                    first ??= (language, translate);
                    Generate(name, width, language, translate, Beams().Match(expected.What) is { Success: true } beams ? int.Parse(beams.Groups[1].ValueSpan) : 1);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The prompt that a text spells, such as "from &lt;sot&gt;&lt;en&gt;&lt;transcribe&gt;"; null if it spells none.</summary>
    private List<int>? PromptOf(string what) => Spelt().Match(what) is { Success: true } match
        ? [.. match.Groups[1].Captures.Select(c => c.Value switch
        {
            "sot" => _ids.StartOfTranscript,
            "transcribe" => _ids.Transcribe,
            "translate" => _ids.Translate,
            "notimestamps" => _ids.NoTimestamps,
            var language => _ids.Languages.TryGetValue(language, out var id) ? id : throw new InvalidDataException($"{_fixture.Name}: <{language}> in \"{what}\" is no token of this model"),
        })]
        : null;

    private void Forced()
    {
        var tokens = Ids(_fixture, "decoder_input_ids");
        using var state = _model.NewState(_features);
        var taps = new Taps();
        var logits = _model.Decoder.Step(tokens, state, [.. Enumerable.Range(0, tokens.Shape[1])], taps);
        _results.Add(taps);
        _results.Add("logits", logits.Shape.Dims.ToArray(), logits.ToArray());
    }

    private void Loss()
    {
        var labels = Ids(_fixture, "labels");
        var length = labels.Shape[1];
        var inputs = new int[labels.Values.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            var before = i % length == 0 ? _ids.StartOfTranscript : labels.Values[i - 1];
            inputs[i] = before < 0 ? _ids.EndOfText : before;
        }

        // The model once more, trained but for the sinusoids of the encoder, which the reference does not train.
        using var checkpoint = Checkpoint.Open(_fixture.Model.Path);
        var options = new WeightsOptions(_features.Backend, trains: name => name != "model.encoder.embed_positions.weight");
        var (model, parameters) = Weights.Build(new CheckpointWeights(checkpoint), w => new Whisper(w["model"], _model.Config), options);
        var features = model.Encoder.Forward(Input(_fixture, "input_features", _features.Backend));
        var loss = CrossEntropy.Compute(model.Decoder.Forward(new IntTensor(inputs, labels.Shape), features), labels);
        _results.Add("loss", [], [loss.Scalar]);
        _results.AddGradients(loss, parameters);
    }

    private long[] Languages()
    {
        using var state = _model.NewState(_features);
        var logits = Step(state, [.. Enumerable.Repeat(_ids.StartOfTranscript, _batch)]);
        return [.. logits.Chunk(_vocab).Select(row => (long)_ids.Languages.Values.MaxBy(id => row[id]))];
    }

    /// <summary>The likeliest token each time, nothing forbidden, never ended.</summary>
    private void Plain(int width, IReadOnlyList<int> prompt)
    {
        using var state = _model.NewState(_features);
        var rows = Enumerable.Range(0, _batch).Select(_ => prompt.ToList()).ToArray();
        var logits = Prompt(state, prompt);
        while (true)
        {
            for (var row = 0; row < _batch; row++)
            {
                rows[row].Add(Largest(logits.AsSpan(row * _vocab, _vocab)));
            }

            if (rows[0].Count == width)
            {
                break;
            }

            logits = Step(state, [.. rows.Select(r => r[^1])]);
        }

        Add("greedy_plain_ids", rows, width);
        _results.Add("greedy_plain_last_logits", [_batch, _vocab], logits);
    }

    /// <summary>The likeliest token under all rules, with the scores after them.</summary>
    private void Stamped(int width, IReadOnlyList<int> prompt)
    {
        var steps = width - prompt.Count;
        ILogitFilter[] filters =
        [
            new SuppressTokens(_ids.Suppressed), new SuppressTokens(_ids.SuppressedFirst, firstOnly: true),
            new TimestampRules(_ids.EndOfText, _ids.NoTimestamps, _ids.FirstTimestamp, _ids.MaxInitialTimestamp),
        ];
        using var state = _model.NewState(_features);
        var rows = Enumerable.Range(0, _batch).Select(_ => new List<int>()).ToArray();
        var scores = new float[_batch * steps * _vocab];
        var logits = Prompt(state, prompt);
        for (var step = 0; step < steps; step++)
        {
            for (var row = 0; row < _batch; row++)
            {
                var own = logits.AsSpan(row * _vocab, _vocab);
                foreach (var filter in filters)
                {
                    filter.Apply(own, rows[row].ToArray());
                }

                own.CopyTo(scores.AsSpan(((row * steps) + step) * _vocab));
                rows[row].Add(rows[row].Contains(_ids.EndOfText) ? _ids.EndOfText : Largest(own));
            }

            if (step < steps - 1)
            {
                logits = Step(state, [.. rows.Select(r => r[^1])]);
            }
        }

        Add("timestamp_rules_ids", [.. rows.Select(r => prompt.Concat(r).ToList())], width);
        _results.Add("timestamp_rules_scores", [_batch, steps, _vocab], scores);
    }

    private void Generate(string name, int width, string language, bool translate, int beams)
    {
        var prompt = _ids.Start(language, translate, timestamps: false);
        ILogitFilter[] filters =
        [
            new SuppressTokens(_ids.Suppressed), new SuppressTokens(_ids.SuppressedFirst, firstOnly: true),
            new SuppressTokens(Enumerable.Range(_ids.FirstTimestamp, _vocab - _ids.FirstTimestamp)),
        ];
        using var state = _model.NewState(_features, beams);
        var logits = Prompt(state, prompt);
        var steps = new WhisperSteps(_model.Decoder, state, beams);
        var found = beams == 1
            ? new SamplingSearch(_ids.EndOfText, width).Run(steps, logits, filters)
            : new BeamSearch(_ids.EndOfText, width).Run(steps, logits, filters);
        Add(name, [.. found.Select(group => group[0].Tokens.ToList())], width);
    }

    private float[] Prompt(WhisperState state, IReadOnlyList<int> prompt) =>
        _model.Decoder.Step(new IntTensor([.. Enumerable.Range(0, state.Rows).SelectMany(_ => prompt)], [state.Rows, prompt.Count]), state).ToArray();

    private float[] Step(WhisperState state, int[] tokens) => _model.Decoder.Step(new IntTensor(tokens, [tokens.Length, 1]), state).ToArray();

    /// <summary>Rows to one width, padded with the end token.</summary>
    private void Add(string name, List<int>[] rows, int width) =>
        _results.Add(name, [rows.Length, width], [.. rows.SelectMany(r => r.Concat(Enumerable.Repeat(_ids.EndOfText, Math.Max(0, width - r.Count))).Take(width)).Select(i => (long)i)]);

    private static int Largest(ReadOnlySpan<float> scores) => LogMath.Top(scores, 1)[0].Index;

    [GeneratedRegex(@"language (\w+)")]
    private static partial Regex Language();

    [GeneratedRegex(@"from (?:<(\w+)>)+")]
    private static partial Regex Spelt();

    [GeneratedRegex(@"num_beams=(\d+)")]
    private static partial Regex Beams();
}
