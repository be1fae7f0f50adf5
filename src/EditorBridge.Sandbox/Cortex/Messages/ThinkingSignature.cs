using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Sandbox.Cortex.Messages;

/// <summary>
/// Signs the scripted model's thinking, so that a client which alters a thinking block on its way back is caught, as upstream.
/// The key is fixed: a conversation stays valid when the sandbox restarts, and nothing secret depends on it.
/// </summary>
internal static class ThinkingSignature
{
    private static readonly byte[] Key = "sandbox thinking signature"u8.ToArray();

    public static string Of(string thinking) => "sbx" + Convert.ToBase64String(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(thinking)));

    public static bool Matches(string thinking, string signature) => signature == Of(thinking);
}
