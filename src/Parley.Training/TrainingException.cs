namespace Parley.Training;

/// <summary>A run that cannot go on: its numbers are no longer numbers, or its loss runs away. The message names step and utterances.</summary>
public sealed class TrainingException(string message) : InvalidOperationException(message);
