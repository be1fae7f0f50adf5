using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Sql;
using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>The shapes of the entries about pins, written here and read back here. Described in docs/audit-format.md.</summary>
internal static class PinEntries
{
    private const string Json = "application/json";
    private const int Page = 500;

    public static string NewCallId() => "pin-" + Guid.CreateVersion7().ToString("N");

    public static AuditDraft Held(string server, OfferedItem item, HeldPin held, Pin? pin) => new()
    {
        Kind = EntryKind.PinHeld,
        CallId = held.CallId,
        Actor = "host",
        Door = "mcp",
        Subject = PinWords.Headline(held.Reason, item.Kind, item.Name, server),
        Result = GateEntries.Wirename(held.Reason),
        Severity = GateEntries.Wirename(item.Findings.Select(f => f.Severity).Append(pin is null ? Severity.Medium : Severity.High).Max()),
        Facts = new JsonObject
        {
            ["server"] = server,
            ["definition"] = GateEntries.Wirename(item.Kind),
            ["name"] = PinWords.Shown(item.Name),
            ["fingerprint"] = held.Fingerprint,
            ["acceptedFingerprint"] = pin?.Fingerprint,
            ["findings"] = new JsonArray([.. item.Findings.Select(f => f.Id).Distinct().Select(id => (JsonNode?)id)]),
        },
        Payloads = Texts(("before", pin?.Canonical), ("after", item.Definition!.Canonical)),
    };

    public static AuditDraft FirstUse(string server, IReadOnlyCollection<OfferedItem> items) => new()
    {
        Kind = EntryKind.PinAccepted,
        CallId = NewCallId(),
        Actor = "host",
        Door = "mcp",
        Subject = $"{server}: {(items.All(i => i.Kind == OfferedKind.Launch) ? "how it is started was" : $"{items.Count} definitions")} pinned at first use",
        Result = "firstUse",
        Facts = new JsonObject { ["server"] = server, ["definitions"] = Definitions(items) },
        Payloads = Texts(("after", "[" + string.Join(',', items.Select(i => i.Definition!.Canonical)) + "]")),
    };

    public static AuditDraft Decided(PinDecision decision, ImmutableArray<OfferedItem> items, ServerPins pins, string person, string surface)
    {
        var one = items is [var only] ? only : null;
        var key = one is null ? null : PinBook.KeyOf(one.Kind, one.Name);
        return new AuditDraft
        {
            Kind = decision.Accept ? EntryKind.PinAccepted : EntryKind.PinRejected,
            CallId = (key is null ? null : pins.Held.GetValueOrDefault(key)?.CallId) ?? NewCallId(),
            Actor = "person:" + person,
            Door = surface,
            Subject = $"{decision.Server}: {(one is null ? $"{items.Length} definitions" : one.Kind == OfferedKind.Launch ? "how it is started was" : $"the {PinWords.Of(one.Kind)} {PinWords.Shown(one.Name)}")} {(decision.Accept ? "accepted" : "rejected")}",
            Result = decision.Accept ? "accepted" : "rejected",
            Facts = new JsonObject { ["server"] = decision.Server, ["definitions"] = Definitions(items), ["person"] = person, ["surface"] = surface, ["reason"] = decision.Reason },
            Payloads = one is null
                ? Texts(("after", "[" + string.Join(',', items.Select(i => i.Definition!.Canonical)) + "]"))
                : Texts(("before", pins.Pins.GetValueOrDefault(key!)?.Canonical), ("after", one.Definition!.Canonical)),
        };
    }

    public static AuditDraft WithoutEntry(string server, Pin pin, string? rejectedBy) => GateEntries.Incident(NewCallId(), sessionId: null, "host", "pinWithoutEntry",
        $"The pin of the {PinWords.Of(pin.Kind)} {PinWords.Shown(pin.Name)} of {server} {(rejectedBy is null
            ? "has no entry in the ledger: mcp-pins.json was changed by something else."
            : $"was rejected by {rejectedBy} after it was accepted: mcp-pins.json is an older one.")} It does not count.",
        new JsonObject { ["server"] = server, ["fingerprint"] = pin.Fingerprint });

    /// <summary>The last decision about every definition that was ever decided about, as the ledger has it.</summary>
    /// <exception cref="LedgerUnreadableException">The ledger cannot be read.</exception>
    /// <exception cref="LedgerQueryTimeoutException">It took too long.</exception>
    public static async Task<FrozenDictionary<(string Server, string Fingerprint), PinWord>> DecisionsAsync(string ledgerFolder, CancellationToken cancellationToken)
    {
        using var reader = LedgerReader.Open(ledgerFolder, TimeSpan.FromSeconds(30));
        var decisions = new Dictionary<(string, string), PinWord>();
        long? before = null;
        while (true)
        {
            // Newest first, so the first word about a definition is the last that was said.
            var page = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.PinAccepted, EntryKind.PinRejected] }, before, Page, cancellationToken);
            foreach (var entry in page)
                foreach (var definition in entry.Draft.Facts?["definitions"] as JsonArray ?? [])
                    if (entry.Draft.Facts!["server"].Text() is { } server && definition.Member("fingerprint").Text() is { } fingerprint)
                        decisions.TryAdd((server, fingerprint), new PinWord(entry.Draft.Kind == EntryKind.PinAccepted, entry.Draft.Facts["person"].Text(), GateEntries.Parse<OfferedKind>(definition.Member("definition").Text())));
            if (page.Length < Page) return decisions.ToFrozenDictionary();
            before = page[^1].Sequence;
        }
    }

    private static JsonArray Definitions(IEnumerable<OfferedItem> items) => new([.. items.Select(item => (JsonNode?)new JsonObject
    {
        ["definition"] = GateEntries.Wirename(item.Kind),
        ["name"] = PinWords.Shown(item.Name),
        ["fingerprint"] = item.Definition!.Fingerprint,
    })]);

    private static ImmutableArray<AuditPayload> Texts(params (string Name, string? Text)[] payloads) =>
        [.. payloads.Where(p => p.Text is not null).Select(p => new AuditPayload(p.Name, Json, p.Text!))];
}

/// <summary>The last word about a definition.</summary>
/// <param name="Person">Whose it is; null where it was pinned at first use.</param>
internal sealed record PinWord(bool Accepted, string? Person, OfferedKind Kind);
