namespace Parley.Models;

/// <summary>NeMo's names for a Conformer's parameters, in the Hugging Face names that the model asks for.</summary>
internal static class NemoNames
{
    private static readonly (string Nemo, string Name)[] Parts =
    [
        ("encoder.pre_encode.conv.", "encoder.subsampling.layers."), ("encoder.pre_encode.out.", "encoder.subsampling.linear."),
        (".linear_q.", ".q_proj."), (".linear_k.", ".k_proj."), (".linear_v.", ".v_proj."), (".linear_out.", ".o_proj."), (".linear_pos.", ".relative_k_proj."),
        (".pos_bias_u", ".bias_u"), (".pos_bias_v", ".bias_v"), (".conv.batch_norm.", ".conv.norm."),
        ("decoder.prediction.embed.", "decoder.embedding."), ("decoder.prediction.dec_rnn.lstm.", "decoder.lstm."),
    ];

    // What begins a name. The joint network is activation, dropout if there is any, linear layer: the number counts them.
    private static readonly (string Nemo, string Name)[] Heads =
    [
        ("decoder.decoder_layers.0.", "ctc_head."), ("joint.enc.", "encoder_projector."), ("joint.pred.", "decoder.decoder_projector."),
        ("joint.joint_net.1.", "joint.head."), ("joint.joint_net.2.", "joint.head."),
    ];

    /// <summary>One name; what is the same in both stays.</summary>
    public static string ToOurs(string name)
    {
        foreach (var (nemo, ours) in Heads)
        {
            name = name.StartsWith(nemo, StringComparison.Ordinal) ? $"{ours}{name[nemo.Length..]}" : name;
        }

        return Parts.Aggregate(name, (n, part) => n.Replace(part.Nemo, part.Name, StringComparison.Ordinal));
    }
}
