using System.Collections.Immutable;

namespace EditorBridge.Portal.Security;

/// <summary>What a person is to the portal. No role can change or delete an entry: the portal has no way to.</summary>
public enum PortalRole
{
    /// <summary>Sees calls and their changes; gives verdicts in the editor, not here.</summary>
    Developer,
    /// <summary>Answers the queue of reviews.</summary>
    Approver,
    /// <summary>Reads all metadata; a payload only with a reason that is itself recorded; exports.</summary>
    Auditor,
    /// <summary>Reads rules and what they did. No payloads, no exports, no verdicts.</summary>
    PolicyAdmin,
    /// <summary>Reads settings and the integrity of the ledger. No payloads, no exports, no verdicts.</summary>
    SystemAdmin,
}

/// <summary>What a page or a call over the circuit asks for. Authorisation policies carry these names.</summary>
public enum PortalRight
{
    /// <summary>Lists, counts and the metadata of calls.</summary>
    ReadCalls,
    /// <summary>The texts of a change: proposed, edited, executed SQL.</summary>
    ReadChanges,
    /// <summary>A payload after giving a reason.</summary>
    RevealPayload,
    GiveVerdict,
    Export,
    VerifyLedger,
    ReadAccessLog,
    ReadSettings,
    /// <summary>Replay history against a changed policy. The replay shows what calls were about.</summary>
    TryPolicy,
}

/// <summary>Which role may do what: the one table. Several roles add up.</summary>
public static class RoleRights
{
    private static readonly ImmutableDictionary<PortalRole, ImmutableHashSet<PortalRight>> Table =
        new Dictionary<PortalRole, ImmutableHashSet<PortalRight>>
        {
            [PortalRole.Developer] = [PortalRight.ReadCalls, PortalRight.ReadChanges],
            [PortalRole.Approver] = [PortalRight.ReadCalls, PortalRight.ReadChanges, PortalRight.GiveVerdict],
            [PortalRole.Auditor] =
                [PortalRight.ReadCalls, PortalRight.RevealPayload, PortalRight.Export, PortalRight.VerifyLedger, PortalRight.ReadAccessLog],
            [PortalRole.PolicyAdmin] = [PortalRight.ReadCalls, PortalRight.TryPolicy],
            [PortalRole.SystemAdmin] =
                [PortalRight.ReadCalls, PortalRight.VerifyLedger, PortalRight.ReadAccessLog, PortalRight.ReadSettings],
        }.ToImmutableDictionary();

    public static bool Allows(this PortalRole role, PortalRight right) => Table[role].Contains(right);
}

/// <summary>The one place where roles have their wire names: in sign-in links, in the cookie, on the command line.</summary>
public static class RoleNames
{
    /// <summary>All roles at once: the person whose machine and state folder it is.</summary>
    public const string Owner = "owner";

    public static string All => string.Join(", ", Enum.GetValues<PortalRole>().Select(WireName)) + ", " + Owner;

    public static string WireName(this PortalRole role) => role switch
    {
        PortalRole.Developer => "developer",
        PortalRole.Approver => "approver",
        PortalRole.Auditor => "auditor",
        PortalRole.PolicyAdmin => "policy-admin",
        PortalRole.SystemAdmin => "system-admin",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "A role without a wire name."),
    };

    /// <summary>Reads role names separated by commas. One unknown name gives no role at all: a link never grants less or more than it says.</summary>
    public static ImmutableArray<PortalRole> Parse(string? names)
    {
        var roles = ImmutableSortedSet.CreateBuilder<PortalRole>();
        foreach (var name in (names ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (name == Owner)
            {
                roles.UnionWith(Enum.GetValues<PortalRole>());
                continue;
            }

            var known = Enum.GetValues<PortalRole>().Where(role => role.WireName() == name).ToArray();
            if (known.Length == 0) return [];
            roles.Add(known[0]);
        }

        return [.. roles];
    }
}
