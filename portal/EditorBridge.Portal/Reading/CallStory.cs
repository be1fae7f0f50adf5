using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

/// <summary>Everything the ledger knows of one call, in order. Payload texts come apart from it, because not everybody may read them.</summary>
public sealed record CallStory(AuditCall Call, ImmutableArray<AuditEntry> Entries)
{
    public AuditEntry? Review => Entries.LastOrDefault(entry => entry.Draft.Kind == EntryKind.ReviewOpened);

    /// <summary>What the account said about the reach, last; null when it was not read.</summary>
    public AuditEntry? Reach => Entries.LastOrDefault(entry => entry.Draft.Kind == EntryKind.ReviewReach);

    /// <summary>The file it is about, when it is about one.</summary>
    public string? Path => Review?.Draft.Facts is { } facts ? ReviewQuestion.TextOf(facts, "path") : null;

    /// <summary>Who approved first where two must; null when nobody has.</summary>
    public string? FirstApproval => Entries.LastOrDefault(entry => entry.Draft is { Kind: EntryKind.ReviewVerdict, Result: "approved_first" })?.Draft.Actor;

    /// <summary>Why it ended as it did: the reviewer's own words, else the last reason that was recorded. Why somebody read it is not one.</summary>
    public string? Reason => ReasonOf(Entries.Where(entry => entry.Draft.Kind == EntryKind.ReviewVerdict)) ?? ReasonOf(Entries.Where(entry => entry.Draft.Kind != EntryKind.Access));

    private static string? ReasonOf(IEnumerable<AuditEntry> entries) => entries
        .Select(entry => entry.Draft.Facts is { } facts ? ReviewQuestion.TextOf(facts, "reason") : null)
        .LastOrDefault(reason => reason is not null);
}

/// <summary>The texts of one call.</summary>
public sealed record CallTexts
{
    public static readonly CallTexts None = new();

    public string? Before { get; init; }
    /// <summary>What the agent proposed: the file's new text, the command or the statement.</summary>
    public string? Proposed { get; init; }
    /// <summary>What a person made of it.</summary>
    public string? Edited { get; init; }
    public string? Input { get; init; }
    public ImmutableArray<ReviewFinding> Findings { get; init; } = [];
    public ImmutableArray<ReviewObject> Objects { get; init; } = [];
    /// <summary>All payloads by name, with the entry they belong to, for the raw view.</summary>
    public ImmutableArray<(long Sequence, AuditPayload Payload)> All { get; init; } = [];

    public bool IsEmpty => Proposed is null && Input is null && All.IsEmpty;

    public static CallTexts From(CallStory story, ImmutableArray<(long Sequence, AuditPayload Payload)> payloads)
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (_, payload) in payloads) named.TryAdd(payload.Name, payload.Text);
        var question = story.Review is { } opened ? ReviewQuestion.From(opened, named) : null;
        var input = named.GetValueOrDefault("input");
        return new CallTexts
        {
            Before = named.GetValueOrDefault("before"),
            Proposed = question?.Proposed ?? named.GetValueOrDefault("after") ?? named.GetValueOrDefault("proposed") ?? MainText(input),
            Edited = named.GetValueOrDefault("edited"),
            Input = input,
            Findings = question?.Findings ?? [],
            Objects = question?.Objects ?? [],
            All = payloads,
        };
    }

    /// <summary>JSON with line breaks, for people; a text that is no JSON as it is.</summary>
    public static string Pretty(string text)
    {
        try
        {
            return JsonNode.Parse(text)?.ToJsonString(Indented) ?? text;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // The property a reader would look at first. The raw input stays one click away.
    private static string? MainText(string? input)
    {
        if (input is null) return null;
        try
        {
            if (JsonNode.Parse(input) is not JsonObject properties) return null;
            string[] names = ["content", "command", "sql", "statement", "query", "new_string", "new_source"];
            return names.Select(name => ReviewQuestion.TextOf(properties, name)).FirstOrDefault(text => text is not null);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
