using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;

namespace EditorBridge.Portal.Reading;

public sealed record ReviewFinding(string RuleId, string Severity, string Message, int Start, int Length);

public sealed record ReviewObject(string Name, string Kind, string Access);

/// <summary>
/// A review as the ledger tells it: the facts and payloads of its <c>review.opened</c> entry. What is missing stays empty:
/// an older or newer host's entry is shown with what it has, never guessed at.
/// </summary>
public sealed record ReviewQuestion
{
    public required string Id { get; init; }
    public required string CallId { get; init; }
    public required DateTimeOffset OpenedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public required string Title { get; init; }
    public string Summary { get; init; } = "";
    public required string Actor { get; init; }
    public string? Severity { get; init; }
    public string? Tool { get; init; }
    public string? Door { get; init; }
    public string? SessionId { get; init; }
    public string? Workspace { get; init; }
    public string? Path { get; init; }
    public string? Role { get; init; }
    public string? Warehouse { get; init; }
    public string? Account { get; init; }
    /// <summary>What the person last asked of the agent.</summary>
    public string? Prompt { get; init; }
    public ImmutableArray<string> Columns { get; init; } = [];
    /// <summary>What "the same again in this session" would let run; null when it is not offered.</summary>
    public string? SameAgain { get; init; }
    /// <summary>Who wrote the text in question, when it is a reviewer's own and was riskier than what had been proposed.</summary>
    public string? EditedBy { get; init; }
    public ImmutableArray<string> Rules { get; init; } = [];
    public bool ReasonRequired { get; init; }
    public bool TwoPeople { get; init; }
    /// <summary>Whether an edited text can be approved instead of the proposed one.</summary>
    public bool Editable { get; init; }
    /// <summary>False when the whole new text could not be worked out and only a fragment is shown.</summary>
    public bool Complete { get; init; } = true;
    public string? Before { get; init; }
    /// <summary>The whole proposed text of a file, or the proposed command or statement.</summary>
    public string? Proposed { get; init; }
    public string? Input { get; init; }
    public ImmutableArray<ReviewFinding> Findings { get; init; } = [];
    public ImmutableArray<ReviewObject> Objects { get; init; } = [];

    /// <summary>True when it does more with objects of the account than read them: then the account is asked how far it reaches.</summary>
    public bool ChangesObjects => Objects.Any(item => !item.Access.Equals("read", StringComparison.OrdinalIgnoreCase));

    /// <summary>What a reviewer would change or keep: the proposed text, else the tool's input.</summary>
    public string Text => Proposed ?? Input ?? "";

    public static ReviewQuestion From(AuditEntry entry, IReadOnlyDictionary<string, string> payloads)
    {
        var draft = entry.Draft;
        var facts = draft.Facts ?? [];
        var obligations = facts["obligations"] as JsonObject ?? facts;
        return new ReviewQuestion
        {
            Id = TextOf(facts, "reviewId") ?? draft.CallId,
            CallId = draft.CallId,
            OpenedAt = entry.At,
            ExpiresAt = Time(facts, "expiresAt"),
            Title = TextOf(facts, "title") ?? draft.Subject ?? draft.Tool ?? draft.CallId,
            Summary = TextOf(facts, "summary") ?? "",
            Actor = draft.Actor,
            Severity = draft.Severity ?? TextOf(facts, "severity"),
            Tool = draft.Tool,
            Door = draft.Door,
            SessionId = draft.SessionId,
            Workspace = TextOf(facts, "workspace"),
            Path = TextOf(facts, "path"),
            Role = TextOf(facts, "role"),
            Warehouse = TextOf(facts, "warehouse"),
            Account = TextOf(facts, "account"),
            Prompt = payloads.GetValueOrDefault("prompt"),
            Columns = TextsOf(payloads.GetValueOrDefault("columns")),
            SameAgain = facts["sessionScope"] is JsonObject scope ? TextOf(scope, "same") : null,
            EditedBy = TextOf(facts, "editedBy"),
            Rules = Names(facts["rules"]),
            ReasonRequired = Flag(obligations, "reasonRequired") ?? false,
            TwoPeople = Flag(obligations, "twoPeople") ?? false,
            Editable = TextOf(facts, "editableProperty") is not null,
            Complete = Flag(facts, "complete") ?? true,
            Before = payloads.GetValueOrDefault("before"),
            Proposed = payloads.GetValueOrDefault("after") ?? payloads.GetValueOrDefault("proposed"),
            Input = payloads.GetValueOrDefault("input"),
            Findings = FindingsOf(payloads.GetValueOrDefault("findings")),
            Objects = ObjectsOf(payloads.GetValueOrDefault("objects")),
        };
    }

    private static ImmutableArray<ReviewFinding> FindingsOf(string? json) =>
        [.. ItemsOf(json).Select(item => new ReviewFinding(
            TextOf(item, "ruleId") ?? "", (TextOf(item, "severity") ?? "none").ToLowerInvariant(), TextOf(item, "message") ?? "",
            Number(item, "start") ?? -1, Number(item, "length") ?? 0))];

    private static ImmutableArray<ReviewObject> ObjectsOf(string? json) =>
        [.. ItemsOf(json).Select(item => new ReviewObject(
            TextOf(item, "name") ?? "", TextOf(item, "kind") ?? "", TextOf(item, "access") ?? ""))];

    private static IEnumerable<JsonObject> ItemsOf(string? json) => ArrayOf(json).OfType<JsonObject>();

    private static ImmutableArray<string> TextsOf(string? json) => [.. ArrayOf(json).OfType<JsonValue>().Select(value => value.TryGetValue(out string? text) ? text : null).OfType<string>()];

    private static JsonArray ArrayOf(string? json)
    {
        if (string.IsNullOrEmpty(json)) return [];
        try
        {
            return JsonNode.Parse(json) as JsonArray ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static ImmutableArray<string> Names(JsonNode? rules) => rules is JsonArray array
        ? [.. array.Select(rule => rule switch
        {
            JsonObject named => TextOf(named, "id"),
            JsonValue value when value.TryGetValue(out string? id) => id,
            _ => null,
        }).OfType<string>()]
        : [];

    internal static string? TextOf(JsonObject facts, string name) =>
        facts[name] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    internal static bool? Flag(JsonObject facts, string name) =>
        facts[name] is JsonValue value && value.TryGetValue(out bool flag) ? flag : null;

    private static int? Number(JsonObject facts, string name) =>
        facts[name] is JsonValue value && value.TryGetValue(out int number) ? number : null;

    private static DateTimeOffset? Time(JsonObject facts, string name) =>
        TextOf(facts, name) is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
