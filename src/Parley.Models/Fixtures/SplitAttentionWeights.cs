using Parley.Nn;
using Parley.Tensors;

namespace Parley.Models;

/// <summary>A source whose attention projections are packed (<c>in_proj_weight</c>, <c>in_proj_bias</c>), seen as <c>q_proj</c>, <c>k_proj</c> and <c>v_proj</c>.</summary>
internal sealed class SplitAttentionWeights(IWeightSource source) : IWeightSource
{
    private static readonly string[] Thirds = ["q_proj", "k_proj", "v_proj"];

    public string Name => source.Name;

    public IEnumerable<string> Names => source.Names.SelectMany(name => Packed(name) is var (scope, kind) ? Thirds.Select(t => $"{scope}{t}.{kind}") : [name]);

    public IWeightEntry? Find(string name, Shape wanted, Init init)
    {
        var third = Array.FindIndex(Thirds, t => name.Contains($".{t}.", StringComparison.Ordinal));
        return third < 0
            ? source.Find(name, wanted, init)
            : source.Find(name.Replace($".{Thirds[third]}.", ".in_proj_", StringComparison.Ordinal), wanted, init) is { } packed ? new Entry(packed, third) : null;
    }

    private static (string Scope, string Kind)? Packed(string name) => name.LastIndexOf(".in_proj_", StringComparison.Ordinal) is var at and >= 0
        ? (name[..(at + 1)], name[(at + ".in_proj_".Length)..])
        : null;

    private sealed class Entry(IWeightEntry packed, int third) : IWeightEntry
    {
        public Shape Shape => packed.Shape.With(0, packed.Shape[0] / 3);

        public WeightFormat Format => WeightFormat.Float32;

        public Tensor ToTensor(Backend backend)
        {
            var rows = Shape[0];
            var own = Tensor.Allocate(Shape, backend);
            own.CopyFrom(packed.ToTensor(backend).Slice(0, third * rows, (third + 1) * rows));
            return own;
        }

        public WeightMatrix ToMatrix(Backend backend, WeightFormat format) =>
            format == WeightFormat.Float32 ? WeightMatrix.Dense(ToTensor(backend)) : WeightMatrix.Quantise(ToTensor(backend), format);
    }
}
