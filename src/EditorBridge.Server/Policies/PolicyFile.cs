using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Policy;
using EditorBridge.Sql;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace EditorBridge.Policies;

/// <summary>One policy file, read. The format is docs/policy.md and docs/policy.schema.json.</summary>
/// <param name="Rules">Empty when there are errors: half a policy is no policy.</param>
/// <param name="Locked">Default rules the administrator keeps users from relaxing.</param>
internal sealed record PolicyFile(ImmutableArray<PolicyRule> Rules, ImmutableArray<string> Locked, ImmutableArray<PolicyProblem> Problems)
{
    /// <summary>Hosts a launched agent may reach past EditorBridge; the managed policy's alone.</summary>
    public ImmutableArray<EgressHost> Egress { get; init; } = [];

    public bool IsBroken => Problems.Any(problem => problem.IsError);

    /// <param name="name">The file's name for messages.</param>
    public static PolicyFile Parse(string text, string name, PolicyLayer layer)
    {
        var cursor = new YamlCursor(name);
        var root = ReadYaml(text, cursor);
        if (root is null) return new PolicyFile([], [], cursor.Problems);
        var file = new PolicyFileReader(cursor, layer).Read(root);
        return cursor.HasErrors ? new PolicyFile([], [], cursor.Problems) : file with { Problems = cursor.Problems };
    }

    internal static YamlNode? ReadYaml(string text, YamlCursor cursor)
    {
        try
        {
            if (FindAlias(text) is { } alias)
            {
                cursor.Error(alias, "Anchors and aliases (& and *) are not read here. Write the value out; a pattern that starts with * needs quotes.");
                return null;
            }
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count == 1) return stream.Documents[0].RootNode;
            cursor.Error(stream.Documents.Count == 0
                ? "The file is empty. Write 'version: 1' and 'rules:', or remove the file."
                : "The file holds more than one YAML document. Remove the '---' lines between them.");
        }
        catch (YamlException e)
        {
            cursor.Error(e.Start, $"This is not valid YAML: {e.InnerException?.Message ?? e.Message}");
        }
        return null;
    }

    // Aliases make a small file a large tree; nothing in a policy needs them.
    private static Mark? FindAlias(string text)
    {
        var parser = new Parser(new StringReader(text));
        while (parser.MoveNext())
        {
            if (parser.Current is AnchorAlias alias) return alias.Start;
            if (parser.Current is NodeEvent { Anchor.IsEmpty: false } anchored) return anchored.Start;
        }
        return null;
    }
}

/// <summary>Turns the nodes of a policy file into rules.</summary>
internal sealed class PolicyFileReader(YamlCursor cursor, PolicyLayer layer)
{
    private static readonly string[] MatchKeys =
    [
        "tools", "mcp_tools", "arguments", "doors", "roles", "warehouses", "accounts", "workspaces", "when", "paths", "access", "commands", "classes", "reasons", "objects", "object_kinds", "object_access", "columns", "tags", "severity", "uncertain", "chain", "sql_in_action", "known_read_only",
    ];

    public PolicyFile Read(YamlNode root)
    {
        var top = cursor.Mapping(root, "the policy", "version", "locked", "egress", "rules");
        if (!top.TryGetValue("version", out var version)) cursor.Error(root, "'version' is missing. Write 'version: 1'.");
        else if (version is not YamlScalarNode { Value: "1" }) cursor.Error(version, "'version' must be 1, the only one there is.");
        var locked = top.TryGetValue("locked", out var lockedNode) ? ReadLocked(lockedNode) : [];
        var egress = top.TryGetValue("egress", out var egressNode) ? ReadEgress(egressNode) : [];
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        if (top.TryGetValue("rules", out var ruleNodes))
        {
            foreach (var node in cursor.Sequence(ruleNodes, "'rules'"))
                if (ReadRule(node, ids) is { } rule) rules.Add(rule);
        }
        else if (locked.IsEmpty && egress.IsEmpty)
        {
            cursor.Error(root, "'rules' is missing. Write 'rules: []' when there are none.");
        }
        return new PolicyFile(rules.ToImmutable(), locked, []) { Egress = egress };
    }

