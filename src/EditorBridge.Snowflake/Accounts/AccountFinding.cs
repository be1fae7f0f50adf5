namespace EditorBridge.Snowflake;

public enum FindingLevel
{
    Good,
    Note,
    Warning,
    /// <summary>Nothing will work until it is mended.</summary>
    Broken,
}

/// <summary>What a finding is about.</summary>
public enum AccountTopic
{
    /// <summary>Not the account: the installation, the gate, the clients.</summary>
    Installation,
    SignIn,
    Clock,
    Role,
    SecondaryRoles,
    /// <summary>The role lacks the right to inference.</summary>
    InferenceRight,
    /// <summary>The account as a whole may not: a trial, or a feature that is off.</summary>
    Account,
    Models,
    ModelAllowList,
    CrossRegion,
    NetworkPolicy,
    TokenExpiry,
    Address,
}

/// <summary>One thing found out about the account, and what mends it.</summary>
/// <param name="Fix">SQL or a command; null where nothing needs mending.</param>
public sealed record AccountFinding(FindingLevel Level, string What, string? Fix = null, AccountTopic Topic = AccountTopic.Installation);
