using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EditorBridge.Policy;
using EditorBridge.Sql;

namespace EditorBridge.Review;

/// <summary>How close a later action must be to an approved one to be "the same".</summary>
public enum Sameness
{
    /// <summary>The very same input.</summary>
    Input,
    /// <summary>Statements of the same classes, with the same findings, on the same objects and columns; their values may differ.</summary>
    Statements,
}

/// <summary>
/// What "the same again in this session" means for one action. Two actions are the same when their keys are equal: session, tool, folder, files, account, role, warehouse,
/// policy version and rules, and either the exact input or everything policy looked at in the statements.
/// </summary>
/// <param name="Key">Lower-case hex SHA-256 over all of it.</param>
/// <param name="Same">One sentence for the person who is asked.</param>
public sealed record SessionScope(string Key, Sameness Sameness, string Same)
{
    // What such a statement does is not in its text (EXEC runs code that may change meanwhile, UNKNOWN was not understood), or once was already much (the others).
    private static bool IsOnceOnly(StatementClass kind) =>
        kind is StatementClass.Destructive or StatementClass.Privilege or StatementClass.Exfil or StatementClass.Exec or StatementClass.Unknown;

    /// <summary>The scope of an action that a person is asked about; null where each one needs a verdict of its own.</summary>
    public static SessionScope? Of(string? sessionId, ActionFacts facts, PolicyExplanation explained, string inputDigest)
    {
        var decision = explained.Decision;
        if (sessionId is null || decision.Effect != Effect.Review) return null;
        // A second person could be left out by it, and policy may forbid it.
        if (decision.Obligations.NoSessionGrant || decision.Obligations.TwoPeople) return null;
        // A command's text does not say what the scripts and programs in it will do next time; policy's rules for commands are the place for that.
        ImmutableArray<ActionPart> asked = [.. explained.Parts.Where(part => part.Effect != Effect.Allow).Select(part => part.Part)];
        if (asked.Any(part => part.Kind is PartKind.Command or PartKind.Chain)) return null;
        ImmutableArray<ActionPart> statements = [.. explained.Parts.Select(part => part.Part).Where(part => part.Statement is not null)];
        if (statements.Any(part => IsOnceOnly(part.Statement!.Class) || part.Piece!.Dynamic || part.Statement.Confidence != Confidence.Exact)) return null;

        var byStatements = facts.Command is null && asked.All(part => part.Kind == PartKind.Sql) && statements.All(part => part.Statement!.Objects.All(IsFullyNamed));
        var sameness = byStatements ? Sameness.Statements : Sameness.Input;
        var text = new StringBuilder("editorbridge-same/1\n");
        Add(text, "where", sessionId, facts.Tool, facts.Workspace, facts.Account, facts.Role, facts.Warehouse, facts.Database, facts.Schema);
        Add(text, "policy", [decision.PolicyVersion, decision.Severity.ToString(), .. decision.Rules.Select(rule => $"{rule.Layer}/{rule.Id}").Order(StringComparer.Ordinal)]);
        Add(text, "writes", [.. facts.Paths]);
        Add(text, "uses", [.. facts.UsedPaths]);
        Add(text, "reads", [.. facts.ReadPaths]);
        if (sameness == Sameness.Input) Add(text, "input", inputDigest);
        else foreach (var line in statements.Select(part => LineOf(part.Statement!)).Distinct().Order(StringComparer.Ordinal)) Add(text, "statement", line);
        return new SessionScope(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))), sameness, Sentence(facts, sameness, statements));
    }

    // A name without its database means another object in another context.
    private static bool IsFullyNamed(SqlObject item)
    {
        var (dots, quoted) = (0, false);
        foreach (var letter in item.Name)
        {
            if (letter == '"') quoted = !quoted;
            else if (letter == '.' && !quoted) dots++;
        }

        return dots >= 2;
    }

    private static string LineOf(StatementAnalysis statement)
    {
        var line = new StringBuilder();
        Add(line, "is", statement.Class.ToString(), statement.Effect.ToString(), statement.Severity.ToString());
        Add(line, "reasons", [.. statement.Reasons.Select(reason => reason.Id).Distinct().Order(StringComparer.Ordinal)]);
        Add(line, "objects", [.. statement.Objects.Select(item => $"{item.Access} {item.Kind} {item.Name}").Distinct().Order(StringComparer.Ordinal)]);
        Add(line, "columns", [.. statement.Columns.Distinct().Order(StringComparer.Ordinal)]);
        return line.ToString();
    }

    private static string Sentence(ActionFacts facts, Sameness sameness, ImmutableArray<ActionPart> statements)
    {
        var where = facts.Role is null ? "" : $" as {facts.Role}{(facts.Warehouse is null ? "" : $" on {facts.Warehouse}")}";
        if (sameness == Sameness.Input) return $"{facts.Tool} with exactly this input{where}, in this session";
        var kinds = string.Join(" and ", statements.Select(part => part.Statement!.Class.ToString().ToUpperInvariant()).Distinct());
        var objects = string.Join(", ", statements.SelectMany(part => part.Statement!.Objects).Select(item => item.Name).Distinct());
        var file = facts.Paths is [var path, ..] ? $" in {path[(path.LastIndexOfAny(['/', '\\']) + 1)..]}" : "";
        return $"{facts.Tool}{file} with {kinds} statements that do the same to {objects} (values may differ){where}, in this session";
    }

    private static void Add(StringBuilder text, string name, params string?[] values)
    {
        text.Append(name);
        foreach (var value in values) text.Append(' ').Append((value?.Length ?? -1).ToString(CultureInfo.InvariantCulture)).Append(':').Append(value);
        text.Append('\n');
    }
}
