namespace Parley.Hub;

/// <summary>A model could not be had from the hub; the message says why and what to do.</summary>
public sealed class HubException : IOException
{
    /// <summary>An error with its one-line message.</summary>
    public HubException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its one-line message and what led to it.</summary>
    public HubException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>An error without a message.</summary>
    public HubException()
    {
    }
}
