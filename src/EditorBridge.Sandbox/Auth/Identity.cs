namespace EditorBridge.Sandbox.Auth;

/// <summary>Who a request came from, once its credential held.</summary>
/// <param name="Role">The role the request runs with: the token's restriction, else the user's default role.</param>
internal sealed record Identity(string UserName, string Role, CredentialKind Credential)
{
    /// <summary>True when the credential allows this role only.</summary>
    public bool RoleIsFixed { get; init; }

    /// <summary>The driver's session the request belongs to; null where each request is one of its own.</summary>
    public long? SessionId { get; init; }

    /// <summary>How QUERY_HISTORY marks statements of an agent's sign-in; null for none.</summary>
    public string? AgentType { get; init; }
}

internal enum CredentialKind
{
    ProgrammaticAccessToken,
    OAuth,
    KeyPair,
    Session,
}