    private ImmutableArray<EgressHost> ReadEgress(YamlNode node)
    {
        if (layer != PolicyLayer.Managed) cursor.Error(node, "'egress' belongs in the managed policy only: it says where an agent may connect past EditorBridge.");
        var hosts = ImmutableArray.CreateBuilder<EgressHost>();
        foreach (var text in cursor.Texts(node, "'egress'"))
        {
            if (EgressHost.Parse(text) is { } host) hosts.Add(host);
            else cursor.Error(node, $"'{text}' is no host. Write registry.example.com, *.example.com, or registry.example.com:8443.");
        }

        return hosts.ToImmutable();
    }

    private ImmutableArray<string> ReadLocked(YamlNode node)
    {
        if (layer != PolicyLayer.Managed) cursor.Error(node, "'locked' belongs in the managed policy only.");
        var locked = cursor.Texts(node, "'locked'");
        foreach (var pattern in locked.Where(pattern => !DefaultRuleIds(pattern).Any())) cursor.Error(node, $"No default rule is called '{pattern}'. See 'editorbridge policy show'.");
        return locked;
    }

    private PolicyRule? ReadRule(YamlNode node, HashSet<string> ids)
    {
        var keys = cursor.Mapping(node, "a rule", "id", "description", "match", "except", "effect", "relaxes", "obligations");
        var id = Required(keys, node, "id") is { } idNode ? cursor.Text(idNode, "'id'") : null;
        if (id is not null) CheckId(keys["id"], id, ids);
        var effect = Required(keys, node, "effect") is { } effectNode ? cursor.Word<Effect>(effectNode, "'effect'") : null;
        var match = Required(keys, node, "match") is { } matchNode ? ReadMatch(matchNode, "'match'") : null;
        var except = keys.TryGetValue("except", out var exceptNode) ? ReadMatch(exceptNode, "'except'") : null;
        var relaxes = keys.TryGetValue("relaxes", out var relaxesNode) ? ReadRelaxes(relaxesNode) : [];
        var obligations = keys.TryGetValue("obligations", out var duties) ? ReadObligations(duties) : Obligations.None;
        if (id is null || effect is null || match is null) return null;
        CheckLayer(keys, id, effect.Value, relaxes);
        return new PolicyRule
        {
            Id = id,
            Description = keys.TryGetValue("description", out var text) ? cursor.Text(text, "'description'") ?? id : $"Rule {id}",
            Layer = layer,
            Match = match,
            Except = except,
            Effect = effect.Value,
            Relaxes = relaxes,
            Obligations = obligations,
        };
    }

    private void CheckId(YamlNode node, string id, HashSet<string> ids)
    {
        if (!ids.Add(id)) cursor.Error(node, $"Two rules are called '{id}'. Give each its own id.");
        if (id.StartsWith("default.", StringComparison.Ordinal)) cursor.Error(node, "Ids that start with 'default.' belong to the rules that ship. To change one, write a rule of your own that 'relaxes' it.");
        if (!id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')) cursor.Error(node, $"The id '{id}' may hold letters, digits, '-', '_' and '.' only.");
    }

    private void CheckLayer(Dictionary<string, YamlNode> keys, string id, Effect effect, ImmutableArray<string> relaxes)
    {
        if (layer == PolicyLayer.Workspace && effect == Effect.Allow)
            cursor.Error(keys["effect"], "A workspace policy can only tighten, because an agent can write it: 'effect' must be review or deny. Put this rule into the user policy.");
        if (layer == PolicyLayer.Workspace && !relaxes.IsEmpty)
            cursor.Error(keys["relaxes"], "A workspace policy can only tighten, because an agent can write it: 'relaxes' belongs in the user or the managed policy.");
        if (layer != PolicyLayer.Workspace && effect == Effect.Allow && relaxes.IsEmpty)
            cursor.Warning(keys["effect"], $"Rule '{id}' allows but relaxes no default rule, so a stricter default rule still wins. Add 'relaxes' with the ids that 'editorbridge policy explain' shows.");
    }

    private ImmutableArray<string> ReadRelaxes(YamlNode node)
    {
        var patterns = cursor.Texts(node, "'relaxes'");
        foreach (var pattern in patterns)
        {
            var rules = DefaultRuleIds(pattern).ToArray();
            if (rules.Length == 0) cursor.Error(node, $"No default rule is called '{pattern}'. Only rules that ship can be relaxed; 'editorbridge policy show' lists them.");
            else if (layer == PolicyLayer.User && rules.All(rule => rule.Locked)) cursor.Error(node, $"'{pattern}' protects EditorBridge itself and can be relaxed by a managed policy only.");
        }
        return patterns;
    }

    private static IEnumerable<PolicyRule> DefaultRuleIds(string pattern) =>
        PolicySet.Default.Rules.Where(rule => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, rule.Id));

