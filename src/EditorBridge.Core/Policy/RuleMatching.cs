using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>Does a rule speak of a part of an action? An allowing rule must fit for certain and for everything in the part; a restricting rule fits when anything in it may fit.</summary>
internal static class RuleMatching
{
    public static Fit Match(PolicyRule rule, ActionPart part, ActionFacts facts)
    {
        var restricts = rule.Effect != Effect.Allow || rule.AsAnalysed;
        var fit = Match(rule.Match, part, facts, restricts);
        if (fit == Fit.No || rule.Except is not { } except) return fit;
        // An exception of a restricting rule widens, so it must be certain; that of an allowing rule narrows.
        var excepted = Match(except, part, facts, restricts: !restricts);
        return excepted switch { Fit.Yes => Fit.No, Fit.Maybe when restricts => fit, Fit.Maybe => Fit.No, _ => fit };
    }

    private static Fit Match(RuleMatch match, ActionPart part, ActionFacts facts, bool restricts)
    {
        if (!FitsKind(match, part)) return Fit.No;
        if (!FitsContext(match, facts)) return Fit.No;
        var fit = Fit.Yes;
        if (!match.Roles.IsEmpty) fit = Least(fit, Named(match.Roles, facts.Role));
        if (!match.Warehouses.IsEmpty) fit = Least(fit, Named(match.Warehouses, facts.Warehouse));
        if (!match.Accounts.IsEmpty) fit = Least(fit, Named(match.Accounts, facts.Account));
        if (!match.Workspaces.IsEmpty) fit = Least(fit, Workspace(match, facts));
        if (!match.Paths.IsEmpty) fit = Least(fit, Paths(match, part, facts, restricts));
        if (match.Access is { } access && part.Kind == PartKind.Path) fit = Least(fit, part.Access is null ? (restricts ? Fit.Yes : Fit.No) : part.Access == access ? Fit.Yes : Fit.No);
        if (!match.Arguments.IsEmpty) fit = Least(fit, Arguments(match, facts, restricts));
        if (!match.Commands.IsEmpty) fit = Least(fit, match.Commands.Any(pattern => CommandPattern.IsMatch(pattern, part.Program!)) ? Fit.Yes : Fit.No);
        if (!match.Reasons.IsEmpty) fit = Least(fit, ReasonIds(part).Any(id => match.Reasons.Any(pattern => Glob.IsMatch(pattern, id))) ? Fit.Yes : Fit.No);
        if (match.Severity is { } severity && part.Severity < severity) return Fit.No;
        return fit == Fit.No || !match.IsAboutSql ? fit : Least(fit, SqlMatching.Match(match, part, facts, restricts));
    }

    private static bool FitsKind(RuleMatch match, ActionPart part)
    {
        if (match.IsAboutAccount && !ReachesAccount(part)) return false;
        if (match.Chain) return part.Kind == PartKind.Chain;
        if (match.IsAboutSql) return part.Kind == PartKind.Sql;
        if (match.IsAboutArguments) return part.Kind == PartKind.Tool;
        if (match.IsAboutCommands) return part.Program is not null;
        if (!match.Reasons.IsEmpty || match.Severity is not null) return part.Kind is PartKind.Sql or PartKind.Chain or PartKind.Command;
        return !match.IsAboutPaths || part.Kind == PartKind.Path;
    }

    // Role, warehouse and account are those of SQL; reading a file has none.
    private static bool ReachesAccount(ActionPart part) =>
        part.Kind is PartKind.Sql or PartKind.Chain || part.Findings.Any(finding => finding.Id is ShellIds.Snowflake or ShellIds.SqlRun or ShellIds.SqlNotSeen);

    private static bool FitsContext(RuleMatch match, ActionFacts facts) =>
        (match.Tools.IsEmpty || match.Tools.Any(pattern => Glob.IsMatch(pattern, facts.Tool)))
        && (match.McpTools.IsEmpty || (McpToolName.Of(facts.Tool) is { } mcp && match.McpTools.Any(mcp.Fits)))
        && (match.Doors.IsEmpty || match.Doors.Contains(facts.Door))
        && (match.When is null || match.When.Holds(facts.At))
        && (match.SqlInAction is not { } sql || sql == !facts.Sql.IsEmpty)
        && (match.KnownReadOnly is not { } reads || reads == facts.KnownReadOnly);

    private static Fit Named(IEnumerable<string> patterns, string? name) =>
        name is null ? Fit.Maybe : patterns.Any(pattern => Glob.IsMatch(pattern, name)) ? Fit.Yes : Fit.No;

