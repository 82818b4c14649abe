using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Parley.Audio;
using Parley.Nn;
using Parley.Tensors;
using Parley.TestSupport;
using Parley.Text;
using Xunit;

namespace Parley.Models.Tests;

/// <summary>The Parakeet of the golden written again as NeMo writes its models, and transcribed as a folder and as a file.</summary>
public sealed class NemoTests : IDisposable
{
    private const string Tokenizer = "0123456789abcdef0123456789abcdef_tokenizer.model";

    private const string Yaml = """
        sample_rate: 16000
        target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE
        tokenizer:
          dir: tokenizers/a directory whose name is so long that it was
            folded
          type: bpe
          model_path: nemo:0123456789abcdef0123456789abcdef_tokenizer.model
        preprocessor:
          _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor
          sample_rate: 16000
          normalize: per_feature
          window_size: 0.025
          window_stride: 0.01
          window: hann
          features: 40
          n_fft: 512
          log: true
          frame_splicing: 1
          dither: 1.0e-05
          pad_to: 0
          pad_value: 0.0
        encoder:
          _target_: nemo.collections.asr.modules.ConformerEncoder
          feat_in: 40
          feat_out: -1
          n_layers: 2
          d_model: 32
          subsampling: dw_striding
          subsampling_factor: 8
          subsampling_conv_channels: 16
          ff_expansion_factor: 2
          self_attention_model: rel_pos
          n_heads: 4
          att_context_size:
          - -1
          - -1
          xscaling: true
          untie_biases: true
          conv_kernel_size: 9
          conv_norm_type: batch_norm
          conv_context_size: null
          dropout: 0.1
        decoder:
          _target_: nemo.collections.asr.modules.ConvASRDecoder
          feat_in: 32
          num_classes: 29
          vocabulary:

        """;

