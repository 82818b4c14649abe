namespace Parley.Hub.Tests;

public sealed class HubClientTests
{
    [Fact]
    public async Task A_model_lands_in_the_layout_that_python_uses()
    {
        using var model = new HubModel();
        var folder = await model.FetchAsync();
        Assert.Equal(Path.Combine(model.Folder, "snapshots", HubModel.Commit), folder);
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Equal(HubModel.Weights, File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(HubModel.Commit, File.ReadAllText(Path.Combine(model.Folder, "refs", "main")));
        Assert.Equal($"../../blobs/{HubModel.Sha256(HubModel.Weights)}", new FileInfo(Path.Combine(folder, "model.safetensors")).LinkTarget);
        Assert.Equal($"../../blobs/{HubModel.GitSha1(model.Files["config.json"])}", new FileInfo(Path.Combine(folder, "config.json")).LinkTarget);
        Assert.True(File.Exists(Path.Combine(model.Cache, "CACHEDIR.TAG")));
        Assert.True(File.Exists(Path.Combine(model.Cache, ".locks", "models--org--tiny", $"{HubModel.Sha256(HubModel.Weights)}.lock")));
    }

    [Fact]
    public async Task What_is_there_is_not_fetched_again()
    {
        using var model = new HubModel();
        var folder = await model.FetchAsync();
        Assert.Equal(folder, await model.FetchAsync());
        Assert.Single(model.Gets("model.safetensors"));
        var before = model.Server.Requests.Count;
        Assert.Equal(folder, await model.FetchAsync(revision: HubModel.Commit));
        Assert.Equal(before, model.Server.Requests.Count);
    }

    [Fact]
    public async Task Without_links_the_snapshot_holds_the_files()
    {
        using var model = new HubModel();
        var folder = await model.FetchAsync(model.Options with { UseSymlinks = false });
        Assert.Null(new FileInfo(Path.Combine(folder, "model.safetensors")).LinkTarget);
        Assert.Equal(HubModel.Weights, File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public async Task A_dropped_connection_is_taken_up_where_it_stopped()
    {
        using var model = new HubModel();
        model.Override = asked => asked.Method == "GET" && asked.Path.EndsWith("model.safetensors", StringComparison.Ordinal) && !asked.Headers.ContainsKey("Range")
            ? model.Usual(asked) with { StopAfter = 100_000 } : null;
        var folder = await model.FetchAsync();
        Assert.Equal(HubModel.Weights, File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Equal("bytes=100000-", model.Gets("model.safetensors").Last().Headers["Range"]);
        Assert.Equal("\"cdn\"", model.Gets("model.safetensors").Last().Headers["If-Range"]);
    }

    [Fact]
    public async Task A_server_that_always_drops_gives_up_and_a_later_run_goes_on()
    {
        using var model = new HubModel();
        model.Override = asked => asked.Method == "GET" && asked.Path.EndsWith("model.safetensors", StringComparison.Ordinal)
            ? model.Usual(asked) with { StopAfter = 1000 } : null;
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Contains("dropped", error.Message, StringComparison.Ordinal);
        model.Override = _ => null;
        await model.FetchAsync();
        Assert.True(model.Gets("model.safetensors").Last().Headers.ContainsKey("Range"));
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_is_read_from_the_start()
    {
        using var model = new HubModel();
        var first = true;
        model.Override = asked =>
        {
            if (asked.Method != "GET" || !asked.Path.EndsWith("model.safetensors", StringComparison.Ordinal))
            {
                return null;
            }

            var answer = new Answer(200, HubModel.Weights) { StopAfter = first ? 100_000 : null };
            first = false;
            return answer;
        };
        Assert.Equal(HubModel.Weights, File.ReadAllBytes(Path.Combine(await model.FetchAsync(), "model.safetensors")));
    }

    [Theory]
    [InlineData(-10)]
    [InlineData(10)]
    public async Task A_lie_about_the_length_is_an_error(int more)
    {
        using var model = new HubModel();
        model.Override = asked => asked.Method == "GET" && asked.Path.EndsWith("model.safetensors", StringComparison.Ordinal)
            ? new Answer(200, more > 0 ? [.. HubModel.Weights, .. new byte[more]] : HubModel.Weights[..^-more]) : null;
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains("300000", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(model.Folder, "refs", "main")));
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    public async Task Wrong_content_is_refused(string name)
    {
        using var model = new HubModel();
        model.Override = asked => asked.Method == "GET" && asked.Path.EndsWith(name, StringComparison.Ordinal)
            ? new Answer(200, new byte[model.Files[name].Length]) : null;
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains("not the published one", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, model.Gets(name).Count());
    }

    [Fact]
    public async Task The_token_stays_with_the_hub_when_it_redirects()
    {
        using var model = new HubModel();
        using var other = new HubServer(asked => HubModel.Part(asked, HubModel.Weights));
        model.Override = asked => asked.Path.EndsWith("model.safetensors", StringComparison.Ordinal)
            ? model.Usual(asked) with { Status = 302, Body = [], Headers = [.. model.Usual(asked).Headers, ("Location", $"{other.Address}cdn/model.safetensors")] } : null;
        await model.FetchAsync();
        Assert.All(model.Server.Requests, r => Assert.Equal("Bearer hf_secret", r.Headers["Authorization"]));
        Assert.NotEmpty(other.Requests);
        Assert.All(other.Requests, r => Assert.False(r.Headers.ContainsKey("Authorization")));
    }

    [Fact]
    public async Task A_stalled_server_does_not_hang_the_download()
    {
        using var model = new HubModel();
        model.Override = asked => asked.Method == "GET" && asked.Path.EndsWith("model.safetensors", StringComparison.Ordinal)
            ? model.Usual(asked) with { StopAfter = 10, Stall = TimeSpan.FromSeconds(30) } : null;
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains("sends nothing more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_busy_server_is_asked_again(int status)
    {
        using var model = new HubModel();
        var count = 0;
        model.Override = asked => Interlocked.Increment(ref count) % 2 == 1 ? new Answer(status, [], ("Retry-After", "0")) : null;
        Assert.True(File.Exists(Path.Combine(await model.FetchAsync(), "config.json")));
    }

    [Theory]
    [InlineData(401, "", "no such model")]
    [InlineData(403, "GatedRepo", "gated; accept its terms")]
    [InlineData(403, "", "access denied")]
    [InlineData(404, "RepoNotFound", "not found on 127.0.0.1")]
    [InlineData(404, "RevisionNotFound", "no revision main")]
    public async Task Refusals_say_why(int status, string code, string why)
    {
        using var model = new HubModel();
        model.Override = _ => new Answer(status, [], ("X-Error-Code", code));
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_secret", error.Message, StringComparison.Ordinal);
        Assert.Single(model.Server.Requests);
    }

    [Fact]
    public async Task Without_the_hub_a_whole_cached_model_serves_and_a_part_is_an_error()
    {
        using var model = new HubModel();
        var folder = await model.FetchAsync();
        var offline = model.Options with { Offline = true };
        var unreachable = model.Options with { Endpoint = new Uri("http://127.0.0.1:1"), Retries = 0 };
        Assert.Equal(folder, await model.FetchAsync(offline));
        Assert.Equal(folder, await model.FetchAsync(unreachable));
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        foreach (var options in (HubOptions[])[offline, unreachable])
        {
            var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync(options));
            Assert.Contains("lacks tokenizer.json", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_snapshot_of_python_needs_settings_and_weights()
    {
        using var model = new HubModel();
        await model.FetchAsync();
        Directory.Delete(Path.Combine(model.Folder, ".parley"), recursive: true);
        var offline = model.Options with { Offline = true };
        var folder = await model.FetchAsync(offline);
        File.Delete(Path.Combine(model.Folder, "blobs", HubModel.Sha256(HubModel.Weights)));
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync(offline));
        Assert.Contains($"{folder} lacks model.safetensors", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../config.json")]
    [InlineData("/etc/evil.json")]
    [InlineData("a/../../evil.json")]
    [InlineData("..\\\\evil.json")]
    [InlineData("c:evil.json")]
    public async Task Hostile_file_names_stop_everything(string name)
    {
        using var model = new HubModel();
        model.Files[name] = [1];
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains("nothing was fetched", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(model.Cache));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/b/c")]
    [InlineData("a/..")]
    [InlineData("")]
    [InlineData("a b/c")]
    [InlineData("C:\\models")]
    [InlineData("org/name?x=1")]
    public async Task Odd_ids_are_refused_before_any_request(string id)
    {
        using var model = new HubModel();
        using var client = new HubClient(model.Options);
        await Assert.ThrowsAsync<ArgumentException>(() => client.SnapshotAsync(id, cancellation: TestContext.Current.CancellationToken));
        Assert.False(HubClient.IsId(id));
        Assert.Empty(model.Server.Requests);
    }

    [Fact]
    public async Task Two_processes_at_once_fetch_each_file_once()
    {
        using var model = new HubModel();
        var folders = await Task.WhenAll(model.FetchAsync(), model.FetchAsync(), model.FetchAsync());
        Assert.Single(folders.Distinct());
        Assert.Single(model.Gets("model.safetensors"));
    }

    [Fact]
    public async Task Progress_ends_at_the_total()
    {
        using var model = new HubModel();
        var seen = new Recorder();
        await model.FetchAsync(progress: seen);
        var total = model.Files["config.json"].Length + HubModel.Weights.Length + model.Files["tokenizer.json"].Length;
        Assert.All(seen.Reports, r => Assert.Equal(total, r.TotalBytes));
        Assert.Equal(seen.Reports.Select(r => r.DoneBytes).Order(), seen.Reports.Select(r => r.DoneBytes));
        Assert.Equal(total, seen.Reports[^1].DoneBytes);
    }

    [Fact]
    public async Task A_full_disk_is_said_with_the_cache_and_what_to_do()
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        using var model = new HubModel();
        var blobs = Directory.CreateDirectory(Path.Combine(model.Folder, "blobs")).FullName;
        File.CreateSymbolicLink(Path.Combine(blobs, $"{HubModel.Sha256(HubModel.Weights)}.parley.incomplete"), "/dev/full");
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains($"the cache {model.Cache} cannot be written", error.Message, StringComparison.Ordinal);
        Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
        Assert.Contains("HF_HOME", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(model.Folder, "refs", "main")));
    }

    [Fact]
    public async Task A_cache_that_is_a_file_is_an_error()
    {
        using var model = new HubModel();
        await File.WriteAllTextAsync(model.Cache, "", TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<HubException>(() => model.FetchAsync());
        Assert.Contains($"the cache {model.Cache} cannot be written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_that_is_not_there_is_known_soon()
    {
        using var model = new HubModel();
        using var client = new HubClient(model.Options with { Endpoint = new Uri("http://127.0.0.1:1"), Retries = 5 });
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        var error = await Assert.ThrowsAsync<HubException>(() => client.SnapshotAsync("org/tiny", cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("check the network, or HF_ENDPOINT", error.Message, StringComparison.Ordinal);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task The_token_does_not_follow_a_redirect_of_a_description()
    {
        using var model = new HubModel();
        using var other = new HubServer(asked => model.Usual(asked));
        model.Override = asked => asked.Path.EndsWith("config.json", StringComparison.Ordinal) ? new Answer(307, [], ("Location", $"{other.Address}{asked.Path[1..]}")) : null;
        await model.FetchAsync();
        Assert.Contains(other.Requests, r => r.Method == "HEAD");
        Assert.All(other.Requests, r => Assert.False(r.Headers.ContainsKey("Authorization")));
    }

    private sealed class Recorder : IProgress<HubProgress>
    {
        public List<HubProgress> Reports { get; } = [];

        public void Report(HubProgress value) => Reports.Add(value);
    }
}
