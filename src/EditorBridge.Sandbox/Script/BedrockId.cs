using System.Security.Cryptography;

namespace EditorBridge.Sandbox.Script;

/// <summary>Identifiers as Claude on Bedrock gives them: <c>msg_bdrk_…</c>, <c>toolu_bdrk_…</c>.</summary>
internal static class BedrockId
{
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";

    public static string New(string kind) => $"{kind}_bdrk_01{RandomNumberGenerator.GetString(Alphabet, 22)}";
}