    private static readonly string[] Pieces = [.. Enumerable.Range(0, 29).Select(i => i == 0 ? "<unk>" : $"{(i % 3 == 0 ? "\u2581" : "")}{(char)('a' + (i % 26))}{i % 7}")];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("parley-nemo");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_nemo_file_says_what_the_folder_says(bool packed)
    {
        using var folder = SpeechRecognizer.Load(Folder());
        using var file = SpeechRecognizer.Load(Write(Archive(), packed));
        var options = new TranscriptionOptions(SkipSpeechless: false, WordTimestamps: true);
        var samples = Noise(16_000 * 12);
        var (expected, found) = (folder.Transcribe(samples, options, cancel: TestContext.Current.CancellationToken), file.Transcribe(samples, options, cancel: TestContext.Current.CancellationToken));
        Assert.True(expected.Text.Split(' ').Length > 5, expected.Text);
        Assert.Equal(expected.Text, found.Text);
        Assert.Equal(expected.Segments.SelectMany(s => s.Tokens), found.Segments.SelectMany(s => s.Tokens));
        Assert.Equal(expected.Segments.Select(s => s.AverageLogProb), found.Segments.Select(s => s.AverageLogProb));
        Assert.All(expected.Segments.SelectMany(s => s.Words!), w => Assert.True(w.End > w.Start && w.End.TotalSeconds <= 12.08));
        var together = folder.Transcribe(samples, options with { BatchSize = 4 }, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(expected.Text, together.Text);
    }

    [Fact]
    public void A_recording_of_one_piece_is_decoded_as_a_whole()
    {
        var samples = Noise(16_000 * 3);
        var model = ConformerCtc.Load(Folder());
        using var scope = new TensorScope();
        var features = new NemoMel(new NemoMelOptions(MelBins: 40)).Extract(samples).As(FeatureLayout.FramesFirst);
        var logits = model.Forward(Tensor.From(features.Values, [1, features.Frames, 40], Backend.Default)).ToArray();
        var tokens = new Decoding.CtcGreedyDecoder(29).DecodeBest(logits, 30).Tokens;
        using var recognizer = SpeechRecognizer.Load(_folder.FullName);
        var transcript = recognizer.Transcribe(samples, new TranscriptionOptions(SkipSpeechless: false), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(new PieceVocabulary(Pieces, [0, 29]).Spell(tokens.Select(t => t.Id)), transcript.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_transducer_writes_what_its_networks_say(bool skips)
    {
        var yaml = TransducerYaml(jointHidden: 14, skips);
        using var json = NemoYaml.Parse("test", Encoding.UTF8.GetBytes(yaml));
        var config = NemoConfig.Parse(json.RootElement).Transducer!;
        Assert.Equal(skips ? [0, 1, 2] : null, config.Durations);
        var random = Weights.Build(new RandomWeights(31), w => new ConformerTransducer(w, config), new WeightsOptions(trains: _ => true)).Parameters;
        var path = Write(Archive(yaml, [.. random.Select(p => (Theirs(p.Name), p.Shape.Dims.ToArray(), p.Tensor!.ToArray()))]), packed: false);
        var samples = Noise(16_000 * 4);

        using var scope = new TensorScope();
        using var checkpoint = Checkpoint.Open(path);
        var model = Weights.Build(new RenamedWeights(new CheckpointWeights(checkpoint), NemoNames.ToOurs), w =>
        {
            w.Ignore("preprocessor.");
            return new ConformerTransducer(w, config);
        }).Model;
        var features = new NemoMel(new NemoMelOptions(MelBins: 40)).Extract(samples).As(FeatureLayout.FramesFirst);
        var heard = model.Hear(Tensor.From(features.Values, [1, features.Frames, 40], Backend.Default));
        var (tokens, said, here) = (new List<int>(), model.Prediction.Start(1), 0);
        for (var t = 0; t < heard.Shape[1];)
        {
            var scores = model.Joint.Score(heard.Select(1, t) + said.Output).ToArray();
            var symbol = Array.IndexOf(scores, scores[..30].Max());
            var step = skips ? Array.IndexOf(scores[30..], scores[30..].Max()) : symbol == 29 ? 1 : 0;
            if (symbol != 29)
            {
                tokens.Add(symbol);
                said = model.Prediction.Step([symbol], said.State);
                here++;
            }

            step = step == 0 && (symbol == 29 || here == 10) ? 1 : step;
            (t, here) = step > 0 ? (t + step, 0) : (t, here);
        }

        Assert.NotEmpty(tokens);
        using var recognizer = SpeechRecognizer.Load(path);
        var transcript = recognizer.Transcribe(samples, new TranscriptionOptions(SkipSpeechless: false), cancel: TestContext.Current.CancellationToken);
        Assert.Equal(new PieceVocabulary(Pieces, [0]).Spell(tokens), transcript.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_transducers_folder_says_what_its_nemo_file_says(bool skips)
    {
        var file = TransducerFile(skips);
        using var nemo = SpeechRecognizer.Load(file);
        using var folder = SpeechRecognizer.Load(_folder.FullName);
        Assert.Equal(skips ? "parakeet_tdt" : "parakeet_rnnt", folder.ModelType);
        Assert.Equal(folder.ModelType, nemo.ModelType);
        var options = new TranscriptionOptions(SkipSpeechless: false, WordTimestamps: true, BatchSize: 1);
        var samples = Noise(16_000 * 70);
        Transcript Say(SpeechRecognizer recognizer, TranscriptionOptions o) => recognizer.Transcribe(samples, o, cancel: TestContext.Current.CancellationToken);
        var expected = Say(folder, options);
        var words = expected.Segments.SelectMany(s => s.Words!).ToArray();
        Assert.True(words.Length > 20, expected.Text);
        Assert.All(words, w => Assert.True(w.Start >= TimeSpan.Zero && w.End > w.Start && w.End.TotalSeconds <= 70.08 && w.Probability is > 0 and <= 1));
        Assert.All(words.Zip(words.Skip(1)), p => Assert.True(p.First.Start <= p.Second.Start));
        Assert.Contains(words, w => w.Start.TotalSeconds > 60);
        foreach (var other in (Transcript[])[Say(nemo, options), Say(folder, options with { BatchSize = 4 })])
        {
            Assert.Equal(expected.Text, other.Text);
            Assert.Equal(expected.Segments.SelectMany(s => s.Tokens), other.Segments.SelectMany(s => s.Tokens));
            Assert.All(expected.Segments.Zip(other.Segments), p => Assert.Equal(p.First.AverageLogProb, p.Second.AverageLogProb, 1e-4));
        }
    }

    [Fact]
    public void A_transducer_is_searched_with_hotwords_and_a_language_model()
    {
        using var recognizer = SpeechRecognizer.Load(TransducerFile(skips: false));
        var options = new TranscriptionOptions(SkipSpeechless: false, WordTimestamps: true);
        var samples = Noise(16_000 * 4);
        Transcript Say(Decoding.FusionOptions? fusion) =>
            recognizer.Transcribe(samples, options with { Ctc = new Decoding.CtcDecodeOptions(BeamSize: 8, fusion) }, cancel: TestContext.Current.CancellationToken);
        var beam = Say(null);
        var words = beam.Segments.SelectMany(s => s.Words!).ToArray();
        Assert.NotEmpty(words);
        Assert.All(words, w => Assert.True(w.Probability is > 0 and <= 1));
        var word = Pieces.First(p => p.StartsWith('▁') && p.Length > 1 && !beam.Text.Contains(p[1..], StringComparison.Ordinal))[1..];
        Assert.NotEqual(beam.Text, Say(new Decoding.FusionOptions(Hotwords: [new Decoding.Hotword(word, 50)])).Text);
        Assert.NotEqual(beam.Text, Say(new Decoding.FusionOptions(WordBonus: 20)).Text);

        recognizer.Dispose();
        using var skipping = SpeechRecognizer.Load(TransducerFile(skips: true));
        Assert.Contains("durations", Assert.Throws<ArgumentException>(() => skipping.Transcribe(samples, options with { Ctc = new Decoding.CtcDecodeOptions() })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_by_the_numbers_of_the_training_data_are_read()
    {
        Folder();
        var path = Path.Combine(_folder.FullName, "preprocessor_config.json");
        float[] means = [.. Enumerable.Range(0, 40).Select(b => -10 + (0.1f * b))], deviations = [.. Enumerable.Range(0, 40).Select(b => 2 + (0.05f * b))];
        var front = new NemoMelOptions(MelBins: 40, NormalizePerFeature: false) { Means = means, Deviations = deviations };
        File.WriteAllText(path, ConformerFrontEnd.Write(front));
        var read = ConformerFrontEnd.Read(new ModelFolder(_folder.FullName), 40);
        Assert.Equal(means, read.Means!);
        Assert.Equal(deviations, read.Deviations!);
        Assert.Equal(front with { Means = null, Deviations = null }, read with { Means = null, Deviations = null });

        var samples = Noise(16_000);
        var plain = new NemoMel(new NemoMelOptions(MelBins: 40, NormalizePerFeature: false)).Extract(samples).As(FeatureLayout.BinsFirst);
        var fixedOnes = new NemoMel(read).Extract(samples).As(FeatureLayout.BinsFirst);
        Assert.Equal(plain.Values.Select((v, i) => (v - means[i / plain.Frames]) / deviations[i / plain.Frames]), fixedOnes.Values);
        Assert.Equal(new NemoMelOptions(MelBins: 40), Written(new NemoMelOptions(MelBins: 40)));
        Assert.False(Written(new NemoMelOptions(MelBins: 40, NormalizePerFeature: false)).NormalizePerFeature);

        File.WriteAllText(path, ConformerFrontEnd.Write(front with { MelBins = 40, Means = means[1..] }));
        Assert.Contains("fixed_mean", Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(_folder.FullName)).Message, StringComparison.Ordinal);
        NemoMelOptions Written(NemoMelOptions options)
        {
            File.WriteAllText(path, ConformerFrontEnd.Write(options));
            return ConformerFrontEnd.Read(new ModelFolder(_folder.FullName), 40);
        }
    }

    [Fact]
    public void A_beam_of_one_without_a_language_model_is_close_to_greedy_and_hotwords_change_it()
    {
        using var recognizer = SpeechRecognizer.Load(Folder());
        var options = new TranscriptionOptions(SkipSpeechless: false);
        var samples = Noise(16_000 * 4);
        string Text(TranscriptionOptions o) => recognizer.Transcribe(samples, o, cancel: TestContext.Current.CancellationToken).Text;
        var beam = Text(options with { Ctc = new Decoding.CtcDecodeOptions(BeamSize: 8) });
        Assert.NotEqual("", beam);
        var word = Text(options).Split(' ')[0];
        Assert.NotEqual(beam, Text(options with { Ctc = new Decoding.CtcDecodeOptions(BeamSize: 8, new Decoding.FusionOptions(Hotwords: [new Decoding.Hotword(word, 50)])) }));
    }

    [Fact]
    public void Damage_is_read_or_refused()
    {
        var good = Archive();

        // The headers and the configuration; damaged weights are the torch reader's own test.
        var header = good.AsSpan(0, 8192).ToArray();
        var path = Path.Combine(_folder.FullName, "damaged.nemo");
        Damage.Check(header, bad =>
        {
            File.WriteAllBytes(path, [.. bad, .. good.AsSpan(8192)]);
            SpeechRecognizer.Load(path).Dispose();
        });
    }

    [Fact]
    public void No_number_of_the_configuration_costs_memory()
    {
        var path = Path.Combine(_folder.FullName, "enlarged.nemo");
        var pieces = Configuration()[Yaml.Length..];
        Damage.Enlarge(Yaml, bad =>
        {
            File.WriteAllBytes(path, Archive(bad + pieces));
            SpeechRecognizer.Load(path).Dispose();
        });
    }

    [Theory]
    [InlineData("self_attention_model: rel_pos", "self_attention_model: abs_pos", "self_attention_model")]
    [InlineData("  - -1\n  - -1\n", "  - 70\n  - 13\n", "att_context_size")]
    [InlineData("d_model: 32", "d_model: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "nested")]
    [InlineData("d_model: 32", "d_model: &a 32", "anchors")]
    [InlineData("d_model: 32", "d_model: ${width}", "d_model")]
    [InlineData("d_model: 32", "d_model: 64", "does not fit")]
    [InlineData("normalize: per_feature", "normalize: all_features", "normalize")]
    [InlineData("ConvASRDecoder", "MultiTaskDecoder", "MultiTaskDecoder")]
    public void What_cannot_be_honoured_is_named(string good, string bad, string named)
    {
        var yaml = Configuration();
        Assert.Contains(good, yaml, StringComparison.Ordinal);
        var path = Write(Archive(yaml.Replace(good, bad, StringComparison.Ordinal)), packed: false);
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => SpeechRecognizer.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_that_grows_without_end_is_refused()
    {
        var path = Path.Combine(_folder.FullName, "bomb.nemo");
        using (var stream = new GZipStream(File.Create(path), CompressionLevel.Fastest))
        {
            stream.Write(Archive());
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 200; i++)
            {
                stream.Write(zeros);
            }
        }

        Assert.Contains("weights do not shrink like that", Assert.Throws<InvalidDataException>(() => Checkpoint.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_without_weights_is_refused()
    {
        var path = Write(Tar([("model_config.yaml", "a: 1"u8.ToArray())]), packed: false);
        Assert.Contains("model_weights.ckpt", Assert.Throws<InvalidDataException>(() => Checkpoint.Open(path)).Message, StringComparison.Ordinal);
    }

    private static float[] Noise(int samples)
    {
        var random = new Random(9);
        return [.. Enumerable.Range(0, samples).Select(i => (random.NextSingle() - 0.5f) * (0.6f + (0.4f * MathF.Sin(i / 700f))))];
    }

    private string Write(byte[] archive, bool packed)
    {
        var path = Path.Combine(_folder.FullName, $"model{packed}.nemo");
        using var stream = packed ? new GZipStream(File.Create(path), CompressionLevel.Fastest) : (Stream)File.Create(path);
        stream.Write(archive);
        return path;
    }

    private static string Configuration() => Yaml + string.Concat(Pieces.Select(p => $"  - '{p}'\n"));

    private static string TransducerYaml(int jointHidden, bool skips) => Configuration().Replace("ConvASRDecoder", "RNNTDecoder", StringComparison.Ordinal) + $"""
              prednet:
                pred_hidden: 12
                pred_rnn_layers: 2
            joint:
              _target_: nemo.collections.asr.modules.RNNTJoint
              jointnet:
                joint_hidden: {jointHidden}
                activation: relu
                dropout: 0.2
            model_defaults:
              tdt_durations: {(skips ? "[0, 1, 2]" : "null")}

            """;

    /// <summary>A transducer of random numbers as a .nemo file, and as a folder beside it; the path of the file.</summary>
    private string TransducerFile(bool skips)
    {
        var yaml = TransducerYaml(jointHidden: 12, skips);
        using var json = NemoYaml.Parse("test", Encoding.UTF8.GetBytes(yaml));
        var config = NemoConfig.Parse(json.RootElement).Transducer!;
        var (model, random) = Weights.Build(new RandomWeights(31), w => new ConformerTransducer(w, config), new WeightsOptions(trains: _ => true));
        var (values, folder) = (random.ToDictionary(p => p.Name, p => p.Tensor!.ToArray()), Folder());

        // What is heard varies by 3 around 0 instead of hardly at all, and symbols matter; the blank, and the unknown piece, which has no text, always score the same.
        var (mean, deviation) = Heard(model);
        Scale("encoder_projector.weight", 3 / deviation);
        values["encoder_projector.bias"] = [.. values["encoder_projector.bias"].Zip(mean, (b, m) => (b - m) * 3 / deviation)];
        Scale("decoder.embedding.weight", 100);
        Scale("decoder.decoder_projector.weight", 4);
        Scale("joint.head.weight", 8);
        values["joint.head.weight"].AsSpan(config.Blank * config.JointDim, config.JointDim).Clear();
        values["joint.head.weight"].AsSpan(0, config.JointDim).Clear();
        values["joint.head.bias"][config.Blank] = 6;

        // Numbers that halves hold, as in the archive.
        foreach (var name in values.Keys.ToArray())
        {
            values[name] = [.. values[name].Select(v => (float)(Half)v)];
        }

        SafetensorsFile.Write(Path.Combine(folder, "model.safetensors"), random.ToDictionary(p => p.Name, p => TensorData.Of(values[p.Name], [.. p.Shape.Dims.ToArray().Select(d => (long)d)])));
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(config, ConformerJson.Default.ConformerTransducerConfig));
        return Write(Archive(yaml, [.. random.Select(p => (Theirs(p.Name), p.Shape.Dims.ToArray(), values[p.Name]))]), packed: false);

        void Scale(string name, float factor) => values[name] = [.. values[name].Select(v => v * factor)];
    }

    /// <summary>Mean of what a model makes of noise, and how far it is from it.</summary>
    private static (float[] Mean, float Deviation) Heard(ConformerTransducer model)
    {
        using var scope = new TensorScope();
        var features = new NemoMel(new NemoMelOptions(MelBins: 40)).Extract(Noise(16_000 * 4)).As(FeatureLayout.FramesFirst);
        var heard = model.Hear(Tensor.From(features.Values, [1, features.Frames, 40], Backend.Default));
        var (values, width) = (heard.ToArray(), heard.Shape[2]);
        float[] mean = [.. Enumerable.Range(0, width).Select(d => values.Where((_, i) => i % width == d).Average())];
        return (mean, MathF.Sqrt(values.Select((v, i) => (v - mean[i % width]) * (v - mean[i % width])).Average()));
    }

    private byte[] Archive(string? yaml = null, List<(string Name, int[] Shape, float[] Values)>? tensors = null)
    {
        var weights = Path.Combine(_folder.FullName, "model_weights.ckpt");
        File.Delete(weights);
        TorchArchive.Save(weights, [], [.. tensors ?? Renamed(), ("preprocessor.featurizer.window", [2], [1, 1])]);
        return Tar([("model_config.yaml", Encoding.UTF8.GetBytes(yaml ?? Configuration())), (Tokenizer, SentencePiece()), ("model_weights.ckpt", File.ReadAllBytes(weights))]);
    }

    private static byte[] Tar(IEnumerable<(string Name, byte[] Bytes)> files)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, bytes) in files)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "./" + name) { DataStream = new MemoryStream(bytes) });
            }
        }

        return stream.ToArray();
    }

    /// <summary>A ModelProto of pieces: field 1 with the piece, its score and, for the first, the type "unknown".</summary>
    private static byte[] SentencePiece()
    {
        var bytes = new List<byte>();
        for (var i = 0; i < Pieces.Length; i++)
        {
            var text = Encoding.UTF8.GetBytes(Pieces[i]);
            byte[] piece = [0x0a, (byte)text.Length, .. text, 0x15, 0, 0, 0, 0, .. i == 0 ? new byte[] { 0x18, 2 } : []];
            bytes.AddRange([0x0a, (byte)piece.Length, .. piece]);
        }

        return [.. bytes, 0x12, 1, 0];
    }

    /// <summary>The folder as Hugging Face writes it, with the half-precision numbers of the archive.</summary>
    private string Folder()
    {
        var golden = Goldens.Folder("parakeet_ctc");
        foreach (var name in (string[])["config.json", "preprocessor_config.json"])
        {
            File.Copy(Path.Combine(golden, name), Path.Combine(_folder.FullName, name), overwrite: true);
        }

        using var checkpoint = Checkpoint.Open(golden);
        SafetensorsFile.Write(Path.Combine(_folder.FullName, "model.safetensors"), checkpoint.Tensors.Where(t => t.Value.Type == StoredType.F32).ToDictionary(t => t.Key, t => new TensorData(
            StoredType.F16, t.Value.Shape, t.Value.ToSingles().SelectMany(v => BitConverter.GetBytes((Half)v)).ToArray())));
        var vocabulary = string.Join(", ", Pieces.Select(p => $"[{JsonSerializer.Serialize(p)}, 0.0]"));
        File.WriteAllText(Path.Combine(_folder.FullName, "tokenizer.json"), $$$"""
            {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 29, "content": "<pad>", "special": true}], "model": {"type": "Unigram", "vocab": [{{{vocabulary}}}]}}
            """);
        return _folder.FullName;
    }

    private static List<(string Name, int[] Shape, float[] Values)> Renamed()
    {
        using var checkpoint = Checkpoint.Open(Goldens.Folder("parakeet_ctc"));
        return [.. checkpoint.Tensors.Values.Where(t => t.Type == StoredType.F32).Select(t => (Theirs(t.Name), t.Shape.Select(d => (int)d).ToArray(), t.ToSingles()))];
    }

    private static string Theirs(string name)
    {
        (string Ours, string Nemo)[] parts =
        [
            ("encoder.subsampling.layers.", "encoder.pre_encode.conv."), ("encoder.subsampling.linear.", "encoder.pre_encode.out."), ("relative_k_proj", "linear_pos"),
            ("q_proj", "linear_q"), ("k_proj", "linear_k"), ("v_proj", "linear_v"), ("o_proj", "linear_out"), ("bias_u", "pos_bias_u"), ("bias_v", "pos_bias_v"),
            ("conv.norm.", "conv.batch_norm."), ("ctc_head.", "decoder.decoder_layers.0."), ("decoder.embedding.", "decoder.prediction.embed."),
            ("decoder.lstm.", "decoder.prediction.dec_rnn.lstm."), ("encoder_projector.", "joint.enc."), ("decoder.decoder_projector.", "joint.pred."), ("joint.head.", "joint.joint_net.2."),
        ];
        return parts.Aggregate(name, (n, p) => n.Replace(p.Ours, p.Nemo, StringComparison.Ordinal));
    }
}
