using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;

namespace EditorBridge.Portal.Reading;

/// <param name="Outcome">answered, notFound, failed, notAsked.</param>
public sealed record ReachedAnswer(string Question, string Outcome, string Answer, ImmutableArray<string> Lines, string Sql, bool MayBeOld);

/// <param name="Undo">notNeeded, possible, partly, impossible.</param>
public sealed record ReachedStatement(string Title, ImmutableArray<ReachedAnswer> Answers, ImmutableArray<string> Unknown, string Undo, string UndoExplanation, ImmutableArray<string> UndoStatements, ImmutableArray<string> Prepare);

/// <summary>What the account said about the reach of a review, as its <c>review.reach</c> entry tells. What is missing stays empty.</summary>
public sealed record ReviewReach(DateTimeOffset ReadAt, string? Account, string? Role, string? Problem, ImmutableArray<ReachedStatement> Statements)
{
    public static ReviewReach From(AuditEntry entry, string? payload)
    {
        var facts = entry.Draft.Facts ?? [];
        return new ReviewReach(entry.At, ReviewQuestion.TextOf(facts, "account"), ReviewQuestion.TextOf(facts, "role"), ReviewQuestion.TextOf(facts, "problem"), [.. StatementsOf(payload)]);
    }

    private static IEnumerable<ReachedStatement> StatementsOf(string? json)
    {
        foreach (var statement in Objects(Parsed(json)?["statements"]))
        {
            var undo = statement["undo"] as JsonObject ?? [];
            yield return new ReachedStatement(
                Text(statement, "title"),
                [.. Objects(statement["answers"]).Select(answer => new ReachedAnswer(
                    Text(answer, "question"), Text(answer, "outcome"), Text(answer, "answer"), Texts(answer["lines"]), Text(answer, "sql"), ReviewQuestion.Flag(answer, "mayBeOld") ?? false))],
                Texts(statement["unknown"]), Text(undo, "undo"), Text(undo, "explanation"), Texts(undo["statements"]), Texts(undo["prepare"]));
        }
    }

    private static JsonObject? Parsed(string? json)
    {
        if (string.IsNullOrEmpty(json)) return null;
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => list is JsonArray array ? array.OfType<JsonObject>() : [];

    private static ImmutableArray<string> Texts(JsonNode? list) =>
        list is JsonArray array ? [.. array.OfType<JsonValue>().Select(value => value.TryGetValue(out string? text) ? text : value.ToJsonString())] : [];

    private static string Text(JsonObject holder, string name) => ReviewQuestion.TextOf(holder, name) ?? "";
}
