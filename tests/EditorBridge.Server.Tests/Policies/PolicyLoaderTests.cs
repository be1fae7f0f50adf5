using EditorBridge.Policies;
using EditorBridge.Policy;

namespace EditorBridge.Tests.Policies;

public sealed class PolicyLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eb-policy").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void No_files_give_the_default_policy()
    {
        var loaded = PolicyLoader.Load(In("managed.yaml"), In("user.yaml"), null);
        Assert.Empty(loaded.Problems);
        Assert.Equal(PolicySet.Default.Version, loaded.OrThrow().Version);
    }

    [Fact]
    public void Layers_are_put_together_strongest_first()
    {
        var loaded = PolicyLoader.Load(Write("m.yaml", "a", "deny"), Write("u.yaml", "b", "review"), Write("w.yaml", "c", "review"));
        Assert.Equal([PolicyLayer.Managed, PolicyLayer.User, PolicyLayer.Workspace], loaded.OrThrow().Rules.Take(3).Select(rule => rule.Layer));
        Assert.Equal(3, loaded.Files.Length);
    }

    [Fact]
    public void Broken_file_of_any_layer_gives_no_policy_at_all()
    {
        File.WriteAllText(In("w.yaml"), "version: 1\nrules:\n  - nonsense\n");
        var loaded = PolicyLoader.Load(Write("m.yaml", "a", "deny"), null, In("w.yaml"));
        Assert.Null(loaded.Policy);
        var thrown = Assert.Throws<BrokenPolicyException>(() => loaded.OrThrow());
        Assert.Contains("w.yaml:3:5", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("nothing is released", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_in_place_of_the_file_gives_no_policy() => Assert.Null(PolicyLoader.Load(null, null, _folder).Policy);

    [Fact]
    public void Unreadable_file_gives_no_policy()
    {
        if (OperatingSystem.IsWindows()) return;
        File.WriteAllText(In("u.yaml"), new string(' ', (1 << 20) + 1));
        Assert.Null(PolicyLoader.Load(null, In("u.yaml"), null).Policy);
    }

    [Fact]
    public void Same_rules_have_the_same_version_and_others_another()
    {
        var first = PolicyLoader.Load(Write("m.yaml", "a", "deny"), null, null).OrThrow().Version;
        Assert.Equal(first, PolicyLoader.Load(Write("n.yaml", "a", "deny"), null, null).OrThrow().Version);
        Assert.NotEqual(first, PolicyLoader.Load(Write("n.yaml", "a", "review"), null, null).OrThrow().Version);
        Assert.NotEqual(first, PolicyLoader.Load(null, Write("n.yaml", "a", "deny"), null).OrThrow().Version);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private string Write(string name, string id, string effect)
    {
        File.WriteAllText(In(name), $"version: 1\nrules:\n  - id: {id}\n    effect: {effect}\n    match: {{ tools: X }}\n");
        return In(name);
    }
}
