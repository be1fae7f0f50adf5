using System.Collections.Immutable;
using System.Text.Json;

namespace EditorBridge.Trust;

/// <summary>One place where two definitions differ.</summary>
/// <param name="Path">Member names from the top, with dots: <c>inputSchema.properties.path.description</c>; array places in brackets.</param>
/// <param name="Before">The value before, hidden characters made visible; null when there was none.</param>
/// <param name="After">The value after, the same way; null when there is none any more.</param>
public sealed record DefinitionChange(string Path, string? Before, string? After);

/// <summary>What changed between two definitions, as a person reads it before accepting the new one.</summary>
public static class DefinitionDiff
{
    /// <param name="before">Canonical JSON; null when there was no definition.</param>
    /// <param name="after">Canonical JSON; null when there is none any more.</param>
    /// <returns>In the order of the members; empty when they are the same.</returns>
    public static ImmutableArray<DefinitionChange> Compare(string? before, string? after)
    {
        var changes = ImmutableArray.CreateBuilder<DefinitionChange>();
        using var old = before is null ? null : JsonDocument.Parse(before, Deep);
        using var changed = after is null ? null : JsonDocument.Parse(after, Deep);
        Compare("", old?.RootElement, changed?.RootElement, changes);
        return changes.ToImmutable();
    }

    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 256 };

    private static void Compare(string path, JsonElement? before, JsonElement? after, ImmutableArray<DefinitionChange>.Builder changes)
    {
        if (before is { ValueKind: JsonValueKind.Object } was && after is { ValueKind: JsonValueKind.Object } now)
        {
            foreach (var name in was.EnumerateObject().Select(p => p.Name).Concat(now.EnumerateObject().Select(p => p.Name)).Distinct())
                Compare(path.Length == 0 ? name : $"{path}.{name}", Member(was, name), Member(now, name), changes);
            return;
        }

        if (before is { ValueKind: JsonValueKind.Array } first && after is { ValueKind: JsonValueKind.Array } second)
        {
            for (var i = 0; i < Math.Max(first.GetArrayLength(), second.GetArrayLength()); i++)
                Compare($"{path}[{i}]", i < first.GetArrayLength() ? first[i] : null, i < second.GetArrayLength() ? second[i] : null, changes);
            return;
        }

        if (Text(before) == Text(after)) return;
        changes.Add(new DefinitionChange(HiddenText.Reveal(path), Shown(before), Shown(after)));
    }

    private static JsonElement? Member(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement? element) => element?.GetRawText();

    private static string? Shown(JsonElement? element) => element switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => HiddenText.Reveal(text.GetString()!),
        { } other => HiddenText.Reveal(other.GetRawText()),
    };
}
