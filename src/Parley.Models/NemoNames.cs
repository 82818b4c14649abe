namespace Parley.Models;

/// <summary>NeMo's names for a Conformer's parameters, in the Hugging Face names that the model asks for.</summary>
internal static class NemoNames
{
    private static readonly (string Nemo, string Name)[] Parts =
    [
        ("encoder.pre_encode.conv.", "encoder.subsampling.layers."), ("encoder.pre_encode.out.", "encoder.subsampling.linear."),
        (".linear_q.", ".q_proj."), (".linear_k.", ".k_proj."), (".linear_v.", ".v_proj."), (".linear_out.", ".o_proj."), (".linear_pos.", ".relative_k_proj."),
        (".pos_bias_u", ".bias_u"), (".pos_bias_v", ".bias_v"), (".conv.batch_norm.", ".conv.norm."),
    ];

    /// <summary>One name; what is the same in both stays.</summary>
    public static string ToOurs(string name)
    {
        const string head = "decoder.decoder_layers.0.";
        name = name.StartsWith(head, StringComparison.Ordinal) ? $"ctc_head.{name[head.Length..]}" : name;
        return Parts.Aggregate(name, (n, part) => n.Replace(part.Nemo, part.Name, StringComparison.Ordinal));
    }
}
