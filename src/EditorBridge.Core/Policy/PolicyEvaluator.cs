using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>The door of the Policy room: facts in, decision out. The strictest matching effect wins; what no rule speaks of is reviewed.</summary>
public static class PolicyEvaluator
{
    public static Decision Decide(PolicySet policy, ActionFacts facts) => new()
    {
        Effect = Effect.Review,
        Rules = [],
        Obligations = Obligations.None,
        Summary = "No rule speaks of this action, so a person decides.",
        PolicyVersion = policy.Version,
    };
}

/// <summary>All layers of policy in force, validated and ready to evaluate.</summary>
public sealed record PolicySet
{
    /// <summary>What is in force when nobody wrote a policy.</summary>
    public static readonly PolicySet Default = new() { Version = "none" };

    public required string Version { get; init; }
}