    // What is allowed by its arguments is allowed by all of them.
    private static Fit Arguments(RuleMatch match, ActionFacts facts, bool restricts)
    {
        if (facts.Arguments.IsEmpty) return Fit.No;
        bool Fits(ToolArgument argument) => match.Arguments.Any(pattern => ArgumentPattern.IsMatch(pattern, argument));
        return (restricts ? facts.Arguments.Any(Fits) : facts.Arguments.All(Fits)) ? Fit.Yes : Fit.No;
    }

    private static Fit Workspace(RuleMatch match, ActionFacts facts)
    {
        if (facts.Workspace is not { } workspace) return Fit.Maybe;
        var path = PathText.Of(workspace, null, facts.Home);
        return match.Workspaces.Max(pattern => PathPattern.Match(pattern, path, null, facts.Home));
    }

    // On a path part: that path. On any other part the rule is about something in a file, so the action's own files count.
    private static Fit Paths(RuleMatch match, ActionPart part, ActionFacts facts, bool restricts)
    {
        if (part.Path is { } path) return OfPath(match, path, facts);
        if (facts.Paths.IsEmpty) return Fit.No;
        var fits = facts.Paths.Select(written => OfPath(match, PathText.Of(written, facts.Workspace, facts.Home), facts));
        return restricts ? fits.Max() : fits.Min();
    }

    private static Fit OfPath(RuleMatch match, PathText path, ActionFacts facts) => match.Paths.Max(pattern =>
    {
        if (!pattern.StartsWith("{state}", StringComparison.Ordinal)) return PathPattern.Match(pattern, path, facts.Workspace, facts.Home);
        return facts.StateFolder is { } state ? PathPattern.Match(state + pattern["{state}".Length..], path, facts.Workspace, facts.Home) : Fit.No;
    });

    private static IEnumerable<string> ReasonIds(ActionPart part) =>
        part.Findings.Select(finding => finding.Id).Concat(part.Reasons.Select(reason => reason.Id));

    internal static Fit Least(Fit a, Fit b) => a < b ? a : b;
}

/// <summary>The conditions on SQL.</summary>
internal static class SqlMatching
{
    public static Fit Match(RuleMatch match, ActionPart part, ActionFacts facts, bool restricts)
    {
        var statement = part.Statement!;
        if (!match.Classes.IsEmpty && !match.Classes.Contains(statement.Class)) return Fit.No;
        if (match.Uncertain is { } uncertain && uncertain != (statement.Confidence != Confidence.Exact || part.Piece!.Dynamic)) return Fit.No;
        var fit = Fit.Yes;
        if (!match.Objects.IsEmpty || !match.ObjectKinds.IsEmpty || !match.ObjectAccess.IsEmpty) fit = RuleMatching.Least(fit, Objects(match, statement, facts, restricts));
        if (!match.Columns.IsEmpty) fit = RuleMatching.Least(fit, Columns(match, statement, restricts));
        if (!match.Tags.IsEmpty) fit = RuleMatching.Least(fit, Tags(match, statement, facts, restricts));
        // What was not fully read may touch more than was found.
        return fit == Fit.No && restricts && statement.Confidence == Confidence.Opaque && match.Classes.IsEmpty && match.Uncertain is null ? Fit.Maybe : fit;
    }

    private static Fit Objects(RuleMatch match, StatementAnalysis statement, ActionFacts facts, bool restricts)
    {
        var fits = statement.Objects.Where(target => FitsAccess(match, target)).Select(target => OfTarget(match, target, facts, restricts)).ToArray();
        if (fits.Length == 0) return Fit.No;
        return restricts ? fits.Max() : fits.Min();
    }

    private static bool FitsAccess(RuleMatch match, SqlObject target) => match.ObjectAccess.IsEmpty || match.ObjectAccess.Contains(target.Access);

    private static Fit OfTarget(RuleMatch match, SqlObject target, ActionFacts facts, bool restricts)
    {
        if (!match.ObjectKinds.IsEmpty && !match.ObjectKinds.Contains(target.Kind, StringComparer.OrdinalIgnoreCase)) return Fit.No;
        return match.Objects.IsEmpty ? Fit.Yes : match.Objects.Max(pattern => ObjectPattern.Match(pattern, target, facts, restricts));
    }

    // A rule that names objects and tags speaks of those objects that are both.
    private static IEnumerable<SqlObject> Targets(RuleMatch match, StatementAnalysis statement, ActionFacts facts, bool restricts) =>
        statement.Objects.Where(target => FitsAccess(match, target) && OfTarget(match, target, facts, restricts) != Fit.No);

