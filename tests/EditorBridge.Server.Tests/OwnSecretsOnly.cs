using System.Runtime.CompilerServices;
using EditorBridge.Snowflake;

namespace EditorBridge.Server.Tests;

/// <summary>Tests keep their sign-ins in the folders they throw away, never in the keyring of whoever runs them.</summary>
internal static class OwnSecretsOnly
{
    [ModuleInitializer]
    internal static void Choose() => Environment.SetEnvironmentVariable(SystemKeyring.Variable, "file");
}
