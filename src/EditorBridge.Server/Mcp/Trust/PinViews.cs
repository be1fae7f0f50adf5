using System.Collections.Frozen;
using System.Text.Json.Serialization;
using EditorBridge.Gate;
using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>One definition a person was shown.</summary>
/// <param name="Fingerprint">Of what was shown: a definition that has changed since is not decided.</param>
internal sealed record PinChoice([property: JsonConverter(typeof(JsonStringEnumConverter<OfferedKind>))] OfferedKind Kind, string Name, string Fingerprint);

/// <summary>What a person says of definitions of one server.</summary>
/// <param name="Accept">False: they are rejected.</param>
internal sealed record PinDecision(string Server, PinChoice[] Definitions, bool Accept, string? Reason);

/// <summary>What became of a decision.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PinResult>))]
internal enum PinResult
{
    [JsonStringEnumMemberName("accepted")] Accepted,
    [JsonStringEnumMemberName("rejected")] Rejected,
    /// <summary>The server does not offer this now.</summary>
    [JsonStringEnumMemberName("unknown")] Unknown,
    /// <summary>It is not what the person was shown any more.</summary>
    [JsonStringEnumMemberName("changedMeanwhile")] ChangedMeanwhile,
    [JsonStringEnumMemberName("notPossible")] NotPossible,
}

internal sealed record PinAnswer(PinResult Result, string Message);

/// <param name="Problem">Why pins cannot be compared, so that everything is held; null when they can.</param>
internal sealed record PinsView(ServerPinsView[] Servers, string? Problem);

/// <param name="Pinned">False: the configuration trusts whatever the server offers.</param>
/// <param name="Listed">False: the server has listed nothing since the host runs.</param>
internal sealed record ServerPinsView(string Server, string Target, bool Pinned, bool Listed, PinView[] Definitions)
{
    /// <summary>What the server says of itself, and whether clients are told; null when it says nothing.</summary>
    public ServerInstructions? Instructions { get; init; }

    /// <summary>The exact command line, with the program a bare name leads to, or the address; null for an administrator's server, which nobody here has to accept.</summary>
    public string? Starts { get; init; }
}

/// <summary>One definition as it stands.</summary>
/// <param name="Kind">tool, prompt, resourceTemplate, instructions, launch.</param>
/// <param name="State">accepted, held, rejected, gone (accepted once and not offered now).</param>
/// <param name="Reason">The wire name of <see cref="HoldReason"/>; null when it is accepted.</param>
/// <param name="By">Who accepted or rejected it; null while it waits.</param>
/// <param name="Since">When it was accepted, rejected or first seen as it is.</param>
/// <param name="CallId">Joins the entries about it; null when it was never held.</param>
/// <param name="Changes">Where it differs from what was accepted; all of it when nothing was.</param>
internal sealed record PinView(
    string Kind, string Name, string State, string? Reason, string? Headline, string Fingerprint, string? By, DateTimeOffset? Since, string? CallId, PinFindingView[] Findings, PinChangeView[] Changes, string? Before, string? After);

internal sealed record PinFindingView(string Id, string Severity, string Message, string Place, string Excerpt);

internal sealed record PinChangeView(string Path, string? Before, string? After);

/// <summary>Pins as people are shown them: every text of a server with its hidden characters in the open.</summary>
internal static class PinViews
{
    public static ServerPinsView Of(
        Upstreams.UpstreamSettings settings, ServerPins pins, FrozenDictionary<(OfferedKind, string), OfferedItem>? offered, Func<OfferedKind, string, HoldReason?> reasonFor)
    {
        var views = new List<PinView>();
        foreach (var item in (offered?.Values ?? []).OrderByDescending(i => i.Kind == OfferedKind.Launch).ThenBy(i => i.Kind).ThenBy(i => i.Name, StringComparer.Ordinal))
        {
            var key = PinBook.KeyOf(item.Kind, item.Name);
            views.Add(Of(settings.Name, item, pins.Pins.GetValueOrDefault(key), pins.Held.GetValueOrDefault(key), reasonFor(item.Kind, item.Name)));
        }

        foreach (var pin in pins.Pins.Values.Where(p => offered?.ContainsKey((p.Kind, p.Name)) != true).OrderBy(p => p.Kind).ThenBy(p => p.Name, StringComparer.Ordinal))
            views.Add(new PinView(GateEntries.Wirename(pin.Kind), PinWords.Shown(pin.Name), "gone", null, null, pin.Fingerprint, pin.By, pin.At, null, [], [], null, null));
        return new ServerPinsView(settings.Name, settings.Target, settings.Pinning, offered?.Keys.Any(key => key.Item1 != OfferedKind.Launch) == true, [.. views]) { Starts = settings.Managed ? null : LaunchDefinition.Starts(settings) };
    }

    private static PinView Of(string server, OfferedItem item, Pin? pin, HeldPin? held, HoldReason? reason)
    {
        var isHeld = reason is not null;
        var current = held is not null && held.Fingerprint == item.Definition?.Fingerprint ? held : null;
        return new PinView(
            GateEntries.Wirename(item.Kind),
            item.Name,
            !isHeld ? "accepted" : reason == HoldReason.Rejected ? "rejected" : "held",
            reason is { } why ? GateEntries.Wirename(why) : null,
            reason is { } shown ? PinWords.Headline(shown, item.Kind, item.Name, server) : null,
            item.Definition?.Fingerprint ?? "",
            isHeld ? current?.Rejected : pin?.By,
            isHeld ? current?.Since : pin?.At,
            current?.CallId,
            [.. item.Findings.Select(f => new PinFindingView(f.Id, GateEntries.Wirename(f.Severity), f.Message, HiddenText.Reveal(f.Place), f.Excerpt))],
            // What was pinned by itself can still be accepted by a person, who has to see it.
            (isHeld || item.Kind == OfferedKind.Instructions && pin?.By == Pin.FirstUse) && item.Definition is { } definition ? [.. DefinitionDiff.Compare(isHeld ? pin?.Canonical : null, definition.Canonical).Select(c => new PinChangeView(c.Path, c.Before, c.After))] : [],
            isHeld ? Pretty(pin?.Canonical) : null,
            isHeld ? Pretty(item.Definition?.Canonical) : null);
    }

    // One member a line, as a diff of lines wants it.
    private static string? Pretty(string? canonical) =>
        canonical is null ? null : HiddenText.Reveal(System.Text.Json.Nodes.JsonNode.Parse(canonical, documentOptions: new() { MaxDepth = 256 })!.ToJsonString(Indented));

    private static readonly System.Text.Json.JsonSerializerOptions Indented = new() { WriteIndented = true, MaxDepth = 256, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
