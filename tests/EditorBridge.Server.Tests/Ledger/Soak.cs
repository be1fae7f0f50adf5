namespace EditorBridge.Server.Tests.Ledger;

/// <summary>With EDITORBRIDGE_SOAK=1 the torture tests run long; otherwise each is bounded to seconds.</summary>
internal static class Soak
{
    public static bool Is { get; } = Environment.GetEnvironmentVariable("EDITORBRIDGE_SOAK") == "1";
}
