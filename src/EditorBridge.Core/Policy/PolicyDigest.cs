using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Policy;

/// <summary>The canonical form of rules: one line per value, each with its length, so that two different policies never spell alike.</summary>
internal static class PolicyDigest
{
    public static string Of(ImmutableArray<PolicyRule> rules, ImmutableArray<string> locked)
    {
        var text = new StringBuilder("editorbridge-policy/1\n");
        Add(text, "locked", locked);
        foreach (var rule in rules)
        {
            Add(text, "rule", [rule.Layer.ToString(), rule.Id, rule.Description, rule.Effect.ToString(), rule.AsAnalysed.ToString(), rule.Locked.ToString(), rule.Severity.ToString()]);
            Add(text, "relaxes", rule.Relaxes);
            var duties = rule.Obligations;
            Add(text, "obligations",
            [
                duties.ReasonRequired.ToString(), duties.TwoPeople.ToString(), duties.ExplainFirst.ToString(), duties.NoSessionGrant.ToString(),
                duties.RowLimit?.ToString(CultureInfo.InvariantCulture) ?? "", duties.GrantLifetime?.ToString("c", CultureInfo.InvariantCulture) ?? "",
            ]);
            Add(text, "match", rule.Match);
            if (rule.Except is { } except) Add(text, "except", except);
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static void Add(StringBuilder text, string name, RuleMatch match)
    {
        text.Append(name).Append('\n');
        Add(text, "tools", match.Tools);
        if (!match.McpTools.IsEmpty) Add(text, "mcp-tools", match.McpTools);
        if (!match.Arguments.IsEmpty) Add(text, "arguments", match.Arguments);
        Add(text, "doors", match.Doors.Select(door => door.ToString()));
        Add(text, "roles", match.Roles);
        Add(text, "warehouses", match.Warehouses);
        Add(text, "accounts", match.Accounts);
        Add(text, "workspaces", match.Workspaces);
        Add(text, "paths", match.Paths);
        Add(text, "commands", match.Commands);
        Add(text, "classes", match.Classes.Select(value => value.ToString()));
        Add(text, "reasons", match.Reasons);
        Add(text, "objects", match.Objects);
        Add(text, "kinds", match.ObjectKinds);
        Add(text, "object-access", match.ObjectAccess.Select(value => value.ToString()));
        Add(text, "columns", match.Columns);
        Add(text, "tags", match.Tags);
        Add(text, "single", [match.Access?.ToString() ?? "", match.Severity?.ToString() ?? "", match.Uncertain?.ToString() ?? "", match.SqlInAction?.ToString() ?? "", match.Chain.ToString(), match.KnownReadOnly?.ToString() ?? ""]);
        if (match.When is not { } when) return;
        Add(text, "when", [when.From.ToString("O", CultureInfo.InvariantCulture), when.To.ToString("O", CultureInfo.InvariantCulture), when.Outside.ToString(), .. when.Days.Select(day => day.ToString())]);
    }

    private static void Add(StringBuilder text, string name, IEnumerable<string> values)
    {
        text.Append(name);
        foreach (var value in values) text.Append(' ').Append(value.Length.ToString(CultureInfo.InvariantCulture)).Append(':').Append(value);
        text.Append('\n');
    }
}
