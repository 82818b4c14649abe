using System.Text.Json;
using System.Text.Json.Serialization;

namespace Parley.Training;

/// <summary>Where a run is, beside its tensors: enough to go on bit by bit.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Epoch">Of the next batch.</param>
/// <param name="Batch">Next batch within the epoch.</param>
/// <param name="BestScore">Lowest word error rate so far; null: none measured.</param>
/// <param name="RateScale">What waiting on a plateau has made of the learning rate.</param>
/// <param name="PlateauBest">Lowest measure the plateau has seen; null: none.</param>
/// <param name="PlateauWaited">Measurements since.</param>
/// <param name="LossAverage">Running average of the loss; null: no step yet.</param>
/// <param name="LossLowest">Lowest it has been.</param>
/// <param name="AudioSeconds">Audio heard so far.</param>
/// <param name="MetricsLength">Bytes of metrics.jsonl that belong to these steps.</param>
internal sealed record RunState(
    long Step = 0,
    int Epoch = 0,
    int Batch = 0,
    double? BestScore = null,
    double RateScale = 1,
    double? PlateauBest = null,
    int PlateauWaited = 0,
    double? LossAverage = null,
    double? LossLowest = null,
    double AudioSeconds = 0,
    long MetricsLength = 0)
{
    internal string ToJson() => JsonSerializer.Serialize(this, RunJson.Default.RunState);

    internal static RunState FromJson(string json) => JsonSerializer.Deserialize(json, RunJson.Default.RunState) ?? throw new JsonException("null");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(RunState))]
internal sealed partial class RunJson : JsonSerializerContext;
