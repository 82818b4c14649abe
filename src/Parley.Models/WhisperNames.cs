using System.Text.RegularExpressions;

namespace Parley.Models;

/// <summary>OpenAI's names for Whisper's parameters, in the Hugging Face names that the model asks for.</summary>
internal static partial class WhisperNames
{
    private static readonly (string OpenAi, string Name)[] Parts =
    [
        (".cross_attn_ln.", ".encoder_attn_layer_norm."), (".attn_ln.", ".self_attn_layer_norm."), (".mlp_ln.", ".final_layer_norm."),
        (".cross_attn.", ".encoder_attn."), (".attn.", ".self_attn."),
        (".query.", ".q_proj."), (".key.", ".k_proj."), (".value.", ".v_proj."), (".out.", ".out_proj."),
        (".mlp.0.", ".fc1."), (".mlp.2.", ".fc2."),
    ];

    /// <summary>One name; what is already in the other form stays as it is.</summary>
    public static string FromOpenAi(string name)
    {
        name = name switch
        {
            "encoder.positional_embedding" => "encoder.embed_positions.weight",
            "decoder.positional_embedding" => "decoder.embed_positions.weight",
            "decoder.token_embedding.weight" => "decoder.embed_tokens.weight",
            _ => name,
        };
        name = Block().Replace(name, "$1.layers.$2.");
        name = FinalNorm().Replace(name, "$1.layer_norm.");
        foreach (var (theirs, ours) in Parts)
        {
            name = name.Replace(theirs, ours, StringComparison.Ordinal);
        }

        return "model." + name;
    }

    [GeneratedRegex(@"^(encoder|decoder)\.blocks\.(\d+)\.")]
    private static partial Regex Block();

    [GeneratedRegex(@"^(encoder|decoder)\.ln(?:_post)?\.")]
    private static partial Regex FinalNorm();
}
