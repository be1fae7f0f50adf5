using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Setup;

/// <summary>
/// A Claude Code settings file that is partly ours. Only the members we set are touched: installing twice changes nothing,
/// removing takes out what is still as we wrote it and leaves what somebody else changed, and a check names every difference.
/// </summary>
internal sealed class ClaudeSettingsFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject _root;

    private ClaudeSettingsFile(string path, JsonObject root)
    {
        Path = path;
        _root = root;
    }

    public string Path { get; }

    public string Text => _root.ToJsonString(Indented) + "\n";

    public bool IsEmpty => _root.Count == 0;

    /// <summary>Reads a file; one that is not there is empty.</summary>
    /// <exception cref="SetupException">The file is not a JSON object; it is left as it is.</exception>
    public static ClaudeSettingsFile Read(string path)
    {
        if (!File.Exists(path)) return new(path, []);
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }) is JsonObject root
                ? new(path, root)
                : throw new SetupException($"{path} is not a JSON object. Nothing was changed; mend or move the file and run the command again.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message} Nothing was changed; mend or move the file and run the command again.");
        }
    }

    /// <summary>Lays these members over the file's: objects are joined, hook lists get our entry once, everything else is set.</summary>
    public void Apply(JsonObject ours) => Merge(_root, ours);

    /// <summary>Takes out these members where they are still as we wrote them.</summary>
    public void Remove(JsonObject ours) => Take(_root, ours);

    /// <summary>Every place where the file differs from what we would install, for people.</summary>
    public IEnumerable<string> Drift(JsonObject ours) => Differences(_root, ours, "");

    private static void Merge(JsonObject target, JsonObject ours)
    {
        foreach (var (name, value) in ours)
        {
            if (value is JsonObject inner && target[name] is JsonObject existing) Merge(existing, inner);
            else if (value is JsonArray list && target[name] is JsonArray given) AddMissing(given, list);
            else target[name] = value?.DeepClone();
        }
    }

    private static void AddMissing(JsonArray target, JsonArray ours)
    {
        foreach (var item in ours)
            if (!target.Any(existing => JsonNode.DeepEquals(existing, item))) target.Add(item?.DeepClone());
    }

    private static void Take(JsonObject target, JsonObject ours)
    {
        foreach (var (name, value) in ours)
        {
            if (target[name] is not { } existing) continue;
            if (value is JsonObject inner && existing is JsonObject nested)
            {
                Take(nested, inner);
                if (nested.Count == 0) target.Remove(name);
            }
            else if (value is JsonArray list && existing is JsonArray given)
            {
                foreach (var item in given.Where(g => list.Any(l => JsonNode.DeepEquals(g, l))).ToArray()) given.Remove(item);
                if (given.Count == 0) target.Remove(name);
            }
            else if (JsonNode.DeepEquals(existing, value))
            {
                target.Remove(name);
            }
        }
    }

    private static IEnumerable<string> Differences(JsonObject actual, JsonObject expected, string at)
    {
        foreach (var (name, value) in expected)
        {
            var place = at.Length == 0 ? name : $"{at}.{name}";
            var found = actual[name];
            if (value is JsonObject inner && found is JsonObject nested)
            {
                foreach (var difference in Differences(nested, inner, place)) yield return difference;
            }
            else if (value is JsonArray list && found is JsonArray given)
            {
                if (list.Any(l => !given.Any(g => JsonNode.DeepEquals(g, l)))) yield return $"{place}: our entry is missing or changed";
            }
            else if (!JsonNode.DeepEquals(found, value))
            {
                // Tokens stand in these files; a difference never prints them.
                yield return found is null ? $"{place}: missing" : $"{place}: changed";
            }
        }
    }
}

/// <summary>An installation could not be done. The message says what was not changed and what to do.</summary>
internal sealed class SetupException(string message) : Exception(message);
