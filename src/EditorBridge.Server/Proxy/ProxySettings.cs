using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>What the proxy needs to know beside the account itself.</summary>
internal sealed record ProxySettings(SanitizerRules Rules, bool IsSandbox);
