using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Models.Tests;

public sealed class WhisperGoldenTests
{
    [Theory]
    [InlineData("whisper_80")]
    [InlineData("whisper_128")]
    [InlineData("whisper_alignment")]
    public void Every_layer_search_and_time_equals_the_reference(string golden)
    {
        foreach (var backend in new[] { Backend.Default, Backend.Reference })
        {
            var rows = FixtureRunner.Run(Goldens.Folder(golden), backend);
            Assert.All(rows, r => Assert.True(
                r.Ok,
                $"{golden} {r.Name}: {r.Verdict}, error {r.MaxError:g3} of {r.Tolerance:g3}; {r.Detail}"));
        }
    }
}
