namespace Parley.Hub.Tests;

public sealed class HubOptionsTests
{
    [Theory]
    [InlineData("HF_HUB_CACHE=/a;HUGGINGFACE_HUB_CACHE=/b;HF_HOME=/c", "/a")]
    [InlineData("HUGGINGFACE_HUB_CACHE=/b;HF_HOME=/c", "/b")]
    [InlineData("HF_HOME=/c;XDG_CACHE_HOME=/d", "/c/hub")]
    [InlineData("XDG_CACHE_HOME=/d", "/d/huggingface/hub")]
    [InlineData("HOME=/home/me", "/home/me/.cache/huggingface/hub")]
    [InlineData("HOME=/home/me;HF_HOME=~/hf", "/home/me/hf/hub")]
    [InlineData("DATA=/d;HF_HOME=$DATA/hf", "/d/hf/hub")]
    [InlineData("DATA=/d;HF_HUB_CACHE=${DATA}/$NONE", "/d/$NONE")]
    public void The_cache_is_where_python_looks(string environment, string folder) => Assert.Equal(folder, From(environment).CacheFolder);

    [Theory]
    [InlineData("HF_HUB_OFFLINE=1", true)]
    [InlineData("HF_HUB_OFFLINE=Yes", true)]
    [InlineData("TRANSFORMERS_OFFLINE=on", true)]
    [InlineData("HF_HUB_OFFLINE=0", false)]
    [InlineData("HF_HUB_OFFLINE=2", false)]
    public void Switches_are_on_for_the_known_words(string environment, bool offline) => Assert.Equal(offline, From(environment).Offline);

    [Fact]
    public void The_token_comes_from_the_variable_before_the_file()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "hf_file\n");
        Assert.Equal("hf_variable", From($"HF_TOKEN=hf_variable;HF_TOKEN_PATH={file}").Token);
        Assert.Equal("hf_file", From($"HF_TOKEN_PATH={file}").Token);
        Assert.Null(From($"HF_TOKEN=x;HF_HUB_DISABLE_IMPLICIT_TOKEN=1").Token);
        File.Delete(file);
    }

    [Fact]
    public void The_endpoint_must_be_an_address()
    {
        Assert.Equal("http://mirror:8080/hf", From("HF_ENDPOINT=http://mirror:8080/hf/").Endpoint.AbsoluteUri);
        Assert.Throws<ArgumentException>(() => From("HF_ENDPOINT=file:///etc"));
    }

    private static HubOptions From(string environment)
    {
        var values = environment.Split(';').Select(e => e.Split('=', 2)).ToDictionary(e => e[0], e => e[1]);
        return HubOptions.From(name => values.GetValueOrDefault(name, name == "HOME" ? "/nowhere" : null!));
    }
}
