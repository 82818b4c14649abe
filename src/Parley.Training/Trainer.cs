using System.Diagnostics;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Training;

/// <summary>The loop: batches in, steps of the optimiser, validation, checkpoints. Knows no model.</summary>
/// <remarks>
/// All randomness of a step is a function of the seed and the step, of an utterance of seed, epoch and its place in the manifest; a run that is
/// resumed from a checkpoint goes on bit by bit as if it had never stopped.
/// </remarks>
public sealed class Trainer : ITrainingRun
{
    private const double LossMemory = 0.98;
    private const int StepsBeforeAlarm = 100;
    private const int NamedUtterances = 8;

    private readonly TrainingConfig _config;
    private readonly ITrainingTask _task;
    private readonly TrainingData _data;
    private readonly ITrainingObserver _observer;
    private readonly ICollective _processes;
    private readonly Optimizer _optimizer;
    private readonly Schedule _schedule;
    private readonly Plateau? _plateau;
    private readonly WeightAverage? _average;
    private readonly RunCheckpoints _checkpoints;
    private readonly Parameter[] _trained;
    private readonly Tensor[] _buffers;
    private readonly GradientSum _sum;
    private readonly Stopwatch _clock = new();
    private RunState _state = new();
    private long _stepsHere;

    /// <summary>Checks the data before any compute is spent.</summary>
    /// <param name="config">The run.</param>
    /// <param name="task">The model.</param>
    /// <param name="observer">Told how it goes; of several processes the first one's.</param>
    /// <param name="processes">Those that train together, each on every so-manieth batch; null: this one alone.</param>
    /// <exception cref="InvalidDataException">A manifest, a recording or a text cannot be used; says which line.</exception>
    public Trainer(TrainingConfig config, ITrainingTask task, ITrainingObserver observer, ICollective? processes = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(observer);
        (_config, _task, _processes) = (config, task, processes ?? new SingleProcess());
        _observer = IsFirst ? observer : new Silence();
        _trained = [.. task.Parameters.Where(p => p.Tensor is { IsParameter: true })];
        if (_trained.Length == 0)
        {
            throw new InvalidDataException("model.freeze leaves nothing to train");
        }

        _buffers = [.. task.Parameters.Where(p => p.IsBuffer && p.Tensor is not null).Select(p => p.Tensor!)];
        _data = TrainingData.Load(config, text => task.Encode(text), _observer);
        _sum = new GradientSum(_trained);
        _optimizer = Create(config.Optimizer ?? new OptimizerSettings());
        var schedule = config.Schedule ?? new ScheduleSettings();
        _schedule = new Schedule(schedule.Kind, schedule.Rate, schedule.Warmup, config.Steps, schedule.Floor, schedule.Hold, schedule.Dim, schedule.Power);
        _plateau = schedule.Patience > 0 ? new Plateau(patience: schedule.Patience - 1) : null;
        _average = config.Average > 0 ? new WeightAverage(task.Parameters, config.Average) : null;
        _checkpoints = new RunCheckpoints(Path.Combine(config.Output, "checkpoints"), config.KeepCheckpoints);
    }

    /// <inheritdoc/>
    public string ModelFolder => Path.Combine(_config.Output, "model");

    private bool IsFirst => _processes.Rank == 0;

