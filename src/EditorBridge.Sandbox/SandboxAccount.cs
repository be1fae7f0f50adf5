using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Faults;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Usage;

namespace EditorBridge.Sandbox;

/// <summary>Everything one account remembers, in memory: who may do what, how they signed in, what they used, what went wrong on purpose.</summary>
internal sealed class SandboxAccount
{
    public SandboxAccount(SandboxOptions options)
    {
        Options = options;
        Rights = new InferenceRights(Parameters);
        Tokens = new PatTable(options.Clock);
        OAuth = new OAuthStore(options.Clock, options.OAuthAccessLife);
        Sessions = new SessionStore(options.Clock);
        KeyPairs = new KeyPairCheck(Directory, options.Clock);
        Usage = new UsageLog(options.Clock, options.UsageDelay);
        Bearer = new BearerCheck(Tokens, OAuth, Sessions, KeyPairs, Directory, Parameters, Control, options.Clock);
    }

    public SandboxOptions Options { get; }

    public AccountDirectory Directory { get; } = new();

    public AccountParameters Parameters { get; } = new();

    public AccountControl Control { get; } = new();

    public InferenceRights Rights { get; }

    public PatTable Tokens { get; }

    public OAuthStore OAuth { get; }

    public SessionStore Sessions { get; }

    public KeyPairCheck KeyPairs { get; }

    public BearerCheck Bearer { get; }

    public UsageLog Usage { get; }

    public StaleConnections Stale { get; } = new();

    public ReceivedRequests Received { get; } = new();
}
