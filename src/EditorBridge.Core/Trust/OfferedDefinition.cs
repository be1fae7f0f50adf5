using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using EditorBridge.Audit;

namespace EditorBridge.Trust;

/// <summary>What kind of thing a server offers.</summary>
public enum OfferedKind
{
    Tool,
    Prompt,
    Resource,
    ResourceTemplate,
    /// <summary>The server's own instructions to the model; there is one text of a server.</summary>
    Instructions,
    /// <summary>Not the server's word but the configuration's: what is started or connected to, and what it is allowed.</summary>
    Launch,
}

/// <summary>
/// One thing an MCP server offers, as a person accepts it. The fingerprint covers every member of it that reaches a model or a client (name, title,
/// description, schemas, annotations, icons, <c>_meta</c>), known or not, so that nothing can change beside the members somebody thought of.
/// </summary>
/// <param name="Name">The server's own name of it; empty for instructions.</param>
/// <param name="Canonical">Canonical JSON (RFC 8785): another order of members is the same definition.</param>
/// <param name="Fingerprint">SHA-256, lower-case hex.</param>
public sealed record OfferedDefinition(OfferedKind Kind, string Name, string Canonical, string Fingerprint)
{
    /// <param name="json">The definition as the server sent it.</param>
    /// <param name="problem">Why it cannot be pinned, and so not be used: duplicate members, half a surrogate pair, nested too deep.</param>
    public static bool TryRead(OfferedKind kind, string name, string json, [NotNullWhen(true)] out OfferedDefinition? definition, [NotNullWhen(false)] out string? problem)
    {
        definition = null;
        if (!CanonicalJson.TryCanonicalize(json, out var canonical, out problem)) return false;
        // Lengths keep a name from running into what follows it.
        var pinned = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"editorbridge-pin/1\n{kind}\n{name.Length}:{name}\n{canonical}");
        definition = new OfferedDefinition(kind, name, canonical, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pinned))));
        return true;
    }
}
