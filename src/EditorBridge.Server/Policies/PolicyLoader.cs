using System.Collections.Immutable;
using EditorBridge.Policy;

namespace EditorBridge.Policies;

/// <summary>The files of the three layers; null for a layer that is not asked for. A file that does not exist is an empty layer.</summary>
internal sealed record PolicyPaths(string? Managed, string? User, string? Workspace);

/// <summary>The policy in force, or why there is none.</summary>
/// <param name="Policy">Null when a file is broken: then nothing may be released.</param>
/// <param name="Files">The files that were found and read, the strongest layer first.</param>
internal sealed record LoadedPolicy(PolicySet? Policy, ImmutableArray<PolicyProblem> Problems, ImmutableArray<string> Files)
{
    /// <summary>Where a launched agent may connect past EditorBridge; nowhere while a file is broken.</summary>
    public ImmutableArray<EgressHost> Egress { get; init; } = [];

    public IEnumerable<PolicyProblem> Errors => Problems.Where(problem => problem.IsError);

    /// <summary>The policy, or an exception whose message names file, line and column of every error.</summary>
    /// <exception cref="BrokenPolicyException">A file is broken.</exception>
    public PolicySet OrThrow() => Policy ?? throw new BrokenPolicyException(
        $"The policy cannot be read, so nothing is released. {string.Join(" ", Errors)} Mend the file; 'editorbridge policy check' shows every error.");
}

/// <summary>A policy file is broken. The message says where, and what to write.</summary>
internal sealed class BrokenPolicyException(string message) : Exception(message);

/// <summary>Reads the policy files of all layers.</summary>
internal static class PolicyLoader
{
    /// <summary>A policy is written by people; a file beyond this is a mistake, or an attempt to keep the host busy. Bytes.</summary>
    private const int MaxBytes = 1 << 20;

    public static LoadedPolicy Load(string? managedPath, string? userPath, string? workspacePath) =>
        Load(new PolicyPaths(managedPath, userPath, workspacePath));

    public static LoadedPolicy Load(PolicyPaths paths) => Load(paths, ReadText);

    /// <summary>The policy as it would be if one layer's file held this text.</summary>
    public static LoadedPolicy Load(PolicyPaths paths, PolicyLayer layer, string text) =>
        Load(paths, (path, problems) => path == PathOf(paths, layer) ? text : ReadText(path, problems));

    private static string? PathOf(PolicyPaths paths, PolicyLayer layer) => layer switch
    {
        PolicyLayer.Managed => paths.Managed,
        PolicyLayer.User => paths.User,
        PolicyLayer.Workspace => paths.Workspace,
        _ => throw new ArgumentOutOfRangeException(nameof(layer), layer, "The shipped rules are in no file."),
    };

    private static LoadedPolicy Load(PolicyPaths paths, Func<string, ImmutableArray<PolicyProblem>.Builder, string?> read)
    {
        var problems = ImmutableArray.CreateBuilder<PolicyProblem>();
        var files = ImmutableArray.CreateBuilder<string>();
        var rules = new List<PolicyRule>();
        var locked = new List<string>();
        var egress = new List<EgressHost>();
        foreach (var (path, layer) in new[] { (paths.Managed, PolicyLayer.Managed), (paths.User, PolicyLayer.User), (paths.Workspace, PolicyLayer.Workspace) })
        {
            if (path is null || read(path, problems) is not { } text) continue;
            files.Add(path);
            var file = PolicyFile.Parse(text, path, layer);
            problems.AddRange(file.Problems);
            rules.AddRange(file.Rules);
            locked.AddRange(file.Locked);
            egress.AddRange(file.Egress);
        }
        AddLockedWarnings(rules, locked, problems);
        var broken = problems.Any(problem => problem.IsError);
        return new LoadedPolicy(broken ? null : PolicySet.Of(rules, locked), problems.ToImmutable(), files.ToImmutable()) { Egress = broken ? [] : [.. egress] };
    }

    private static void AddLockedWarnings(List<PolicyRule> rules, List<string> locked, ImmutableArray<PolicyProblem>.Builder problems)
    {
        foreach (var rule in rules.Where(rule => rule.Layer == PolicyLayer.User && rule.Relaxes.Any(locked.Contains)))
            problems.Add(new PolicyProblem("user policy", 0, 0, $"Rule '{rule.Id}' relaxes a rule that the managed policy has locked; it has no effect there.", IsError: false));
    }

    private static string? ReadText(string path, ImmutableArray<PolicyProblem>.Builder problems)
    {
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists)
            {
                if (Directory.Exists(path)) problems.Add(new PolicyProblem(path, 0, 0, "This is a folder where a policy file should be. Nothing is released until it is gone."));
                return null;
            }
            if (info.Length <= MaxBytes) return File.ReadAllText(path);
            problems.Add(new PolicyProblem(path, 0, 0, $"The file is larger than {MaxBytes / 1024} KiB, which no policy is."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(new PolicyProblem(path, 0, 0, $"The file cannot be read: {e.Message} Nothing is released until it can."));
        }
        return null;
    }
}
