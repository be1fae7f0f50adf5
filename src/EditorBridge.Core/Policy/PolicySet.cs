using System.Collections.Immutable;

namespace EditorBridge.Policy;

/// <summary>All layers of policy in force, validated and ready to evaluate.</summary>
public sealed record PolicySet
{
    /// <summary>What is in force when nobody wrote a policy.</summary>
    public static readonly PolicySet Default = Of([], []);

    private PolicySet()
    {
    }

    /// <summary>The rules of every layer, the strongest layer first, the shipped rules last.</summary>
    public required ImmutableArray<PolicyRule> Rules { get; init; }
    /// <summary>Ids of default rules that the administrator keeps users from relaxing, <c>*</c> allowed.</summary>
    public required ImmutableArray<string> Locked { get; init; }
    /// <summary>Lower-case hex SHA-256 of the canonical form of the rules: the same rules have the same version everywhere.</summary>
    public required string Version { get; init; }

    /// <summary>True when a rule asks about governance tags, which only the account knows.</summary>
    public bool SpeaksOfTags => Rules.Any(rule => !rule.Match.Tags.IsEmpty || rule.Except is { Tags.IsEmpty: false });

    /// <summary>The shipped rules with those of the files in force.</summary>
    public static PolicySet Of(IEnumerable<PolicyRule> rules, IEnumerable<string> locked)
    {
        ImmutableArray<PolicyRule> all = [.. rules.OrderByDescending(rule => rule.Layer), .. DefaultPolicy.Rules];
        ImmutableArray<string> kept = [.. locked];
        return new PolicySet { Rules = all, Locked = kept, Version = PolicyDigest.Of(all, kept) };
    }

    /// <summary>
    /// May <paramref name="rule"/> switch <paramref name="target"/> off where it matches? Only default rules can be relaxed, only by the user and managed layers,
    /// and what is locked, by EditorBridge or by the administrator, only by the managed layer.
    /// </summary>
    public bool MayRelax(PolicyRule rule, PolicyRule target)
    {
        if (target.Layer != PolicyLayer.Default || rule.Layer is not (PolicyLayer.User or PolicyLayer.Managed)) return false;
        if (!rule.Relaxes.Any(pattern => Glob.IsMatch(pattern, target.Id))) return false;
        return rule.Layer == PolicyLayer.Managed || (!target.Locked && !Locked.Any(pattern => Glob.IsMatch(pattern, target.Id)));
    }
}
