using Parley.Tensors;
using Parley.TestSupport;
using Xunit;

namespace Parley.Models.Tests;

public sealed class Wav2Vec2GoldenTests
{
    public static TheoryData<string> Folders =>
        ["wav2vec2_base_ctc", "wav2vec2_large_ctc", "hubert_base_ctc", "hubert_large_ctc", "wavlm_base_ctc", "wav2vec2_conformer_relative", "wav2vec2_conformer_rotary"];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_layer_equals_the_reference(string name) => Check(name, Backend.Default);

    [Theory]
    [MemberData(nameof(Folders))]
    public void So_it_does_on_the_reference_backend(string name) => Check(name, Backend.Reference);

    private static void Check(string name, Backend backend)
    {
        var rows = FixtureRunner.Run(Goldens.Folder(name), backend);
        Assert.NotEmpty(rows);
        Assert.Equal("", string.Join("\n", rows.Where(r => !r.Ok).Select(r => $"{r.Name}: {r.Detail}")));
    }
}
