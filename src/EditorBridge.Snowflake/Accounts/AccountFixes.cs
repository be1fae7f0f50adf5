using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>From a cause to what mends it, as SQL where the account is to be changed. Nothing here is run.</summary>
internal static class AccountFixes
{
    public const string CrossRegion = "ALTER ACCOUNT SET CORTEX_ENABLED_CROSS_REGION = 'AWS_EU';  -- as ACCOUNTADMIN; or AWS_US, ANY_REGION, …";

    /// <summary>A refusal of the account, with its cause told apart from the others that look alike.</summary>
    public static AccountFinding For(UpstreamFailure failure, string role, string user)
    {
        var (topic, fix) = failure.Cause switch
        {
            UpstreamCause.NotAuthorized => (AccountTopic.InferenceRight, $"GRANT DATABASE ROLE SNOWFLAKE.CORTEX_REST_API_USER TO ROLE {role};  -- the user's default role, or the token's"),
            UpstreamCause.EndpointNotAllowed => (AccountTopic.Account, "Put a payment card on file for the trial account (Snowsight: Admin, Billing), or have Snowflake's support switch the feature on."),
            UpstreamCause.NetworkPolicy => (AccountTopic.NetworkPolicy, $"SHOW PARAMETERS LIKE 'NETWORK_POLICY' IN USER {user};  -- then: ALTER NETWORK POLICY <name> SET ALLOWED_IP_LIST = (…, '<this address>');"),
            UpstreamCause.AccessTokenInvalid => (AccountTopic.SignIn, $"SHOW USER PROGRAMMATIC ACCESS TOKENS FOR USER {user};  -- status and end; a person also needs a policy: ALTER USER {user} SET NETWORK_POLICY = <name>;"),
            UpstreamCause.KeyPairTokenInvalid => (AccountTopic.SignIn, $"DESC USER {user};  -- compare RSA_PUBLIC_KEY_FP; to register this key: ALTER USER {user} SET RSA_PUBLIC_KEY = '…';"),
            UpstreamCause.TokenExpired or UpstreamCause.SessionExpired or UpstreamCause.SessionGone or UpstreamCause.LoginFailed => (AccountTopic.SignIn, "editorbridge login"),
            UpstreamCause.TokenKindNotAccepted => (AccountTopic.SignIn, "editorbridge login    -- by browser; or a connection with an access token or a key pair"),
            UpstreamCause.NotFound or UpstreamCause.WrongEndpoint => (AccountTopic.Address, "SELECT CURRENT_ORGANIZATION_NAME() || '-' || CURRENT_ACCOUNT_NAME();  -- the account identifier to write into the connection"),
            UpstreamCause.Unreachable or UpstreamCause.Stalled => (AccountTopic.Address, "editorbridge status    -- once the network is there; the address comes from the connection's account or host"),
            UpstreamCause.BudgetExceeded => (AccountTopic.Account, "An administrator raises the account's budget for the model."),
            _ => (AccountTopic.SignIn, (string?)null),
        };
        return new AccountFinding(FindingLevel.Broken, failure.Error.Message, fix, topic);
    }

    /// <summary>Three settings take every Claude model away, and the account's answer is the same list without them.</summary>
    public static AccountFinding NoClaude(string role, string? region, string? allowList) =>
        region is not null && region.Equals("DISABLED", StringComparison.OrdinalIgnoreCase)
            ? new(FindingLevel.Broken, "No Claude model is offered: cross-region inference is off, and this region serves none.", CrossRegion, AccountTopic.CrossRegion)
        : allowList is { Length: > 0 } && !allowList.Equals("All", StringComparison.OrdinalIgnoreCase)
            ? new(FindingLevel.Broken, $"No Claude model is offered: CORTEX_MODELS_ALLOWLIST is {allowList}, and role {role} has no model's application role.",
                $"GRANT APPLICATION ROLE SNOWFLAKE.\"CORTEX-MODEL-ROLE-ALL\" TO ROLE {role};", AccountTopic.ModelAllowList)
            : new(FindingLevel.Broken, $"No Claude model is offered to role {role} in this account's regions.", $"GRANT APPLICATION ROLE SNOWFLAKE.\"CORTEX-MODEL-ROLE-ALL\" TO ROLE {role};  -- and: {CrossRegion}", AccountTopic.Models);
}
