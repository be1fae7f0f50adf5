namespace EditorBridge.Snowflake;

/// <summary>Where an account is and how requests to it are addressed. Checked before a credential is ever attached.</summary>
/// <param name="BaseAddress">Scheme, host and port, without a path.</param>
/// <param name="IsSandbox">True for the stand-in account: everything it answers is shown as sandbox.</param>
public sealed record SnowflakeAccount(string Name, Uri BaseAddress, bool IsSandbox);
