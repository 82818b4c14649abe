using Parley.Audio;

namespace Parley.Training.Tests;

/// <summary>A folder with tones, a manifest and room for runs.</summary>
internal sealed class ToyData : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-train-");

    internal ToyData(int utterances = 40)
    {
        var random = new Random(7);
        var lines = new List<string>();
        for (var i = 0; i < utterances; i++)
        {
            var (high, length) = (i % 2 == 1, 800 + (40 * random.Next(20)));
            var pitch = high ? 1200 + random.Next(800) : 150 + random.Next(400);
            var samples = new float[length];
            for (var t = 0; t < length; t++)
            {
                samples[t] = (float)((0.3 * Math.Sin(2 * Math.PI * pitch * t / 8000)) + (0.05 * (random.NextDouble() - 0.5)));
            }

            WavFile.Write(Path($"{i}.wav"), samples, 8000);
            lines.Add(FormattableString.Invariant($$"""{"audio_filepath": "{{i}}.wav", "text": "{{(high ? "high" : "low")}}", "duration": {{length / 8000.0}}}"""));
        }

        File.WriteAllLines(Manifest, lines);
    }

    internal string Manifest => Path("train.jsonl");

    internal string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    internal TrainingConfig Config(string run, int steps = 30) => new(
        new ModelSettings("toy"),
        new DataSettings([Manifest], [Manifest], BatchSeconds: 1),
        Path(run),
        steps,
        new OptimizerSettings(WeightDecay: 0.01f),
        new ScheduleSettings(Rate: 1e-2, Warmup: 3),
        new AugmentSettings(Speeds: [0.95, 1, 1.05], Gain: [-6, 6]),
        Average: 0.9f,
        ValidateEvery: 15,
        CheckpointEvery: 4,
        LogEvery: 1);

    public void Dispose() => _folder.Delete(recursive: true);
}
