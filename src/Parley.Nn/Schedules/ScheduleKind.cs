using System.Text.Json.Serialization;

namespace Parley.Nn;

/// <summary>Courses of a learning rate after its rise.</summary>
public enum ScheduleKind
{
    /// <summary>The highest rate to the end.</summary>
    [JsonStringEnumMemberName("constant")]
    Constant,

    /// <summary>Straight down to 0 at the last step.</summary>
    [JsonStringEnumMemberName("linear")]
    Linear,

    /// <summary>Half a cosine down to the floor.</summary>
    [JsonStringEnumMemberName("cosine")]
    Cosine,

    /// <summary>Falls as 1/√step.</summary>
    [JsonStringEnumMemberName("inverse-sqrt")]
    InverseSquareRoot,

    /// <summary>Falls as a power of what is left.</summary>
    [JsonStringEnumMemberName("polynomial")]
    Polynomial,

    /// <summary>The Transformer's: factor · dim^−½ · min(step^−½, step · warmup^−1.5).</summary>
    [JsonStringEnumMemberName("noam")]
    Noam,

    /// <summary>Rise, hold, exponential fall.</summary>
    [JsonStringEnumMemberName("tri-stage")]
    TriStage,
}
