using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Policy;
using EditorBridge.Sql;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace EditorBridge.Policies;

/// <summary>An action to try a policy on: of <c>policy explain</c>, <c>policy test</c> or the record.</summary>
internal sealed record PolicyCase
{
    public required string Name { get; init; }
    public required string Tool { get; init; }
    public required JsonElement Input { get; init; }
    public Door Door { get; init; } = Door.Hook;
    public string? Workspace { get; init; }
    public string? Account { get; init; }
    public string? Role { get; init; }
    public string? Warehouse { get; init; }
    public string? Home { get; init; }
    /// <summary>EditorBridge's own folder, which rules protect; null when it is not to be told from others.</summary>
    public string? StateFolder { get; init; }
    /// <summary>The host's port, which commands must not reach.</summary>
    public int? Port { get; init; }
    /// <summary>Governance tags by object and column (<see cref="ActionFacts.Tags"/>); null when nobody asked for them.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>>? Tags { get; init; }
    /// <summary>Null for now.</summary>
    public DateTimeOffset? At { get; init; }
    /// <summary>What must come out; null when the case only asks.</summary>
    public Effect? Expected { get; init; }
    /// <summary>Rules that must be among those that count.</summary>
    public ImmutableArray<string> ExpectedRules { get; init; } = [];
    /// <summary>Line of the case in its file, from 1.</summary>
    public int Line { get; init; }

    /// <summary>The facts the gate would see. Files are read through <paramref name="readFile"/>.</summary>
    public ActionFacts Facts(Func<string, string?> readFile)
    {
        var request = new ActionRequest { Door = Door, Tool = Tool, Input = Input.GetRawText(), Actor = "policy", Workspace = Workspace };
        var facts = ActionReading.Read(request, new GateContext(Account, Role, Warehouse, StateFolder, Port), At ?? DateTimeOffset.Now, readFile, followsLinks: false).Facts;
        return facts with { Home = Home ?? facts.Home, Tags = Tags };
    }
}

/// <summary>A file of cases for <c>policy test</c> (docs/policy.md).</summary>
internal sealed record PolicyCases(ImmutableArray<PolicyCase> Cases, ImmutableArray<PolicyProblem> Problems)
{
    public static PolicyCases Parse(string text, string name)
    {
        var cursor = new YamlCursor(name);
        var cases = ImmutableArray.CreateBuilder<PolicyCase>();
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count == 1) Read(stream.Documents[0].RootNode, cursor, cases);
            else cursor.Error("The file must hold one YAML document with 'version: 1' and 'cases'.");
        }
        catch (YamlException e)
        {
            cursor.Error(e.Start, $"This is not valid YAML: {e.InnerException?.Message ?? e.Message}");
        }
        return new PolicyCases(cursor.HasErrors ? [] : cases.ToImmutable(), cursor.Problems);
    }

    private static void Read(YamlNode root, YamlCursor cursor, ImmutableArray<PolicyCase>.Builder cases)
    {
        var top = cursor.Mapping(root, "the file", "version", "defaults", "cases");
        if (!top.TryGetValue("version", out var version) || version is not YamlScalarNode { Value: "1" }) cursor.Error(version ?? root, "Write 'version: 1'.");
        var defaults = new PolicyCase { Name = "", Tool = "", Input = default };
        if (top.TryGetValue("defaults", out var node)) defaults = Context(cursor.Mapping(node, "'defaults'", ContextKeys), defaults, cursor);
        if (!top.TryGetValue("cases", out var list)) cursor.Error(root, "'cases' is missing.");
        else
            foreach (var item in cursor.Sequence(list, "'cases'")) ReadCase(item, defaults, cursor, cases);
    }

    private static readonly string[] ContextKeys = ["workspace", "account", "role", "warehouse", "door", "at", "home", "tags"];

    private static void ReadCase(YamlNode node, PolicyCase defaults, YamlCursor cursor, ImmutableArray<PolicyCase>.Builder cases)
    {
        var keys = cursor.Mapping(node, "a case", ["name", "action", "expect", "rules", .. ContextKeys]);
        foreach (var needed in new[] { "name", "action", "expect" })
            if (!keys.ContainsKey(needed)) cursor.Error(node, $"This case has no '{needed}'.");
        if (!keys.TryGetValue("name", out var nameNode) || !keys.TryGetValue("action", out var actionNode) || !keys.TryGetValue("expect", out var expectNode)) return;
        var action = cursor.Mapping(actionNode, "'action'", "tool", "input");
        if (!action.TryGetValue("tool", out var toolNode)) cursor.Error(actionNode, "'action' has no 'tool'.");
        var tool = toolNode is null ? null : cursor.Text(toolNode, "'tool'");
        if (cursor.Text(nameNode, "'name'") is not { } name || tool is null || cursor.Word<Effect>(expectNode, "'expect'") is not { } expected) return;
        cases.Add(Context(keys, defaults, cursor) with
        {
            Name = name,
            Tool = tool,
            Input = JsonSerializer.SerializeToElement(action.TryGetValue("input", out var input) ? Json(input) : new JsonObject()),
            Expected = expected,
            ExpectedRules = keys.TryGetValue("rules", out var rules) ? cursor.Texts(rules, "'rules'") : [],
            Line = (int)node.Start.Line,
        });
    }

    private static PolicyCase Context(Dictionary<string, YamlNode> keys, PolicyCase defaults, YamlCursor cursor)
    {
        string? Text(string key, string? otherwise) => keys.TryGetValue(key, out var node) ? cursor.Text(node, $"'{key}'") : otherwise;
        return defaults with
        {
            Workspace = Text("workspace", defaults.Workspace),
            Account = Text("account", defaults.Account),
            Role = Text("role", defaults.Role),
            Warehouse = Text("warehouse", defaults.Warehouse),
            Home = Text("home", defaults.Home),
            Door = keys.TryGetValue("door", out var door) ? cursor.Word<Door>(door, "'door'") ?? defaults.Door : defaults.Door,
            At = keys.TryGetValue("at", out var at) ? Time(at, cursor) : defaults.At,
            Tags = keys.TryGetValue("tags", out var tags) ? CaseTags.Read(tags, cursor) : defaults.Tags,
        };
    }

    private static DateTimeOffset? Time(YamlNode node, YamlCursor cursor)
    {
        if (cursor.Text(node, "'at'") is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time)) return time;
        cursor.Error(node, "'at' must be a time such as \"2026-03-02T12:00:00+01:00\".");
        return null;
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create((child.Key as YamlScalarNode)?.Value ?? "", Json(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } flag => JsonValue.Create(flag.Value == "true"),
        YamlScalarNode { Style: ScalarStyle.Plain } number when long.TryParse(number.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => JsonValue.Create(value),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "null" or "~" } => null,
        _ => JsonValue.Create((node as YamlScalarNode)?.Value),
    };
}
