namespace Parley.Hub;

/// <summary>How far a download is.</summary>
/// <param name="File">The file being fetched.</param>
/// <param name="DoneBytes">Bytes of the whole snapshot that are here.</param>
/// <param name="TotalBytes">Bytes of the whole snapshot.</param>
public sealed record HubProgress(string File, long DoneBytes, long TotalBytes);
