namespace EditorBridge.Sandbox.Auth;

/// <summary>Who a request came from, once its credential held.</summary>
/// <param name="Role">The role the request runs with: the token's restriction, else the user's default role.</param>
internal sealed record Identity(string UserName, string Role, CredentialKind Credential);

internal enum CredentialKind
{
    ProgrammaticAccessToken,
    OAuth,
    KeyPair,
    Session,
}
