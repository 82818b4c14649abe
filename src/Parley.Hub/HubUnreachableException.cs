using System.Net;

namespace Parley.Hub;

/// <summary>The hub did not answer, or not usefully; a cached model may serve instead.</summary>
internal sealed class HubUnreachableException(string message, Exception? inner) : IOException(message, inner)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    public bool IsTransient { get; private init; } = true;

    /// <summary>Whether there was not even a connection: no such host, or nobody listens. Waiting rarely helps.</summary>
    public bool IsConnection { get; init; }

    public TimeSpan? RetryAfter { get; private init; }

    public static HubUnreachableException From(HttpResponseMessage response) =>
        new($"{response.RequestMessage?.RequestUri?.Host} answers {(int)response.StatusCode} {HubNames.Shown(response.ReasonPhrase ?? "")}".TrimEnd(), null)
        {
            IsTransient = response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)response.StatusCode >= 500,
            RetryAfter = Wait(response),
        };

    /// <summary>The wait a server asks for, at most a minute.</summary>
    public static TimeSpan? Wait(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter;
        var wait = asked?.Delta ?? (asked?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
        return wait is null ? null : TimeSpan.FromTicks(Math.Clamp(wait.Value.Ticks, 0, LongestWait.Ticks));
    }
}
