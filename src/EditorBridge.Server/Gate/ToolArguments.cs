using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using EditorBridge.Policy;

namespace EditorBridge.Gate;

/// <summary>What the input of an MCP tool's call says, value by value, and which of the values are paths.</summary>
internal static partial class ToolArguments
{
    /// <summary>More places than a person could look at, or a rule be asked about in time.</summary>
    private const int MostPaths = 1000;

    private const int LongestPath = 4096;

    /// <summary>Every value with the members that lead to it. Empty for what is no tool of an MCP server.</summary>
    public static ImmutableArray<ToolArgument> Of(string tool, JsonElement input)
    {
        if (McpToolName.Of(tool) is null) return [];
        var found = ImmutableArray.CreateBuilder<ToolArgument>();
        Add("", input, found);
        return found.ToImmutable();
    }

    /// <summary>
    /// The values that are paths, each once: what stands under a name that says so (<c>path</c>, <c>repo_path</c>, <c>files</c>, <c>cwd</c> …), and whatever begins like a path or climbs
    /// out of a folder. A server reads its own arguments, so this errs towards too many.
    /// </summary>
    /// <exception cref="InvalidDataException">There are more than can be judged.</exception>
    public static string[] PathsIn(IEnumerable<ToolArgument> arguments)
    {
        var paths = arguments.Select(PathOf).OfType<string>().Distinct(StringComparer.Ordinal).Take(MostPaths + 1).ToArray();
        return paths.Length <= MostPaths ? paths : throw new InvalidDataException($"The call names more than {MostPaths} paths, which nobody could judge.");
    }

    private static string? PathOf(ToolArgument argument)
    {
        var text = argument.Value;
        if (text.Length is 0 or > LongestPath || text.AsSpan().ContainsAny('\n', '\r', '\0')) return null;
        if (text.StartsWith("file:", StringComparison.OrdinalIgnoreCase)) return Uri.TryCreate(text, UriKind.Absolute, out var address) ? Uri.UnescapeDataString(address.AbsolutePath) : text["file:".Length..];
        if (text.Contains("://", StringComparison.Ordinal)) return null;
        return Rooted().IsMatch(text) || Climbing().IsMatch(text) || PathName().IsMatch(argument.Name) ? text : null;
    }

    private static void Add(string name, JsonElement value, ImmutableArray<ToolArgument>.Builder found)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject()) Add(name.Length == 0 ? member.Name : $"{name}.{member.Name}", member.Value, found);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) Add(name, item, found);
                break;
            case JsonValueKind.String:
                found.Add(new ToolArgument(name, value.GetString()!));
                break;
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                found.Add(new ToolArgument(name, value.GetRawText()));
                break;
        }
    }

    [GeneratedRegex(@"^(?:[/\\]|~(?:[/\\]|$)|\.{1,2}(?:[/\\]|$)|[A-Za-z]:[/\\])")]
    private static partial Regex Rooted();

    [GeneratedRegex(@"(?:^|[/\\])\.\.(?:[/\\]|$)")]
    private static partial Regex Climbing();

    [GeneratedRegex(@"(?:^|[._-]|(?<=[a-z])(?=[A-Z]))(?i:paths?|files?|file_?names?|dir|dirs|director(?:y|ies)|folders?|roots?|source|destination|src|dst|dest|target|cwd|repo|repository|uri)$")]
    private static partial Regex PathName();
}
