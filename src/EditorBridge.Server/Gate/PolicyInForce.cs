using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Policies;
using EditorBridge.Policy;

namespace EditorBridge.Gate;

/// <summary>
/// The policy that holds for a workspace. Its files are looked at for every action and read anew when one of them changed, so an edit holds at once.
/// A broken file throws, and the gate refuses. Every version that comes into force is an entry.
/// </summary>
internal sealed class PolicyInForce(LedgerWriter ledger)
{
    private readonly ConcurrentDictionary<PolicyPaths, Loaded> _loaded = new();
    private readonly ConcurrentDictionary<string, byte> _recorded = new(StringComparer.Ordinal);

    /// <exception cref="BrokenPolicyException">A policy file is broken; the message names file, line and column.</exception>
    /// <exception cref="LedgerUnavailableException">The version could not be recorded.</exception>
    public async ValueTask<PolicySet> ForAsync(string? workspace)
    {
        var policy = Read(PolicyPlaces.For(RootOf(workspace)));
        if (_recorded.ContainsKey(policy.Version)) return policy;
        await ledger.AppendAsync(new AuditDraft
        {
            Kind = EntryKind.PolicyLoaded,
            CallId = "policy-" + policy.Version[..Math.Min(16, policy.Version.Length)],
            Actor = "host",
            Subject = "Policy " + policy.Version[..Math.Min(12, policy.Version.Length)],
            Facts = new JsonObject { ["policyVersion"] = policy.Version, ["workspace"] = workspace },
        });
        _recorded.TryAdd(policy.Version, 0);
        return policy;
    }

    private PolicySet Read(PolicyPaths paths)
    {
        var stamp = (StampOf(paths.Managed), StampOf(paths.User), StampOf(paths.Workspace));
        if (_loaded.TryGetValue(paths, out var known) && known.Stamp == stamp) return known.Policy;
        var policy = PolicyLoader.Load(paths).OrThrow();
        _loaded[paths] = new Loaded(stamp, policy);
        return policy;
    }

    // The outermost folder with a policy, so that a file an agent puts deeper down cannot stand in its place.
    private static string? RootOf(string? workspace)
    {
        if (workspace is null || !Path.IsPathRooted(workspace)) return workspace;
        string? root = null;
        for (var folder = new DirectoryInfo(workspace); folder is not null; folder = folder.Parent)
            if (File.Exists(PolicyPlaces.InWorkspace(folder.FullName))) root = folder.FullName;
        return root ?? workspace;
    }

    private static (DateTime Written, long Length) StampOf(string? path)
    {
        if (path is null) return default;
        var file = new FileInfo(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    private sealed record Loaded(((DateTime, long), (DateTime, long), (DateTime, long)) Stamp, PolicySet Policy);
}