    private RuleMatch ReadMatch(YamlNode node, string what)
    {
        var keys = cursor.Mapping(node, what, MatchKeys);
        if (node is YamlMappingNode { Children.Count: 0 }) cursor.Error(node, $"{what} has no condition. To mean every action, write 'tools: \"*\"'.");
        ImmutableArray<string> Texts(string key) => keys.TryGetValue(key, out var value) ? cursor.Texts(value, $"'{key}'") : [];
        ImmutableArray<T> Words<T>(string key) where T : struct, Enum => keys.TryGetValue(key, out var value) ? cursor.Words<T>(value, $"'{key}'") : [];
        T? Word<T>(string key) where T : struct, Enum => keys.TryGetValue(key, out var value) ? cursor.Word<T>(value, $"'{key}'") : null;
        bool? Flag(string key) => keys.TryGetValue(key, out var value) ? cursor.Flag(value, $"'{key}'") : null;

        var match = new RuleMatch
        {
            Tools = Texts("tools"),
            McpTools = Texts("mcp_tools"),
            Arguments = Texts("arguments"),
            Doors = Words<Door>("doors"),
            Roles = Texts("roles"),
            Warehouses = Texts("warehouses"),
            Accounts = Texts("accounts"),
            Workspaces = Texts("workspaces"),
            When = keys.TryGetValue("when", out var when) ? ReadWindow(when) : null,
            Paths = Texts("paths"),
            Access = Word<PathAccess>("access"),
            Commands = Texts("commands"),
            Classes = Words<StatementClass>("classes"),
            Reasons = Texts("reasons"),
            Objects = Texts("objects"),
            ObjectKinds = Texts("object_kinds"),
            ObjectAccess = Words<ObjectAccess>("object_access"),
            Columns = Texts("columns"),
            Tags = Texts("tags"),
            Severity = Word<Severity>("severity"),
            Uncertain = Flag("uncertain"),
            Chain = Flag("chain") ?? false,
            SqlInAction = Flag("sql_in_action"),
            KnownReadOnly = Flag("known_read_only"),
        };
        CheckKinds(node, match);
        foreach (var pattern in match.McpTools.Where(pattern => !McpToolName.IsPattern(pattern)))
            cursor.Error(keys["mcp_tools"], $"'{pattern}' is no tool of an MCP server. Write server:tool, such as 'tracker:search_*', or 'tracker:*' for all of a server.");
        foreach (var pattern in match.Arguments.Where(pattern => !ArgumentPattern.IsPattern(pattern)))
            cursor.Error(keys["arguments"], $"'{pattern}' is no argument and value. Write name=value, such as 'project=demo-*', or '*=-*' for any argument that begins with a dash.");
        return match;
    }

