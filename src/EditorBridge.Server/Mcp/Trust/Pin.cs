using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>A definition that was accepted: what clients are shown, and what the server is held to.</summary>
/// <param name="Fingerprint">Of <see cref="OfferedDefinition"/>.</param>
/// <param name="Canonical">The accepted text, to show what a later one changes.</param>
/// <param name="By">The person, or <see cref="FirstUse"/>.</param>
internal sealed record Pin(OfferedKind Kind, string Name, string Fingerprint, string Canonical, string By, DateTimeOffset At)
{
    /// <summary>Accepted with the first list of a server that a person had configured.</summary>
    public const string FirstUse = "first use";
}

/// <summary>Why something a server offers is kept from clients.</summary>
internal enum HoldReason
{
    /// <summary>Another definition was accepted.</summary>
    Changed,
    /// <summary>The server did not offer it when its first definitions were accepted.</summary>
    New,
    /// <summary>Text in it speaks to the model or hides.</summary>
    Finding,
    /// <summary>The configuration wants a person to see everything first.</summary>
    AskFirst,
    /// <summary>A person refused this definition.</summary>
    Rejected,
    /// <summary>It is the same as before, but what the server says of all its tools is not.</summary>
    Instructions,
    /// <summary>It has no canonical form, so no person can accept it.</summary>
    Unreadable,
    /// <summary>What was found could not be recorded.</summary>
    NotRecorded,
}

/// <summary>A definition that waits for a person or was refused.</summary>
/// <param name="CallId">Joins its entries in the ledger.</param>
/// <param name="Rejected">Who refused it; null while it waits.</param>
internal sealed record HeldPin(OfferedKind Kind, string Name, string Fingerprint, HoldReason Reason, string CallId, DateTimeOffset Since, string? Rejected);
