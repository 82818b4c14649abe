using System.Runtime.InteropServices;
using Parley.Tensors;

namespace Parley.Nn.Tests;

/// <summary>Files are there whole or not at all, and never in memory whole.</summary>
public sealed class SafetensorsFileTests
{
    [Fact]
    public void Many_tensors_and_texts_read_back()
    {
        using var folder = new CheckpointsFolder();
        using var scope = new TensorScope();
        var path = folder["model.safetensors"];
        var tensors = Enumerable.Range(0, 3000).ToDictionary(i => $"layers.{i}.weight", i => Tensor.From([i, -i, i / 7f], [3, 1], Backend.Reference));
        var texts = Enumerable.Range(0, 500).ToDictionary(i => $"optimizer.{i}", i => $"{{\"step\": {i}, \"text\": \"näher ✓ \\n\"}}");
        SafetensorsFile.Write(path, tensors.Select(t => KeyValuePair.Create(t.Key, TensorData.Of(t.Value))), texts);
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal(texts, checkpoint.Metadata);
        Assert.Equal(3000, checkpoint.Tensors.Count);
        Assert.All(tensors, t =>
        {
            Assert.Equal([3, 1], checkpoint[t.Key].Shape);
            Assert.Equal(t.Value.ToArray(), checkpoint[t.Key].ToSingles());
        });
    }

    // What a kill leaves is what is on the disk while a tensor is written.
    [Fact]
    public void While_it_is_written_the_old_file_stays_and_the_new_one_has_another_name()
    {
        using var folder = new CheckpointsFolder();
        var path = folder["model.safetensors"];
        List<string> seen = [];
        IEnumerable<KeyValuePair<string, TensorData>> Tensors(float value) => Enumerable.Range(0, 3).Select(i => KeyValuePair.Create($"w{i}", new TensorData(StoredType.F32, [1], file =>
        {
            file.Write(MemoryMarshal.AsBytes([value]));
            file.Flush();
            seen.AddRange(Directory.GetFiles(folder.Root).Select(f => f == path ? $"{Path.GetFileName(f)} {First(f)}" : Path.GetExtension(f)).Order());
        })));
        SafetensorsFile.Write(path, Tensors(1));
        Assert.Equal([".tmp", ".tmp", ".tmp"], seen);
        seen.Clear();
        SafetensorsFile.Write(path, Tensors(2));
        Assert.Equal(Enumerable.Repeat((string[])[".tmp", "model.safetensors 1"], 3).SelectMany(s => s), seen);
        Assert.Equal(2, First(path));
        Assert.Equal([path], Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void A_tensor_that_fails_or_is_too_short_or_long_leaves_the_old_file_alone()
    {
        using var folder = new CheckpointsFolder();
        var path = folder["model.safetensors"];
        SafetensorsFile.Write(path, [KeyValuePair.Create("w0", TensorData.Of([5f], 1))]);
        TensorData Of(Action<Stream> write) => new(StoredType.F32, [2], write);
        void Fails<T>(Action<Stream> write)
            where T : Exception
        {
            Assert.Throws<T>(() => SafetensorsFile.Write(path, [KeyValuePair.Create("a", TensorData.Of([1f], 1)), KeyValuePair.Create("b", Of(write))]));
            Assert.Equal(5, First(path));
            Assert.Equal([path], Directory.GetFiles(folder.Root));
        }

        Fails<IOException>(_ => throw new IOException("the disk is full"));
        Fails<InvalidOperationException>(file => file.Write(new byte[7]));
        Fails<InvalidOperationException>(file => file.Write(new byte[9]));
    }

    [Fact]
    public void Names_and_shapes_that_no_file_can_have_are_refused()
    {
        using var folder = new CheckpointsFolder();
        var path = folder["model.safetensors"];
        var one = TensorData.Of([1f], 1);
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(path, [KeyValuePair.Create("w", one), KeyValuePair.Create("w", one)]));
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(path, [KeyValuePair.Create("__metadata__", one)]));
        Assert.Throws<ArgumentException>(() => new TensorData(StoredType.F32, [-1], _ => { }));
        Assert.Throws<ArgumentException>(() => new TensorData(StoredType.F32, [1L << 40, 1L << 40, 0], _ => { }));
        Assert.Throws<ArgumentException>(() => new TensorData(StoredType.F32, [2], new byte[4]));
        Assert.Empty(Directory.GetFiles(folder.Root));
    }

    [Fact]
    public void A_large_file_is_written_with_little_memory()
    {
        using var folder = new CheckpointsFolder();
        var piece = new byte[1 << 20];
        var (tensors, before, most) = (4, GC.GetAllocatedBytesForCurrentThread(), 0L);
        SafetensorsFile.Write(folder["big.safetensors"], Enumerable.Range(0, tensors).Select(i => KeyValuePair.Create($"w{i:00}", new TensorData(StoredType.U8, [32 << 20], file =>
        {
            for (var i = 0; i < 32; i++)
            {
                file.Write(piece);
            }

            most = GC.GetAllocatedBytesForCurrentThread() - before;
        }))));
        Assert.InRange(most, 1, 1 << 20);
        Assert.InRange(new FileInfo(folder["big.safetensors"]).Length, 128 << 20, (128 << 20) + 4096);
    }

    private static float First(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        return checkpoint["w0"].ToSingles()[0];
    }
}
