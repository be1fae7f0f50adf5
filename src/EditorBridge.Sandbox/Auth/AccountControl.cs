namespace EditorBridge.Sandbox.Auth;

/// <summary>What a test sets about the account from outside: failures that no request can name by itself.</summary>
internal sealed class AccountControl
{
    /// <summary>The error the authorize page sends back instead of a code, or null.</summary>
    public string? OAuthError { get; set; }

    /// <summary>A scenario to play for the next requests to any REST path, such as <c>503 x2</c>; null for none.</summary>
    public string? Fault { get; set; }

    /// <summary>True when the authorize page asks instead of approving at once.</summary>
    public bool OAuthForm { get; set; }

    /// <summary>True when a network policy refuses this machine.</summary>
    public bool NetworkBlocked { get; set; }

    /// <summary>True when a PAT works only under a network policy, as by default in a real account.</summary>
    public bool PatNeedsNetworkPolicy { get; set; }
}
