using System.Diagnostics;
using Parley.Models;

namespace Parley.Training;

/// <summary>
/// Trains an HMM-GMM: its steps are passes of Baum-Welch over all recordings, its loss is −ln P of a frame. Folder, metrics and messages are those of
/// the other families.
/// </summary>
public sealed class HmmGmmRun : ITrainingRun
{
    private readonly TrainingConfig _config;
    private readonly HmmGmmTrainingOptions _options;
    private readonly ITrainingObserver _observer;
    private readonly TrainingData _data;
    private readonly HmmGmmCheckpoints _checkpoints;

    /// <summary>Checks settings and data before any compute is spent.</summary>
    /// <exception cref="InvalidDataException">A setting, a recording or a text cannot be used; says which line.</exception>
    public HmmGmmRun(TrainingConfig config, ITrainingObserver observer)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(observer);
        (_config, _observer, _options) = (config, observer, HmmGmmSettings.Read(config));
        _data = TrainingData.Load(config, Check, observer);
        _checkpoints = new HmmGmmCheckpoints(Path.Combine(config.Output, "checkpoints"), config.KeepCheckpoints);
    }

    /// <inheritdoc/>
    public string ModelFolder => Path.Combine(_config.Output, "model");

    /// <inheritdoc/>
    public void Run(bool resume, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(_config.Output);
        var newest = _checkpoints.Newest();
        if (!resume && newest is not null)
        {
            throw new IOException($"{_config.Output}: there is a run already; --resume goes on with it, another \"output\" starts a new one");
        }

        var (state, model) = newest ?? (new RunState(), null);
        if (newest is not null)
        {
            _observer.Told($"resumed after pass {state.Step}");
        }

        File.WriteAllText(Path.Combine(_config.Output, "config.json"), ConfigFile.Write(_config));
        using var log = new MetricsLog(Path.Combine(_config.Output, "metrics.jsonl"), state.MetricsLength);
        if (state.Step >= _config.Steps)
        {
            return;
        }

        var (clock, seconds, first) = (Stopwatch.StartNew(), _data.Train.Sum(e => e.Duration!.Value), state.Step);
        var utterances = _data.Train.Select(e => new HmmGmmUtterance(e.Where, e.Text, () => ExampleLoader.Read(e, HmmGmmConfig.SampleRate, CancellationToken.None)));
        HmmGmmTrainer.Train(utterances, _options, Passed, model is null ? null : ((int)state.Step, model), workers: null, cancel);

        void Passed(HmmGmmProgress pass, HmmGmm now, HmmGmm next)
        {
            if (pass.LeftOut.Count > 0 && state.Step == first)
            {
                _observer.Told($"{pass.LeftOut.Count} recordings are too short for their words and are left out, such as {pass.LeftOut[0]}");
            }

            state = state with { Step = pass.Iteration, Epoch = pass.Iteration, AudioSeconds = state.AudioSeconds + seconds };
            var each = clock.Elapsed.TotalSeconds / (state.Step - first);
            var report = new StepReport(state.Step, pass.Iteration - 1, -pass.LogLikelihood, 0, 0, seconds, seconds / each, TimeSpan.FromSeconds(each * (_config.Steps - state.Step)));
            log.Write(report);
            _observer.Stepped(report);
            var isLast = state.Step == _config.Steps;
            if (isLast || state.Step % _config.ValidateEvery == 0)
            {
                // Not called off: what a resumed run measures, it measures at the same passes.
                state = Validate(state, now, log);
            }

            if (isLast || cancel.IsCancellationRequested || state.Step % _config.CheckpointEvery == 0)
            {
                state = state with { MetricsLength = log.Flush() };
                _checkpoints.Save(state, next);
            }

            if (cancel.IsCancellationRequested && !isLast)
            {
                _observer.Told($"stopped after pass {state.Step}; --resume goes on from here");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Check(string text)
    {
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (_options.Units != HmmUnitKind.Words && _options.Dictionary![word].Count == 0)
            {
                throw new InvalidDataException($"the dictionary has no pronunciation of \"{word}\"");
            }
        }
    }

    private RunState Validate(RunState state, HmmGmm model, MetricsLog log)
    {
        foreach (var (index, (manifest, entries)) in _data.Validation.Index())
        {
            var report = Validation.Run(s => model.Recognize(model.Features(s.Span)).Text, HmmGmmConfig.SampleRate, manifest, entries, state.Step, new SingleProcess(), CancellationToken.None);
            if (index == 0 && !(report.WordErrorRate >= (state.BestScore ?? double.PositiveInfinity)))
            {
                report = report with { IsBest = true };
                state = state with { BestScore = report.WordErrorRate };
                model.Save(ModelFolder);
            }

            log.Write(report);
            _observer.Validated(report);
        }

        if (_data.Validation.Count == 0 && state.Step == _config.Steps)
        {
            model.Save(ModelFolder);
        }

        return state;
    }
}
