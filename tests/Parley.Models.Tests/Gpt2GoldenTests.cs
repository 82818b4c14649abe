using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;

namespace Parley.Models.Tests;

public sealed class Gpt2GoldenTests
{
    private static readonly TensorFile Inputs = new(Path.Combine(Goldens.Folder("gpt2"), "inputs.safetensors"));
    private static readonly TensorFile Expected = new(Path.Combine(Goldens.Folder("gpt2"), "expected.safetensors"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_layer_the_loss_and_the_gradients_equal_the_reference(bool reference)
    {
        using var scope = new TensorScope();
        var (model, parameters) = Make(reference ? Backend.Reference : Backend.Default, trains: true);
        var taps = new Taps();
        model.Forward(Ids(Inputs, "input_ids"), taps: taps);

        // What a token of padding sees is the reference's own affair.
        var real = Inputs.Integers("attention_mask");
        var theirs = Expected.Floats("hidden_1").Where((_, i) => real[i / model.Config.Dim] != 0).ToArray();
        Expect.Close(Tapped(taps, "hidden_1").Where((_, i) => real[i / model.Config.Dim] != 0).ToArray(), theirs, relative: 1e-4f, absolute: 6e-5f);
        Close("hidden_0", Tapped(taps, "hidden_0"), 9e-6f);
        Close("logits.nomask", Tapped(taps, "logits"), 6e-5f);

        var loss = Loss(model, Inputs);
        Assert.Equal(Expected.Floats("loss")[0], loss.Scalar, 1e-4);
        var gradients = loss.Backward();
        var compared = 0;
        foreach (var parameter in parameters.Where(p => Expected.Has($"grad.{p.Name}")))
        {
            Expect.Close(gradients[parameter.Tensor!]!.ToArray(), Expected.Floats($"grad.{parameter.Name}"), relative: 1e-4f, absolute: 1e-5f);
            compared++;
        }

        Assert.Equal(5, compared);
    }

    [Fact]
    public void Weights_that_are_only_used_give_the_same_as_those_that_are_trained()
    {
        using var scope = new TensorScope();
        var (used, _) = Make(Backend.Default, trains: false);
        Close("logits.nomask", used.Forward(Ids(Inputs, "input_ids")).ToArray(), 6e-5f);
        var compact = Gpt2.Load(Goldens.Folder("gpt2"), new WeightsOptions(precision: WeightFormat.Int8));
        Expect.Close(compact.Forward(Ids(Inputs, "input_ids")).ToArray(), Expected.Floats("logits.nomask"), relative: 0, absolute: 0.3f);
    }

    [Fact]
    public void Greedy_words_are_those_of_the_reference()
    {
        using var scope = new TensorScope();
        var (model, _) = Make(Backend.Default, trains: false);
        var (start, wanted) = (Ids(Inputs, "input_ids"), Expected.Integers("greedy_nopad_ids"));
        var (rows, given, length) = (start.Shape[0], start.Shape[1], Expected.Shape("greedy_nopad_ids")[1]);
        for (var row = 0; row < rows; row++)
        {
            var ids = start.Values.Slice(row * given, given).ToArray().ToList();
            while (ids.Count < length)
            {
                var logits = model.Forward(new IntTensor([.. ids], [1, ids.Count])).ToArray().AsSpan(^model.Config.VocabSize..).ToArray();
                ids.Add(Array.IndexOf(logits, logits.Max()));
            }

            Assert.Equal(wanted.Skip(row * length).Take(length), ids.Select(i => (long)i));
        }
    }

    [Theory]
    [InlineData("gpt2", 12, 768, 12, 124_439_808)]
    [InlineData("gpt2-xl", 48, 1600, 25, 1_557_611_200)]
    public void Parameters_are_as_many_as_published(string name, int layers, int dim, int heads, long count)
    {
        var parameters = Weights.Build(new ShapeSource(), w => new Gpt2(w, new Gpt2Config(Layers: layers, Dim: dim, Heads: heads))).Parameters;
        Assert.True(parameters.Sum(p => p.Count) == count, name);
    }

    [Theory]
    [InlineData("\"n_head\": 4", "\"n_head\": 5", "n_embd 32 is not a multiple of n_head 5")]
    [InlineData("\"gelu_new\"", "\"mish\"", "activation_function is \"mish\"")]
    [InlineData("\"n_positions\": 48", "\"n_positions\": 49", "wpe.weight: the model wants [49, 32], the checkpoint has [48, 32]")]
    public void What_cannot_be_is_named(string good, string bad, string named)
    {
        var folder = Directory.CreateTempSubdirectory("parley-gpt2");
        File.Copy(Path.Combine(Goldens.Folder("gpt2"), "model.safetensors"), Path.Combine(folder.FullName, "model.safetensors"));
        var json = File.ReadAllText(Path.Combine(Goldens.Folder("gpt2"), "config.json"));
        Assert.Contains(good, json, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder.FullName, "config.json"), json.Replace(good, bad, StringComparison.Ordinal));
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => Gpt2.Load(folder.FullName)).Message, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Dropout_comes_from_its_seed_and_attention_with_it_is_the_same_attention()
    {
        using var scope = new TensorScope();
        var config = new Gpt2Config(VocabSize: 20, Positions: 12, Dim: 16, Layers: 2, Heads: 2);
        var model = Weights.Build(new RandomWeights(5), w => new Gpt2(w, config), new WeightsOptions(trains: _ => true)).Model;
        var ids = new IntTensor([.. Enumerable.Range(0, 12)], [1, 12]);
        Assert.Equal(Run(model, 3), Run(model, 3));
        Assert.NotEqual(Run(model, 3), Run(model, 4));

        // Next to nothing is dropped: the composed attention shows, and must equal the fused one.
        var barely = Weights.Build(new RandomWeights(5), w => new Gpt2(w, config with { AttentionDropout = 1e-9f, EmbeddingDropout = 0, ResidualDropout = 0 }), new WeightsOptions(trains: _ => true)).Model;
        Expect.Close(Run(barely, 3), model.Forward(ids).ToArray(), relative: 1e-4f, absolute: 1e-5f);

        float[] Run(Gpt2 m, ulong seed) => m.Forward(ids, new TrainingPass(seed)).ToArray();
    }

    /// <summary>Mean cross entropy of what follows; -100 is not counted.</summary>
    internal static Tensor Loss(Gpt2 model, TensorFile inputs)
    {
        var (ids, labels) = (Ids(inputs, "input_ids"), Ids(inputs, "labels"));
        var (rows, tokens) = (ids.Shape[0], ids.Shape[1]);
        var next = Enumerable.Range(0, rows * tokens).Select(i => i % tokens == tokens - 1 ? -100 : labels.Values[i + 1]);
        return CrossEntropy.Compute(model.Forward(ids), new IntTensor([.. next], [rows, tokens]));
    }

    private static IntTensor Ids(TensorFile file, string name) => new([.. file.Integers(name).Select(i => (int)i)], Shape.Create(file.Shape(name)));

    private static BuiltModel<Gpt2> Make(Backend backend, bool trains)
    {
        using var json = new ModelFolder(Goldens.Folder("gpt2")).Config();
        var config = Gpt2Config.Parse(json.RootElement);
        var source = new CheckpointWeights(Checkpoint.Open(Goldens.Folder("gpt2")));
        return Weights.Build(source, w => new Gpt2(w, config), new WeightsOptions(backend, trains: trains ? _ => true : null));
    }

    private static float[] Tapped(Taps taps, string name) => taps.TryGet(name, out var tensor) ? tensor.Values : throw new KeyNotFoundException(name);

    private static void Close(string name, float[] actual, float absolute) => Expect.Close(actual, Expected.Floats(name), relative: 1e-4f, absolute: absolute);
}
