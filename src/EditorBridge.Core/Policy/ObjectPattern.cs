using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>
/// A pattern for Snowflake objects: <c>PROD.*</c>, <c>*.RAW.ORDERS</c>, <c>"quoted".S.T</c>. The parts are compared one by one, a last <c>*</c> stands for all parts that follow.
/// Unquoted parts are compared in upper case. A container counts as matched by a pattern for what is inside it.
/// </summary>
internal static class ObjectPattern
{
    /// <summary>Kinds whose names stand directly in the account and are never completed with a database.</summary>
    private static readonly HashSet<string> AccountKinds = new(StringComparer.OrdinalIgnoreCase)
    {
        "ACCOUNT", "DATABASE", "ROLE", "USER", "WAREHOUSE", "SHARE", "INTEGRATION", "NETWORK POLICY", "RESOURCE MONITOR", "COMPUTE POOL", "LISTING",
        "REPLICATION GROUP", "FAILOVER GROUP", "CONNECTION", "APPLICATION", "APPLICATION PACKAGE", "EXTERNAL VOLUME", "ORGANIZATION", "FUNCTION BUILT-IN",
    };

    public static Fit Match(string pattern, SqlObject target, ActionFacts facts, bool restricts)
    {
        var wanted = Parts(pattern);
        var name = Parts(target.Name);
        if (IsFit(wanted, name)) return Fit.Yes;
        if (IsAccountKind(target.Kind)) return restricts && Covers(name, wanted) ? Fit.Yes : Fit.No;
        var isSchema = string.Equals(target.Kind, "SCHEMA", StringComparison.OrdinalIgnoreCase);
        var full = Complete(name, facts, isSchema);
        if (full.Length > name.Length && IsFit(wanted, full)) return Fit.Yes;
        if (restricts && isSchema && Covers(full, wanted)) return Fit.Yes;
        var complete = full.Length >= (isSchema ? 2 : 3);
        return !complete && wanted.Length > full.Length && IsFit(wanted[^full.Length..], full) ? Fit.Maybe : Fit.No;
    }

    /// <summary>The parts of a dotted name; quoted parts keep their case, others are upper-cased. A stage's @ is dropped.</summary>
    public static ImmutableArray<string> Parts(string name)
    {
        var parts = ImmutableArray.CreateBuilder<string>();
        var text = name.AsSpan().Trim();
        if (text.StartsWith("@")) text = text[1..];
        var part = new System.Text.StringBuilder();
        var quoted = false;
        for (var at = 0; at < text.Length; at++)
        {
            var letter = text[at];
            if (letter == '"' && quoted && at + 1 < text.Length && text[at + 1] == '"') { part.Append('"'); at++; }
            else if (letter == '"') quoted = !quoted;
            else if (letter == '.' && !quoted) { parts.Add(part.ToString()); part.Clear(); }
            else part.Append(quoted ? letter : char.ToUpperInvariant(letter));
        }
        parts.Add(part.ToString());
        return parts.ToImmutable();
    }

    private static bool IsAccountKind(string kind) => AccountKinds.Contains(kind) || kind.EndsWith("INTEGRATION", StringComparison.OrdinalIgnoreCase);

    private static ImmutableArray<string> Complete(ImmutableArray<string> name, ActionFacts facts, bool isSchema)
    {
        if (isSchema) return name.Length == 1 && facts.Database is { } only ? [.. Parts(only), .. name] : name;
        if (name.Length == 1 && facts.Schema is { } schema) name = [.. Parts(schema), .. name];
        return name.Length == 2 && facts.Database is { } database ? [.. Parts(database), .. name] : name;
    }

    private static bool IsFit(ImmutableArray<string> pattern, ImmutableArray<string> name)
    {
        if (pattern.Length > name.Length || (pattern.Length < name.Length && pattern[^1] != "*")) return false;
        for (var index = 0; index < pattern.Length; index++)
            if (!Glob.IsMatch(pattern[index], name[index])) return false;
        return true;
    }

    // DROP DATABASE PROD is within PROD.*, and DROP SCHEMA PROD.S within PROD.S.ORDERS: what is inside goes with it.
    private static bool Covers(ImmutableArray<string> container, ImmutableArray<string> pattern)
    {
        if (container.Length >= pattern.Length) return false;
        for (var index = 0; index < container.Length; index++)
            if (!Glob.IsMatch(pattern[index], container[index])) return false;
        return true;
    }
}
