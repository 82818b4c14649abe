using System.CommandLine;
using Parley.Models;

namespace Parley.Cli;

/// <summary>Options that every command with a recogniser has: the model and how it decodes.</summary>
internal sealed class RecognitionOptions
{
    private readonly Option<string?> _model = new("--model", "-m") { Description = "Model folder, OpenAI .pt file, or hub id with an optional @revision; default: what PARLEY_MODEL says, else the model that comes with Parley" };
    private readonly Option<string?> _language = new("--language", "-l") { Description = "Language code such as en; default: detected" };
    private readonly Option<string> _task = new Option<string>("--task") { Description = "What to do with other languages", DefaultValueFactory = _ => "transcribe" }.AcceptOnlyFromAmong("transcribe", "translate");
    private readonly Option<bool> _words = new("--word-timestamps") { Description = "Time every word" };
    private readonly Option<int?> _beam = new("--beam") { Description = "Sequences searched side by side; 1 is greedy", HelpName = "N" };
    private readonly Option<double?> _patience = new("--patience") { Description = "End the beam search with so many times the beam size of ended sequences", HelpName = "X" };
    private readonly Option<int?> _bestOf = new("--best-of") { Description = "Draws above temperature 0, of which the likeliest wins (5)", HelpName = "N" };
    private readonly Option<double?> _lengthPenalty = new("--length-penalty") { Description = "Google's alpha, 0 to 1, by which draws and beams are ranked; default: by mean log-probability", HelpName = "X" };
    private readonly Option<string[]> _temperature = new("--temperature") { Description = "Tried in order until a result passes the guards (0,0.2,0.4,0.6,0.8,1)", HelpName = "LIST" };
    private readonly Option<int?> _seed = new("--seed") { Description = "Of the draws above temperature 0 (0)", HelpName = "N" };
    private readonly Option<string?> _prompt = new("--prompt") { Description = "Text shown before the first window: names, spelling, style", HelpName = "TEXT" };
    private readonly Option<bool> _carryPrompt = new("--carry-prompt") { Description = "Show the prompt before every window" };
    private readonly Option<int> _batch = new("--batch") { Description = "Windows decoded together; above 1 the recording is cut at silences", DefaultValueFactory = _ => 1, HelpName = "N" };
    private readonly Option<string?> _vad = new("--vad") { Description = "Speech detector: none, energy, or a file or folder with the Silero network; default: only recordings without any speech are left out", HelpName = "none|energy|PATH" };
    private readonly Option<string?> _precision = new Option<string?>("--precision") { Description = "Format of the weight matrices; default: as stored" }.AcceptOnlyFromAmong(Choices.Precisions);
    private readonly Option<int?> _threads = new("--threads") { Description = "Cores to use; default: all", HelpName = "N" };
    private readonly Option<bool> _noTimestamps = new("--no-timestamps") { Description = "Decode without time stamps; a window is one segment" };
    private readonly Option<string?> _condition = new Option<string?>("--condition-on-previous") { Description = "Show the model the text so far (on)" }.AcceptOnlyFromAmong("on", "off");
    private readonly Option<double?> _hallucination = new("--hallucination-silence") { Description = "With word times: skip longer silences around unlikely words", HelpName = "SECONDS" };
    private readonly Option<string?> _clip = new("--clip") { Description = "Stretches to transcribe, in seconds: 10-20,30-", HelpName = "LIST" };

    private readonly LanguageOptions _languageOptions = new();

    /// <summary>Adds all of them to a command.</summary>
    public void AddTo(Command command)
    {
        Option[] all = [_model, _language, _task, _words, _beam, _patience, _bestOf, _lengthPenalty, _temperature, _seed, _prompt, _carryPrompt, _batch, _vad, _precision, _threads, _noTimestamps, _condition, _hallucination, _clip];
        foreach (var option in all)
        {
            command.Add(option);
        }

        _languageOptions.AddTo(command);
    }

    /// <summary>Whether words are to be timed.</summary>
    public bool TimesWords(ParseResult parse) => parse.GetValue(_words);

    /// <summary>Finds and opens the model, and reads how to use it.</summary>
    public async Task<(SpeechRecognizer Recognizer, TranscriptionOptions Options)> LoadAsync(ParseResult parse, Terminal terminal, CancellationToken cancel)
    {
        if (parse.GetValue(_threads) is { } threads and (< 1 or > 1024))
        {
            throw new ArgumentException($"--threads {threads} must be 1 to 1024");
        }

        // What is wrong on the command line is said before anything is fetched or opened.
        _ = Read(parse, new ModelDefaults());
        var path = await ModelSource.ResolveAsync(parse.GetValue(_model), terminal, cancel).ConfigureAwait(false);
        var defaults = ModelDefaults.Read(path);
        var options = Read(parse, defaults) with { Detector = Choices.Detector(parse.GetValue(_vad)), SkipSpeechless = parse.GetValue(_vad) != "none" };
        options.Validate();
        var recognizer = SpeechRecognizer.Load(path, Choices.Precision(parse.GetValue(_precision)), parse.GetValue(_threads));
        try
        {
            return (recognizer, _languageOptions.Apply(parse, terminal, recognizer.ModelType, defaults, options, parse.GetValue(_beam)));
        }
        catch
        {
            recognizer.Dispose();
            throw;
        }
    }

    private TranscriptionOptions Read(ParseResult parse, ModelDefaults model)
    {
        var batch = parse.GetValue(_batch);
        if (batch > 1 && parse.GetValue(_vad) == "none")
        {
            throw new ArgumentException("--batch above 1 cuts the recording at silences and needs a detector: leave --vad out, or give energy or a Silero file");
        }

        var words = parse.GetValue(_words);
        var defaults = new WhisperOptions();
        var whisper = defaults with
        {
            Language = parse.GetValue(_language) ?? model.Language,
            Translate = parse.GetValue(_task) == "translate",
            Timestamps = !parse.GetValue(_noTimestamps) && (model.Timestamps ?? true),
            Temperatures = Choices.Numbers("--temperature", parse.GetValue(_temperature)),
            BeamSize = Math.Min(parse.GetValue(_beam) ?? defaults.BeamSize, LanguageOptions.WhisperBeam),
            Patience = parse.GetValue(_patience) ?? defaults.Patience,
            BestOf = parse.GetValue(_bestOf) ?? defaults.BestOf,
            LengthPenalty = parse.GetValue(_lengthPenalty),
            Seed = parse.GetValue(_seed) ?? defaults.Seed,
            ConditionOnPreviousText = (parse.GetValue(_condition) ?? (model.ConditionOnPrevious == false ? "off" : "on")) == "on",
            InitialPrompt = parse.GetValue(_prompt),
            CarryInitialPrompt = parse.GetValue(_carryPrompt),
            HallucinationSilence = parse.GetValue(_hallucination),
            Clips = Choices.Clips(parse.GetValue(_clip)),
            WordTimestamps = words && parse.GetValue(_hallucination) is not null,
        };

        // Models without Whisper's settings take none, so they are given only when one was asked for.
        var options = new TranscriptionOptions(whisper == defaults ? null : whisper, batch, WordTimestamps: words);
        options.Validate();
        return options;
    }
}
