using System.Text.Json;

namespace EditorBridge.Snowflake;

/// <summary>
/// What EditorBridge itself asks the account, beside what agents ask: its tag in QUERY_HISTORY names a purpose and no call. Such a statement only ever
/// reads; one that carries the tag and does more is somebody else's.
/// </summary>
public static class OwnQuestions
{
    // USE and MULTI_STATEMENT: where the user's secondary roles are on, a question goes behind the statement that switches them off. Each has a row of its own.
    private static readonly string[] Reading = ["SELECT", "SHOW", "DESCRIBE", "EXPLAIN", "LIST_FILES", "USE", "MULTI_STATEMENT", "UNKNOWN"];

    public static string Tag(string purpose) => $"{{\"app\":\"editorbridge\",\"purpose\":\"{purpose}\"}}";

    /// <summary>True for a statement that only EditorBridge's own looking around sends.</summary>
    public static bool IsOne(AccountUse use) =>
        use.View == UsageView.Queries && Member(use.Tag, "purpose") is not null && Member(use.Tag, "call") is null
        && use.StatementType is { } type && Reading.Contains(type, StringComparer.OrdinalIgnoreCase);

    /// <summary>The call a statement's tag names; null when the tag is not ours or names none.</summary>
    public static string? CallOf(AccountUse use) => Member(use.Tag, "app") == "editorbridge" ? Member(use.Tag, "call") : null;

    private static string? Member(string? tag, string name)
    {
        if (tag is null || !tag.StartsWith('{'))
        {
            return null;
        }
        try
        {
            using var json = JsonDocument.Parse(tag);
            return json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