    // A part of an action is a path, a program or a statement, never two of them; such a rule would never match.
    private void CheckKinds(YamlNode node, RuleMatch match)
    {
        foreach (var command in match.Commands.Where(command => command.Contains(' ', StringComparison.Ordinal) && command is [.., var last, '*'] && char.IsLetterOrDigit(last)))
            cursor.Warning(node, $"'{command}' stands for {command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length} words and no more: a command with further words is not meant. For any further words, write '{command[..^1]} *'.");
        if (match.IsAboutCommands && match.IsAboutSql) cursor.Error(node, "'commands' speaks of programs and cannot stand with conditions on SQL. Write two rules.");
        if (match.IsAboutCommands && match.IsAboutPaths) cursor.Error(node, "'commands' speaks of programs and cannot stand with 'paths'. Write two rules.");
        if (match.IsAboutArguments && (match.IsAboutCommands || match.IsAboutPaths || match.IsAboutSql || match.Chain)) cursor.Error(node, "'arguments' speaks of the call of a tool and cannot stand with 'paths', 'commands' or conditions on SQL. Write two rules.");
        if (match.Chain && (match.IsAboutSql || match.IsAboutCommands || match.IsAboutPaths)) cursor.Error(node, "'chain' speaks of several statements together and cannot stand with conditions on one statement, on programs or on paths.");
        if (match.Access is not null && match.Paths.IsEmpty) cursor.Error(node, "'access' needs 'paths' beside it.");
        foreach (var id in match.Reasons.Where(id => id.StartsWith("sh.", StringComparison.Ordinal) && !id.Contains('*') && !ShellIds.All.Contains(id)))
            cursor.Error(node, $"There is no shell rule '{id}'. Known: {string.Join(", ", ShellIds.All)}.");
    }

    private TimeWindow? ReadWindow(YamlNode node)
    {
        var keys = cursor.Mapping(node, "'when'", "days", "from", "to", "outside");
        var days = keys.TryGetValue("days", out var dayNode) ? cursor.Words<DayOfWeek>(dayNode, "'days'") : [];
        var from = keys.TryGetValue("from", out var fromNode) ? ReadTime(fromNode, "'from'") : TimeOnly.MinValue;
        var to = keys.TryGetValue("to", out var toNode) ? ReadTime(toNode, "'to'") : TimeOnly.MinValue;
        var outside = keys.TryGetValue("outside", out var outsideNode) && cursor.Flag(outsideNode, "'outside'") == true;
        if (keys.Count == 0) cursor.Error(node, "'when' needs 'days', or 'from' and 'to'.");
        if (fromNode is null != toNode is null) cursor.Error(node, "'when' needs both 'from' and 'to'.");
        return from is null || to is null ? null : new TimeWindow(days, from.Value, to.Value, outside);
    }

    private TimeOnly? ReadTime(YamlNode node, string what)
    {
        if (cursor.Text(node, what) is not { } text) return null;
        if (TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return time;
        cursor.Error(node, $"{what} is '{text}'. Write a time as \"08:30\", with quotes.");
        return null;
    }

    private Obligations ReadObligations(YamlNode node)
    {
        var keys = cursor.Mapping(node, "'obligations'", "reason", "two_people", "explain_first", "row_limit", "grant_minutes", "session_grant");
        bool Flag(string key) => keys.TryGetValue(key, out var value) && cursor.Flag(value, $"'{key}'") == true;
        return new Obligations
        {
            ReasonRequired = Flag("reason"),
            TwoPeople = Flag("two_people"),
            ExplainFirst = Flag("explain_first"),
            RowLimit = keys.TryGetValue("row_limit", out var rows) ? cursor.Number(rows, "'row_limit'", least: 1) : null,
            GrantLifetime = keys.TryGetValue("grant_minutes", out var minutes) && cursor.Number(minutes, "'grant_minutes'", least: 1) is { } lifetime ? TimeSpan.FromMinutes(lifetime) : null,
            NoSessionGrant = keys.TryGetValue("session_grant", out var session) && cursor.Flag(session, "'session_grant'") == false,
        };
    }

    private YamlNode? Required(Dictionary<string, YamlNode> keys, YamlNode rule, string key)
    {
        if (keys.TryGetValue(key, out var node)) return node;
        cursor.Error(rule, $"This rule has no '{key}'.");
        return null;
    }
}
