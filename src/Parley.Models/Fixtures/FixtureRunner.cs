using System.Text.Json;
using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>Compares Parley with a reference implementation, tensor by tensor, on a fixture folder.</summary>
/// <remarks>Nothing about a fixture is known beforehand: sizes, lengths, ids and tolerances are read from the folder, the model from its <c>config.json</c>.</remarks>
public static class FixtureRunner
{
    /// <summary>Computes every expected tensor that Parley can and compares it.</summary>
    /// <param name="folder">Holds fixture.json, inputs.safetensors, expected.safetensors and the model, if there is one.</param>
    /// <param name="backend">What computes; null: <see cref="Backend.Default"/>.</param>
    /// <returns>A row for each expected tensor, in the order of fixture.json; for a folder with cases.json a row for each kind of case.</returns>
    public static IReadOnlyList<FixtureRow> Run(string folder, Backend? backend = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (new ModelFolder(folder).Has("cases.json"))
        {
            return CasesFixture.Run(new ModelFolder(folder));
        }

        using var fixture = Fixture.Open(folder);
        var results = new FixtureResults();
        using (new TensorScope())
        {
            Compute(fixture, results, backend ?? Backend.Default);
        }

        return [.. fixture.Expected.Select(results.Compare)];
    }

    private static void Compute(Fixture fixture, FixtureResults results, Backend backend)
    {
        using var config = fixture.Model.JsonOrNull("config.json");
        var type = config is not null && config.RootElement.TryGetProperty("model_type", out var t) && t.ValueKind == JsonValueKind.String ? t.GetString() : null;
        switch (type)
        {
            case "wav2vec2" or "hubert" or "wavlm" or "wav2vec2-conformer":
                Wav2Vec2Fixture.Compute(fixture, config!.RootElement, results, backend);
                break;
            case "parakeet_ctc":
                ConformerFixture.Compute(fixture, config!.RootElement, results, backend);
                break;
            case null when ConformerFixture.IsTorchaudio(config?.RootElement):
                ConformerFixture.Torchaudio(fixture, config!.RootElement, results, backend);
                break;
            case "whisper" when fixture.Inputs.Tensors.ContainsKey("dtw_cost"):
                WhisperAlignmentFixture.Compute(fixture, config!.RootElement, results, backend);
                break;
            case "whisper":
                WhisperFixture.Compute(fixture, config!.RootElement, results, backend);
                break;
            case null when RecurrentFixture.Fits(config?.RootElement):
                RecurrentFixture.Compute(fixture, config!.RootElement, results, backend);
                break;
            case null when WhisperFeaturesFixture.Fits(fixture):
                WhisperFeaturesFixture.Compute(fixture, results);
                break;
            case null when AudioTransformsFixture.Fits(fixture):
                AudioTransformsFixture.Compute(fixture, results);
                break;
            case null when TorchOpsFixture.Fits(fixture):
                TorchOpsFixture.Compute(fixture, results, backend);
                break;
            case null when CtcLossFixture.Fits(fixture):
                CtcLossFixture.Compute(fixture, results, backend);
                break;
            case null:
                results.CannotCompute("", "the folder does not say what to run: no config.json with a model_type, no recurrent layer, no Whisper preprocessor_config.json, no operations, sounds or CTC loss");
                break;
            default:
                results.CannotCompute("", $"no runner for model_type \"{type}\"");
                break;
        }
    }
}
