using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Review;

/// <summary>Whether what a statement does can be taken back.</summary>
public enum Undo
{
    /// <summary>Nothing is changed, or only the session.</summary>
    NotNeeded,
    /// <summary>The statements of the plan take it back.</summary>
    Possible,
    /// <summary>They take back a part, or only if what stands in the explanation holds.</summary>
    Partly,
    Impossible,
}

/// <summary>How to take back what a statement does, written before it runs.</summary>
/// <param name="Statements">To run in order, each reviewed like any other. <c>&lt;query id&gt;</c> stands for the id of the run to be undone.</param>
/// <param name="Prepare">Queries to run and keep before, without which nothing can be taken back: a definition, the old value.</param>
/// <param name="Explanation">For people: until when and under which condition, or why not.</param>
public sealed record UndoPlan(Undo Undo, ImmutableArray<string> Statements, ImmutableArray<string> Prepare, string Explanation)
{
    private const string Retention = "Works while the time travel of the table lasts (one day unless it was set otherwise; none for temporary tables or when it is 0).";

    private static readonly HashSet<string> CanUndrop = new(StringComparer.OrdinalIgnoreCase)
    {
        "TABLE", "SCHEMA", "DATABASE", "DYNAMIC TABLE", "ICEBERG TABLE", "TAG", "NOTEBOOK", "EXTERNAL VOLUME", "STREAMLIT",
    };

    private static readonly HashSet<string> HasDefinition = new(StringComparer.OrdinalIgnoreCase)
    {
        "VIEW", "MATERIALIZED VIEW", "PROCEDURE", "FUNCTION", "TASK", "STREAM", "PIPE", "SEQUENCE", "FILE FORMAT", "ALERT", "MASKING POLICY", "ROW ACCESS POLICY", "DYNAMIC TABLE", "TABLE",
    };

    /// <param name="sql">The text the analysis was made of.</param>
    public static UndoPlan Of(string sql, StatementAnalysis statement)
    {
        if (statement.Class is StatementClass.Read) return new UndoPlan(Undo.NotNeeded, [], [], "Nothing is changed.");
        if (statement.Class == StatementClass.Exfil) return Never("What has left the account cannot be called back. Change credentials and links that went with it.");
        if (TokenStatement.Of(sql, statement) is not { } tokens || statement.Confidence == Confidence.Opaque)
            return Never("What it does is known only when it runs, so there is no plan to take it back.");
        if (!statement.Embedded.IsEmpty) return OfParts(sql, statement);
        var target = statement.Objects.FirstOrDefault(candidate => candidate.Access != ObjectAccess.Read);
        if (target is not null && !BlastRadius.IsName(target.Name)) return Never($"Which object {target.Name} stands for is known only when it runs.");
        return (tokens.Verb, target) switch
        {
            (Kw.GRANT or Kw.REVOKE, _) => OfGrant(tokens),
            (Kw.DROP, { } dropped) => OfDrop(dropped),
            (Kw.UNDROP, { } restored) => Plan(Undo.Possible, $"DROP {restored.Kind} {restored.Name}", "Drops it again."),
            (Kw.CREATE, { } created) => OfCreate(tokens, created),
            (Kw.ALTER, { } altered) => OfAlter(tokens, altered),
            (Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.MERGE or Kw.TRUNCATE or Kw.COPY, { Kind: "TABLE" or "ICEBERG TABLE" or "HYBRID TABLE" } changed) => OfData(tokens, changed),
            (Kw.REMOVE or Kw.RM, _) => Never("Files removed from a stage are gone."),
            (Kw.PUT, { } stage) => Plan(Undo.Partly, $"REMOVE {stage.Name}", "Removes the uploaded files; name their path, or everything in the stage goes. Files that were overwritten are gone."),
            (Kw.USE or Kw.SET or Kw.UNSET, _) => new UndoPlan(Undo.NotNeeded, [], [], "Holds for this session only."),
            (Kw.CALL or Kw.EXECUTE, _) => Never("What the code does is not known from its name."),
            _ => Never("No statement that takes this back is known."),
        };
    }

