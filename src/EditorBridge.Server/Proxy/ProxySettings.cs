using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>What the proxy needs to know beside the account itself.</summary>
/// <param name="Legacy">Everything goes through Snowflake's older <c>inference:complete</c>.</param>
internal sealed record ProxySettings(SanitizerRules Rules, bool IsSandbox, bool Legacy = false);