    /// <inheritdoc/>
    public void Run(bool resume, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(_config.Output);
        Begin(resume);
        using var log = IsFirst ? Log() : null;
        using var loader = new ExampleLoader(
            _data.Train, _config, _task, new WaveAugmenter(_config.Augment, _task.SampleRate, cancel), _state.Epoch, _state.Batch, _processes.Rank, _processes.Count);
        _clock.Restart();
        var (heard, saved) = (0.0, _state.Step);
        while (_state.Step < _config.Steps)
        {
            if (AnyAsks(cancel))
            {
                Save(log, ref saved);
                _observer.Told($"stopped after step {_state.Step}; --resume goes on from here");
                throw new OperationCanceledException(cancel);
            }

            var report = Step(loader, ref heard, CancellationToken.None);
            if (_state.Step % _config.LogEvery == 0 || _state.Step == _config.Steps)
            {
                log?.Write(report);
            }

            _observer.Stepped(report);
            if (_state.Step % _config.ValidateEvery == 0 || _state.Step == _config.Steps)
            {
                Validate(log, cancel);
            }

            if (_state.Step % _config.CheckpointEvery == 0 || _state.Step == _config.Steps)
            {
                Save(log, ref saved);
            }
        }

        if (_data.Validation.Count == 0 && IsFirst)
        {
            Export();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _average?.Dispose();
        _sum.Dispose();
    }

    private void Begin(bool resume)
    {
        if (resume && _checkpoints.Restore(_task.Parameters, _optimizer, _average) is { } state)
        {
            _state = state;
            _plateau?.Restore(state.RateScale, state.PlateauBest ?? double.PositiveInfinity, state.PlateauWaited);
            _observer.Told($"resumed after step {state.Step}");
        }
        else if (!resume && _checkpoints.Steps().Count > 0)
        {
            throw new IOException($"{_config.Output}: there is a run already; --resume goes on with it, another \"output\" starts a new one");
        }

        if (IsFirst)
        {
            RunCheckpoints.Clean(Path.Combine(_config.Output, "checkpoints"));
            RunCheckpoints.Clean(ModelFolder);
        }
    }

    private MetricsLog Log()
    {
        File.WriteAllText(Path.Combine(_config.Output, "config.json"), ConfigFile.Write(_config));
        return new MetricsLog(Path.Combine(_config.Output, "metrics.jsonl"), _state.MetricsLength);
    }

    // Processes stop after the same step, whichever of them was asked.
    private bool AnyAsks(CancellationToken cancel)
    {
        Span<double> asked = [cancel.IsCancellationRequested ? 1 : 0];
        _processes.Sum(asked);
        return asked[0] > 0;
    }

    private StepReport Step(ExampleLoader loader, ref double heard, CancellationToken cancel)
    {
        using var scope = new TensorScope();
        var rate = _schedule.At(_state.Step) * (_plateau?.Scale ?? 1);
        _sum.Clear();
        var (seconds, epoch, utterances) = (0.0, _state.Epoch, new List<string>());
        var turns = _config.Accumulate * _processes.Count;
        for (var i = 0; i < turns; i++)
        {
            var batch = loader.Next(cancel);
            var seed = TrainingPass.Seed((ulong)_config.Seed, (ulong)((_state.Step * turns) + i));
            utterances.AddRange(batch.Examples.Select(e => e.Where));
            if (i % _processes.Count == _processes.Rank)
            {
                Accumulate(batch, seed);
            }

            (seconds, epoch) = (seconds + batch.Seconds, batch.Epoch);
            _state = _state with { Epoch = batch.IsLast ? batch.Epoch + 1 : batch.Epoch, Batch = batch.IsLast ? 0 : batch.Index + 1 };
        }

        seconds = _sum.Share(_processes, seconds);
        ShareBuffers();
        var (loss, trained) = _sum.Mean(IsMatrix);
        var clip = (_config.Optimizer ?? new OptimizerSettings()).Clip;
        var norm = clip > 0 ? GradientNorm.Clip(trained, clip) : GradientNorm.Of(trained);
        Watch(loss, norm, utterances);
        _optimizer.Step(trained, rate);
        heard += seconds;
        _state = _state with { Step = _state.Step + 1, AudioSeconds = _state.AudioSeconds + seconds };
        _average?.Add(_state.Step);
        var each = _clock.Elapsed.TotalSeconds / ++_stepsHere;
        return new StepReport(
            _state.Step, epoch, loss, rate, norm, seconds, heard / _clock.Elapsed.TotalSeconds, TimeSpan.FromSeconds(each * (_config.Steps - _state.Step)));
    }

    private void Accumulate(PreparedBatch batch, ulong seed)
    {
        using var scope = new TensorScope();
        var (mean, weight) = _task.Loss(batch.Examples, new TrainingPass(seed));
        var value = mean.Scalar;
        if (!float.IsFinite(value))
        {
            throw new TrainingException($"step {_state.Step + 1}: the loss is {value} on {Names([.. batch.Examples.Select(e => e.Where)])}; look at these recordings, or lower schedule.rate");
        }

        _sum.Add(mean, value, weight);
    }

    // Running statistics are those of the batches that a process has seen: all go on with the mean of them.
    private void ShareBuffers()
    {
        for (var i = 0; i < _buffers.Length && _processes.Count > 1; i++)
        {
            Tensor.Update([_buffers[i]], p =>
            {
                _processes.Sum(p[0]);
                foreach (ref var value in p[0])
                {
                    value /= _processes.Count;
                }
            });
        }
    }

    /// <summary>Stops on gradients that are no numbers and on a loss that runs away.</summary>
    private void Watch(double loss, double norm, IReadOnlyList<string> utterances)
    {
        if (!double.IsFinite(norm))
        {
            throw new TrainingException($"step {_state.Step + 1}: the gradient is {norm} on {Names(utterances)}; look at these recordings, or lower schedule.rate");
        }

        var average = _state.LossAverage is { } old ? (LossMemory * old) + ((1 - LossMemory) * loss) : loss;
        var lowest = Math.Min(_state.LossLowest ?? average, average);
        _state = _state with { LossAverage = average, LossLowest = lowest };
        if (_config.DivergedAt > 0 && _state.Step > StepsBeforeAlarm && average > _config.DivergedAt * Math.Max(lowest, 0.05))
        {
            throw new TrainingException(
                $"step {_state.Step + 1}: the loss has risen from {lowest:0.###} to {average:0.###} (divergedAt {_config.DivergedAt}); last batch: {Names(utterances)}; lower schedule.rate and resume");
        }
    }

    private void Validate(MetricsLog? log, CancellationToken cancel)
    {
        if (_data.Validation.Count == 0)
        {
            return;
        }

        _average?.Swap();
        try
        {
            foreach (var (index, (manifest, entries)) in _data.Validation.Index())
            {
                // A process that stopped here would leave the others waiting.
                var report = Validation.Run(_task.Transcribe, _task.SampleRate, manifest, entries, _state.Step, _processes, _processes.Count == 1 ? cancel : CancellationToken.None);
                if (index == 0)
                {
                    var isBest = !(report.WordErrorRate >= (_state.BestScore ?? double.PositiveInfinity));
                    report = report with { IsBest = isBest };
                    _plateau?.Observe(report.WordErrorRate);
                    _state = _state with { BestScore = isBest ? report.WordErrorRate : _state.BestScore };
                    if (isBest && IsFirst)
                    {
                        _task.Save(ModelFolder);
                    }
                }

                log?.Write(report);
                _observer.Validated(report);
            }
        }
        finally
        {
            _average?.Swap();
        }
    }

    private void Export()
    {
        _average?.Swap();
        _task.Save(ModelFolder);
        _average?.Swap();
    }

    private void Save(MetricsLog? log, ref long saved)
    {
        if (log is null || (saved == _state.Step && _state.Step > 0))
        {
            return;
        }

        _state = _state with
        {
            MetricsLength = log.Flush(),
            RateScale = _plateau?.Scale ?? 1,
            PlateauBest = _plateau is { Best: < double.PositiveInfinity } ? _plateau.Best : null,
            PlateauWaited = _plateau?.Waited ?? 0,
        };
        _checkpoints.Save(_state, _task.Parameters, _optimizer, _average);
        saved = _state.Step;
    }

    private static bool IsMatrix(Parameter parameter) => parameter.Shape.Rank >= 2;

    private static string Names(IReadOnlyList<string> utterances) =>
        string.Join(", ", utterances.Take(NamedUtterances)) + (utterances.Count > NamedUtterances ? $" and {utterances.Count - NamedUtterances} more" : "");

    private static Optimizer Create(OptimizerSettings o) => o.Kind switch
    {
        OptimizerKind.AdamW => new Adam(o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay),
        OptimizerKind.Adam => new Adam(o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay, decoupled: false),
        OptimizerKind.Sgd => new Sgd(o.Beta1, o.Nesterov, o.WeightDecay),
        OptimizerKind.NovoGrad => new NovoGrad(o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay),
        _ => throw new InvalidOperationException($"unknown optimiser {o.Kind}"),
    };
    private sealed class Silence : ITrainingObserver
    {
        public void Stepped(StepReport report)
        {
        }

        public void Validated(ValidationReport report)
        {
        }

        public void Told(string message)
        {
        }
    }
}
