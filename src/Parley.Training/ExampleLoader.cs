using Parley.Audio;
using Parley.Nn;

namespace Parley.Training;

/// <summary>A batch, ready for the model.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Index">Within the epoch.</param>
/// <param name="IsLast">Of its epoch.</param>
/// <param name="Examples">Utterances; none when the batch is another process's.</param>
/// <param name="Seconds">Their audio, without padding.</param>
public sealed record PreparedBatch(int Epoch, int Index, bool IsLast, IReadOnlyList<TrainingExample> Examples, double Seconds);

/// <summary>Decodes, varies and prepares utterances in the background, in the order of the epoch plans and some batches ahead.</summary>
internal sealed class ExampleLoader : IDisposable
{
    private readonly IReadOnlyList<ManifestEntry> _entries;
    private readonly double[] _seconds;
    private readonly TrainingConfig _config;
    private readonly ITrainingTask _task;
    private readonly WaveAugmenter _augmenter;
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<Task<PreparedBatch>> _ahead = new();
    private IReadOnlyList<int[]> _plan = [];
    private int _epoch;
    private readonly int _rank;
    private readonly int _processes;
    private int _index;
    private int _turn;

    internal ExampleLoader(
        IReadOnlyList<ManifestEntry> entries, TrainingConfig config, ITrainingTask task, WaveAugmenter augmenter, int epoch, int index, int rank = 0, int processes = 1)
    {
        (_entries, _config, _task, _augmenter, _epoch, _index, _rank, _processes) = (entries, config, task, augmenter, epoch, index, rank, processes);
        _seconds = [.. entries.Select(e => e.Duration!.Value)];
        _plan = Plan(epoch);
    }

    /// <summary>Waits for the next batch; processes take them in turns.</summary>
    internal PreparedBatch Next(CancellationToken cancel)
    {
        while (_ahead.Count < Math.Max(1, _config.Data.Prefetch) * _processes)
        {
            Enqueue();
        }

        var task = _ahead.Dequeue();
        task.Wait(cancel);
        return task.Result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var task in _ahead)
        {
            // Nobody waits for these any more; what went wrong in them is of no interest.
            task.ContinueWith(t => t.Exception, TaskScheduler.Default);
        }

        _ahead.Clear();
    }

    private IReadOnlyList<int[]> Plan(int epoch) =>
        EpochPlan.Batches(_seconds, _config.Data.BatchSeconds, (ulong)_config.Seed, epoch, sorted: epoch == 0 && _config.Data.SortFirstEpoch);

    private void Enqueue()
    {
        if (_index >= _plan.Count)
        {
            (_epoch, _index) = (_epoch + 1, 0);
            _plan = Plan(_epoch);
        }

        var (epoch, index, isLast, chosen) = (_epoch, _index, _index == _plan.Count - 1, _plan[_index]);
        _index++;
        var isMine = _turn == _rank;
        _turn = (_turn + 1) % _processes;
        _ahead.Enqueue(isMine ? Task.Run(() => Prepare(epoch, index, isLast, chosen), _stop.Token) : Task.FromResult(new PreparedBatch(epoch, index, isLast, [], Seconds: 0)));
    }

    private PreparedBatch Prepare(int epoch, int index, bool isLast, int[] chosen)
    {
        var examples = new TrainingExample[chosen.Length];
        var seconds = 0.0;
        for (var i = 0; i < chosen.Length; i++)
        {
            _stop.Token.ThrowIfCancellationRequested();
            var entry = _entries[chosen[i]];
            var samples = Read(entry, _task.SampleRate, _stop.Token);
            var random = new TrainingPass(TrainingPass.Seed(TrainingPass.Seed((ulong)_config.Seed, (ulong)epoch + 1), (ulong)chosen[i]));
            var varied = _augmenter.Apply(samples.Span, _task.SampleRate, random);
            seconds += (double)varied.Length / _task.SampleRate;
            examples[i] = _task.Prepare(entry.Where, varied, _task.Encode(entry.Text), random);
        }

        return new PreparedBatch(epoch, index, isLast, examples, seconds);
    }

    internal static ReadOnlyMemory<float> Read(ManifestEntry entry, int rate, CancellationToken cancel)
    {
        try
        {
            var samples = entry.Cut(AudioFile.LoadMonoStrict(entry.Audio, rate, cancel), rate);
            return samples.Length > 0 ? samples : throw new InvalidDataException($"{entry.Audio}: there is no sound in it");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException && !e.Message.StartsWith(entry.Manifest, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{entry.Where}: {e.Message}", e);
        }
    }
}
