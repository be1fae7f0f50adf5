using System.Text.Json.Nodes;
using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>What a server says of how to use its tools.</summary>
/// <param name="Text">As the server wrote it, cut to <see cref="Longest"/>.</param>
/// <param name="Withheld">Why clients are not told it, for people; null when they are.</param>
internal sealed record ServerInstructions(string Text, string? Withheld)
{
    /// <summary>Characters of one server's instructions that reach a client. What is longer is a manual and no hint.</summary>
    public const int Longest = 2000;

    /// <param name="reason">Why what the server says is held; null when it is what was accepted.</param>
    /// <param name="isAccepted">A person has read it and said yes; what was pinned by itself nobody has read.</param>
    public static ServerInstructions? Of(OfferedItem item, HoldReason? reason, bool isAccepted, bool isTrusted, string server)
    {
        if (item.Definition is not { } definition || JsonNode.Parse(definition.Canonical).Member("instructions").Text() is not { } text) return null;
        var accept = $"editorbridge mcp accept {server} instructions";
        var withheld = reason is not null ? "They wait for a person, or were rejected."
            : HiddenText.Find(text).Any() ? "They hold hidden characters."
            : isAccepted ? null
            : !isTrusted ? $"Nobody has accepted them. To pass them on: {accept}"
            : item.Findings.IsEmpty ? null
            : $"Text in them may be meant to steer a model ({string.Join(", ", item.Findings.Select(finding => finding.Id).Distinct())}). To pass them on all the same: {accept}";
        return new ServerInstructions(text.Length <= Longest ? text : text[..Longest] + "…", withheld);
    }
}
