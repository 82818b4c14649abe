using Parley.TestSupport;

namespace Parley.Audio.Tests;

/// <summary>The fixture of torchaudio's transforms.</summary>
internal static class Transforms
{
    private static readonly TensorFile Inputs = new(Path.Combine(Goldens.Folder("audio_transforms"), "inputs.safetensors"));
    private static readonly TensorFile Expected = new(Path.Combine(Goldens.Folder("audio_transforms"), "expected.safetensors"));

    public static float[] Input(string name) => Inputs.Floats(name);

    /// <summary>One of the two 16 kHz clips [4000].</summary>
    public static float[] Clip(int index) => Inputs.Floats("x16")[(4000 * index)..(4000 * (index + 1))];

    public static float[] Floats(string name) => Expected.Floats(name);

    public static long[] Integers(string name) => Expected.Integers(name);

    public static void Close(string name, ReadOnlySpan<float> actual, float absolute) =>
        Expect.Close(actual, Expected.Floats(name), 1e-4f, absolute, name);
}
