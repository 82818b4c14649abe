using System.CommandLine;
using Parley.Decoding;
using Parley.Models;

namespace Parley.Cli;

/// <summary>Options for what a search knows of language beside a CTC model: n-grams and hotwords.</summary>
internal sealed class LanguageOptions
{
    /// <summary>Whisper's widest beam; wider ones are for CTC models.</summary>
    public const int WhisperBeam = 64;

    private const int DefaultBeam = 128;
    private const double DefaultWordBonus = 1;
    private const double UnknownPenalty = 10;

    private readonly Option<string?> _model = new("--lm") { Description = "CTC models: n-gram language model, an ARPA file, plain or gzip (parley lm train makes one); default: the model's own, where it has one; none: without", HelpName = "FILE" };
    private readonly Option<double?> _weight = new("--lm-weight") { Description = "Weight of the language model (0.5)", HelpName = "X" };
    private readonly Option<double?> _bonus = new("--word-bonus") { Description = "Added to the score for each word, against the language model's taste for few words (1 with --lm, else 0)", HelpName = "X" };
    private readonly Option<string?> _hotwords = new("--hotwords") { Description = "CTC models: words and phrases to prefer, \"Parley, New York=8\", or a file with one a line; the number is the weight (5)", HelpName = "FILE|TEXT" };

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_model, _weight, _bonus, _hotwords])
        {
            command.Add(option);
        }
    }

    /// <summary>Makes the options of a CTC model from the command line; those of Whisper stay, and may not be mixed with these.</summary>
    public TranscriptionOptions Apply(ParseResult parse, Terminal terminal, string modelType, ModelDefaults model, TranscriptionOptions options, int? beam)
    {
        // A greedy search that was asked for takes no language model that was not.
        var (given, hotwords) = (parse.GetValue(_model), parse.GetValue(_hotwords));
        var lm = given == "none" || (given is null && beam == 1) ? null : given ?? model.LanguageModel;
        beam ??= lm is not null && lm == model.LanguageModel ? model.Beam : null;
        if (lm is null && (parse.GetValue(_weight) ?? parse.GetValue(_bonus)) is not null && hotwords is null)
        {
            throw new ArgumentException("--lm-weight and --word-bonus go with --lm");
        }

        if (modelType == "whisper")
        {
            if (beam > WhisperBeam)
            {
                throw new ArgumentException($"beam size {beam} must be 1 to {WhisperBeam} for Whisper");
            }

            return lm is null && hotwords is null ? options
                : throw new ArgumentException($"{(lm is null ? "--hotwords" : "--lm")} is for CTC models; for Whisper, put names and spellings into --prompt");
        }

        // The width belongs to whatever search the model has.
        var whisper = options.Whisper is { } settings && settings with { BeamSize = new WhisperOptions().BeamSize } is var rest && rest != new WhisperOptions() ? rest : null;
        if (lm is null && hotwords is null && beam is null or 1)
        {
            return options with { Whisper = whisper };
        }

        var fusion = new FusionOptions(
            lm is null ? null : LmCommand.Load(terminal, lm),
            parse.GetValue(_weight) ?? (given is null ? model.LanguageModelWeight : null) ?? new FusionOptions().LmWeight,
            parse.GetValue(_bonus) ?? (lm is null ? 0 : (given is null ? model.WordBonus : null) ?? DefaultWordBonus),
            Hotwords(hotwords),
            UnknownPenalty: UnknownPenalty);
        var ctc = new CtcDecodeOptions(beam ?? DefaultBeam, fusion);
        ctc.Validate();
        return options with { Whisper = whisper, Ctc = ctc };
    }

    private static List<Hotword>? Hotwords(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var isFile = File.Exists(text);
        var lines = isFile ? File.ReadAllLines(text) : text.Split(',');
        var words = new List<Hotword>();
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0)
            {
                continue;
            }

            var mark = line.LastIndexOf('=');
            if (mark < 0)
            {
                words.Add(new Hotword(line));
            }
            else if (double.TryParse(line[(mark + 1)..], out var weight) && mark > 0)
            {
                words.Add(new Hotword(line[..mark].Trim(), weight));
            }
            else
            {
                throw new ArgumentException($"{(isFile ? $"{text}:{i + 1}" : "--hotwords")}: \"{line}\" is no phrase with a weight, such as New York=8");
            }
        }

        return words.Count > 0 ? words : throw new ArgumentException($"{(isFile ? text : "--hotwords")}: no words");
    }
}