    // A block runs in order, so it is taken back from its end.
    private static UndoPlan OfParts(string sql, StatementAnalysis statement)
    {
        var parts = statement.Embedded.Reverse().Select(part => Of(sql, part)).Where(part => part.Undo != Undo.NotNeeded).ToArray();
        if (parts.Length == 0) return new UndoPlan(Undo.NotNeeded, [], [], "Nothing is changed.");
        var worst = parts.Max(part => part.Undo);
        var effect = worst == Undo.Impossible && parts.Any(part => part.Undo != Undo.Impossible) ? Undo.Partly : worst;
        return new UndoPlan(effect, [.. parts.SelectMany(part => part.Statements)], [.. parts.SelectMany(part => part.Prepare).Distinct()], string.Join(" ", parts.Select(part => part.Explanation).Distinct()));
    }

    private static UndoPlan OfDrop(SqlObject target)
    {
        var kind = target.Kind.ToUpperInvariant();
        if (CanUndrop.Contains(kind))
            return Plan(Undo.Possible, $"UNDROP {kind} {target.Name}", $"Brings it back with its data. {Retention} Fails when something else has taken the name: rename that first.");
        if (HasDefinition.Contains(kind))
            return new UndoPlan(Undo.Partly, [], [$"SELECT GET_DDL({Literal(kind)}, {Literal(target.Name)}, TRUE)", $"SHOW GRANTS ON {kind} {target.Name}"], "There is no UNDROP for it. Keep its definition and grants before; running them again makes it anew.");
        return Never($"There is no UNDROP for a {kind.ToLowerInvariant()}. It has to be made anew, with its grants and settings.");
    }

    private static UndoPlan OfCreate(TokenStatement tokens, SqlObject target)
    {
        var kind = target.Kind.ToUpperInvariant();
        if (tokens.Is(1, "OR") && tokens.Is(2, "ALTER"))
            return new UndoPlan(Undo.Partly, [], [$"SELECT GET_DDL({Literal(kind)}, {Literal(target.Name)}, TRUE)"], "Keep the old definition and run it with CREATE OR ALTER. The data of columns that were dropped comes back only with time travel.");
        if (!tokens.Has("OR", "REPLACE")) return Plan(tokens.Has("IF", "NOT", "EXISTS") ? Undo.Partly : Undo.Possible, $"DROP {kind} {target.Name}", tokens.Has("IF", "NOT", "EXISTS") ? "Drops it again; only do so when this statement made it." : "Drops it again.");
        if (!CanUndrop.Contains(kind))
            return new UndoPlan(Undo.Partly, [], [$"SELECT GET_DDL({Literal(kind)}, {Literal(target.Name)}, TRUE)", $"SHOW GRANTS ON {kind} {target.Name}"], "Keep the old definition and grants before; running them again puts the old one back.");
        var parts = BlastRadius.Names(target.Name);
        var aside = string.Join('.', [.. parts[..^1], Beside(parts[^1], "_NEW")]);
        return new UndoPlan(Undo.Possible, [$"ALTER {kind} {target.Name} RENAME TO {aside}", $"UNDROP {kind} {target.Name}"], [$"SHOW GRANTS ON {kind} {target.Name}"], $"Moves the new one aside and brings the old one back with its data. {Retention}");
    }

    private static UndoPlan OfAlter(TokenStatement tokens, SqlObject target)
    {
        var kind = target.Kind.ToUpperInvariant();
        if (tokens.Has("SWAP", "WITH")) return Plan(Undo.Possible, tokens.Raw(0, tokens.Length), "The same statement again swaps them back.");
        if (tokens.Find("RENAME") is > 0 and var rename && tokens.Is(rename + 1, "TO") && rename + 2 < tokens.Length)
            return Plan(Undo.Possible, $"ALTER {kind} {tokens.NameAt(rename + 2)} RENAME TO {target.Name}", "Gives it its old name back.");
        if (tokens.Has("RESUME")) return Plan(Undo.Partly, $"ALTER {kind} {target.Name} SUSPEND", "Stops it; what it has done in between stays.");
        if (tokens.Has("SUSPEND")) return Plan(Undo.Possible, $"ALTER {kind} {target.Name} RESUME", "Starts it again.");
        if (kind == "TABLE" && tokens.Find("ADD") is > 0 and var add && AddedColumn(tokens, add) is { } column)
            return Plan(Undo.Possible, $"ALTER TABLE {target.Name} DROP COLUMN {column}", "Drops the new column; what was written into it since is lost.");
        if (kind == "TABLE" && tokens.Has("DROP", "COLUMN")) return OfData(tokens, target);
        if (tokens.Has("DATA_RETENTION_TIME_IN_DAYS") || tokens.Has("MAX_DATA_EXTENSION_TIME_IN_DAYS"))
            return Never("A shorter retention removes the history at once; a longer one later does not bring it back.");
        return new UndoPlan(Undo.Partly, [], [Before(kind, target.Name)], "Keep the settings as they were before, and set them again.");
    }