    private static Fit Columns(RuleMatch match, StatementAnalysis statement, bool restricts)
    {
        if (statement.Columns.IsEmpty) return Fit.No;
        // "*" reads every column, the guarded one included.
        if (restricts && statement.Columns.Any(column => column == "*" || column.EndsWith(".*", StringComparison.Ordinal))) return Fit.Maybe;
        var fits = statement.Columns.Select(column => match.Columns.Any(pattern => Glob.IsMatch(pattern, Bare(column)) || Glob.IsMatch(pattern, column)));
        return (restricts ? fits.Any(fit => fit) : fits.All(fit => fit)) ? Fit.Yes : Fit.No;
    }

    /// <summary>
    /// Tags hold for what they were asked of; of an object nobody could ask about, a tag is possible, so a restricting rule never passes it by.
    /// </summary>
    private static Fit Tags(RuleMatch match, StatementAnalysis statement, ActionFacts facts, bool restricts)
    {
        var fits = Targets(match, statement, facts, restricts).Where(MayCarryTags).Select(target => facts.Tags is not { } tags || !tags.ContainsKey(target.Name)
            ? Fit.Maybe
            : Carried(tags, target, statement).Any(tag => match.Tags.Any(pattern => Glob.IsMatch(pattern, tag))) ? Fit.Yes : Fit.No).ToArray();
        // What an earlier query gave, and objects known only at run time, stand in no list of objects.
        var unseen = statement.Confidence == Confidence.Opaque || statement.Reasons.Any(reason => reason.Id == "R6");
        if (restricts) return Greatest(fits.DefaultIfEmpty(Fit.No).Max(), unseen ? Fit.Maybe : Fit.No);
        return fits.Length == 0 || unseen ? Fit.No : fits.Min();
    }

    // Naming a container or a context reads nothing of what is in it.
    private static bool MayCarryTags(SqlObject target) =>
        target.Kind != "LOCATION" && !(target.Access == ObjectAccess.Read && target.Kind is "DATABASE" or "SCHEMA" or "WAREHOUSE" or "ROLE" or "DATABASE ROLE" or "ACCOUNT" or "USER");

    private static IEnumerable<string> Carried(ImmutableDictionary<string, ImmutableArray<string>> tags, SqlObject target, StatementAnalysis statement)
    {
        foreach (var tag in tags[target.Name]) yield return tag;
        // What names every column touches all of them, and so does whatever changes, drops, grants or takes out the object. A query that was read in full and
        // names none, such as a count of rows, touches none.
        var none = statement is { Class: StatementClass.Read, Effect: Effect.Allow, Columns.IsEmpty: true };
        var all = target.Access != ObjectAccess.Read || (statement.Columns.IsEmpty && !none) || statement.Columns.Any(column => column == "*" || column.EndsWith(".*", StringComparison.Ordinal));
        foreach (var (key, values) in tags)
        {
            if (!key.StartsWith(target.Name + ".", StringComparison.Ordinal)) continue;
            if (!all && !statement.Columns.Any(column => Bare(column).Equals(key[(target.Name.Length + 1)..], StringComparison.OrdinalIgnoreCase))) continue;
            foreach (var tag in values) yield return tag;
        }
    }

    private static Fit Greatest(Fit a, Fit b) => a > b ? a : b;

    // The account names a column without the quotes a statement needs for it.
    private static string Bare(string column) => column is ['"', _, .., '"'] ? column[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : column[(column.LastIndexOf('.') + 1)..];
}

/// <summary>Patterns for values in a call: <c>name=value</c>, <c>*</c> allowed in both.</summary>
public static class ArgumentPattern
{
    /// <summary>Whether a pattern is one, and not a value on its own.</summary>
    public static bool IsPattern(string pattern) => pattern.IndexOf('=', StringComparison.Ordinal) > 0;

    internal static bool IsMatch(string pattern, ToolArgument argument) =>
        pattern.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && Glob.IsMatch(pattern.AsSpan(0, equals), argument.Name) && Glob.IsMatch(pattern.AsSpan(equals + 1), argument.Value);
}

/// <summary>Patterns for programs: word by word, a last <c>*</c> stands for all further words.</summary>
internal static class CommandPattern
{
    public static bool IsMatch(string pattern, ShellInvocation program)
    {
        var wanted = pattern.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (wanted.Length == 0 || program.Name is not { } name) return false;
        if (!Glob.IsMatch(wanted[0], name) && !Glob.IsMatch(wanted[0], program.Program.Value)) return false;
        for (var index = 1; index < wanted.Length; index++)
        {
            if (index == wanted.Length - 1 && wanted[index] == "*") return true;
            if (index > program.Arguments.Length || !Glob.IsMatch(wanted[index], program.Arguments[index - 1].Value)) return false;
        }
        return program.Arguments.Length == wanted.Length - 1 && !program.MoreArguments;
    }
}