    private static string? AddedColumn(TokenStatement tokens, int add)
    {
        var at = add + 1;
        if (tokens.Is(at, "COLUMN")) at++;
        if (tokens.Is(at, "IF")) at += 3;
        return at < tokens.Length && tokens.TokenAt(at).Kind is TokenKind.Word or TokenKind.QuotedIdentifier && tokens.TokenAt(at).Keyword is Kw.Unlisted ? tokens.NameAt(at) : null;
    }

    private static UndoPlan OfData(TokenStatement tokens, SqlObject target)
    {
        if (target.Kind == "HYBRID TABLE") return Never("Hybrid tables keep no history to go back to.");
        var parts = BlastRadius.Names(target.Name);
        var restored = string.Join('.', [.. parts[..^1], Beside(parts[^1], "_RESTORED")]);
        var purge = tokens.Verb == Kw.COPY && tokens.Has("PURGE");
        return new UndoPlan(
            purge ? Undo.Partly : Undo.Possible,
            [$"CREATE TABLE {restored} CLONE {target.Name} BEFORE (STATEMENT => '<query id>')", $"ALTER TABLE {target.Name} SWAP WITH {restored}"],
            [],
            $"Puts the rows back as they were before; changes made since are then in {restored}. {Retention}{(purge ? " Files that were purged from the stage are gone." : "")}");
    }

    private static UndoPlan OfGrant(TokenStatement tokens)
    {
        var grants = tokens.Verb == Kw.GRANT;
        if (tokens.Has("OWNERSHIP")) return new UndoPlan(Undo.Partly, [], [tokens.Find("ON") is > 0 and var on && tokens.Find("TO") is > 0 and var to && to > on ? $"SHOW GRANTS ON {tokens.Raw(on + 1, to)}" : "SHOW GRANTS"], "Keep who owns it and the grants on it before; the new owner, or a role above, has to give it back.");
        if (tokens.Has("GRANT", "OPTION", "FOR") || tokens.Has("CASCADE")) return Never("Grants that hung on this one are gone too, and the statement does not say which.");
        var turn = tokens.Find(grants ? "TO" : "FROM");
        if (turn < 2) return Never("The statement was not understood well enough to turn it round.");
        var end = tokens.Find("WITH", turn);
        if (end < 0) end = tokens.Find("RESTRICT", turn);
        if (end < 0) end = tokens.Length;
        var turned = $"{(grants ? "REVOKE" : "GRANT")} {tokens.Raw(1, turn)} {(grants ? "FROM" : "TO")} {tokens.Raw(turn + 1, end)}";
        return grants
            ? Plan(Undo.Partly, turned, "Takes the right away again; also when it had been given before, so look at the grants first. What was done with it in between stays.")
            : Plan(Undo.Partly, turned, "Gives the right back; a grant option, and grants that hung on it, are not restored.");
    }

    private static string Before(string kind, string name) => kind switch
    {
        "USER" => $"DESCRIBE USER {name}",
        "WAREHOUSE" => $"SHOW WAREHOUSES LIKE {Literal(name.Trim('"'))}",
        _ when HasDefinition.Contains(kind) => $"SELECT GET_DDL({Literal(kind)}, {Literal(name)}, TRUE)",
        _ => $"DESCRIBE {kind} {name}",
    };

    private static string Beside(string name, string suffix) => name.EndsWith('"') ? name[..^1] + suffix + "\"" : name + suffix;

    private static string Literal(string text) => "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";

    private static UndoPlan Plan(Undo undo, string statement, string explanation) => new(undo, [statement], [], explanation);

    private static UndoPlan Never(string why) => new(Undo.Impossible, [], [], "Cannot be undone. " + why);
}
