using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Text to put in the place of a range; an empty range is an insertion.</summary>
public readonly record struct TextEdit(TextSpan Span, string NewText);

/// <summary>A change of a text that answers one of its findings.</summary>
/// <param name="RuleId">The finding's rule (docs/sql-rules.md).</param>
/// <param name="Title">What the change does, for a menu.</param>
/// <param name="Edits">All of the unchanged text, apart from each other, in order.</param>
public sealed record QuickFix(string RuleId, string Title, ImmutableArray<TextEdit> Edits);

/// <summary>
/// Changes that make a statement safer and that a person may take over. A fix takes danger away or keeps a way back; it never needs a
/// right the statement does not need, and what it leaves is judged like any other text.
/// </summary>
public static class QuickFixes
{
    /// <summary>Kinds whose CREATE takes IF NOT EXISTS.</summary>
    private static readonly HashSet<string> CreatedIfMissing = new(StringComparer.Ordinal)
    {
        "TABLE", "VIEW", "SCHEMA", "DATABASE", "SEQUENCE", "STAGE", "FILE FORMAT", "STREAM", "TASK", "PIPE", "WAREHOUSE",
    };

    /// <summary>The fixes for findings that touch a range of the text, in the order of the text.</summary>
    /// <param name="sql">The text the analysis was made of.</param>
    public static ImmutableArray<QuickFix> For(string sql, SqlAnalysis analysis, TextSpan range)
    {
        var fixes = ImmutableArray.CreateBuilder<QuickFix>();
        foreach (var statement in analysis.Statements) Add(fixes, sql, statement, range, alone: true);
        return fixes.ToImmutable();
    }

    private static void Add(ImmutableArray<QuickFix>.Builder fixes, string sql, StatementAnalysis statement, TextSpan range, bool alone)
    {
        if (!Touches(statement.Span, range)) return;
        foreach (var inner in statement.Embedded) Add(fixes, sql, inner, range, alone: false);
        var found = statement.Reasons.Where(reason => Touches(reason.Span, range)).ToArray();
        if (found.Length == 0) return;
        foreach (var reason in found.Where(reason => reason.Id == "G7")) AddIfAny(fixes, PlainCharacters(sql, reason));
        if (TokenStatement.Of(sql, statement) is not { } tokens) return;
        var text = new StatementText(sql, statement, tokens);
        foreach (var rule in found.Select(reason => reason.Id).Distinct())
        {
            foreach (var fix in OfRule(rule, text, alone)) AddIfAny(fixes, fix);
        }
    }

    private static IEnumerable<QuickFix?> OfRule(string rule, StatementText text, bool alone) => rule switch
    {
        "D2" => [LimitRows(text), alone ? CloneFirst(rule, text) : null],
        "D4" => [KeepFiles(text)],
        "D5" => [AppendInstead(text), alone ? CloneFirst(rule, text) : null],
        "X1" or "X2" => [RestrictInstead(rule, text), alone ? CloneFirst(rule, text) : null],
        "X3" => [alone ? CloneFirst(rule, text) : null],
        "X4" => [OnlyIfMissing(text)],
        "P2" => [WithoutGrantOption(text)],
        "P14" => [RightsOfCaller(text)],
        _ => [],
    };

    // FALSE, so that a condition nobody filled in changes nothing.
    private static QuickFix? LimitRows(StatementText text) =>
        text.Tokens.Verb is Kw.UPDATE or Kw.DELETE && text.Tokens.Find("WHERE") < 0
            ? new QuickFix("D2", "Limit the rows with a WHERE clause", [Insert(text.End, " WHERE FALSE /* which rows? */")])
            : null;

    private static QuickFix? CloneFirst(string rule, StatementText text)
    {
        if (text.Tokens.Verb is not (Kw.DROP or Kw.TRUNCATE or Kw.UPDATE or Kw.DELETE or Kw.INSERT)) return null;
        if (text.Target("TABLE") is not { } table) return null;
        var copy = table.EndsWith('"') ? $"{table[..^1]}_BACKUP\"" : table + "_BACKUP";
        return new QuickFix(rule, $"Keep a copy first: clone {table} to {copy}", [Insert(text.Start, $"CREATE TABLE IF NOT EXISTS {copy} CLONE {table};\n")]);
    }

    private static QuickFix? OnlyIfMissing(StatementText text)
    {
        var tokens = text.Tokens;
        if (!(tokens.Is(0, "CREATE") && tokens.Is(1, "OR") && tokens.Is(2, "REPLACE") && tokens.Length > 3) || tokens.Has("IF", "NOT", "EXISTS")) return null;
        var target = text.Statement.Objects.FirstOrDefault(o => o.Access != ObjectAccess.Read && CreatedIfMissing.Contains(o.Kind) && o.Span.Start >= text.StartOf(3));
        return target is null || text.NameOf(target) is null ? null : new QuickFix(
            "X4", $"Keep what is there: CREATE {target.Kind} IF NOT EXISTS",
            [new TextEdit(new TextSpan(text.StartOf(1), text.StartOf(3) - text.StartOf(1)), ""), Insert(target.Span.Start, "IF NOT EXISTS ")]);
    }

    private static QuickFix? RestrictInstead(string rule, StatementText text) =>
        text.Tokens.Verb == Kw.DROP && text.Tokens.Length > 0 && text.Tokens.Is(text.Tokens.Length - 1, "CASCADE")
            ? new QuickFix(rule, "Stop when something depends on it: RESTRICT", [text.Replace(text.Tokens.Length - 1, 1, "RESTRICT")])
            : null;

    private static QuickFix? AppendInstead(StatementText text) =>
        text.Tokens.Is(0, "INSERT") && text.Tokens.Is(1, "OVERWRITE") && text.Tokens.Is(2, "INTO")
            ? new QuickFix("D5", "Keep the old rows: INSERT INTO", [new TextEdit(new TextSpan(text.StartOf(1), text.StartOf(2) - text.StartOf(1)), "")])
            : null;

    private static QuickFix? KeepFiles(StatementText text)
    {
        var at = text.Tokens.Find("PURGE");
        return at >= 0 && text.Tokens.Is(at + 2, "TRUE") ? new QuickFix("D4", "Keep the source files: PURGE = FALSE", [text.Replace(at + 2, 1, "FALSE")]) : null;
    }

    private static QuickFix? WithoutGrantOption(StatementText text)
    {
        for (var at = text.Tokens.Find("WITH"); at > 0; at = text.Tokens.Find("WITH", at + 1))
        {
            if (!text.Tokens.Is(at + 1, "GRANT") || !text.Tokens.Is(at + 2, "OPTION")) continue;
            var from = text.EndOf(at - 1);
            return new QuickFix("P2", "Without the right to pass it on", [new TextEdit(new TextSpan(from, text.EndOf(at + 2) - from), "")]);
        }
        return null;
    }

    private static QuickFix? RightsOfCaller(StatementText text)
    {
        var at = text.Tokens.Find("EXECUTE");
        return at >= 0 && text.Tokens.Is(at + 1, "AS") && text.Tokens.Is(at + 2, "OWNER")
            ? new QuickFix("P14", "Run it with the caller's rights: EXECUTE AS CALLER", [text.Replace(at + 2, 1, "CALLER")])
            : null;
    }

    private static QuickFix? PlainCharacters(string sql, Reason reason)
    {
        if (reason.Span.Start < 0 || reason.Span.Length <= 0 || reason.Span.End > sql.Length) return null;
        var shown = sql.AsSpan(reason.Span.Start, reason.Span.Length);
        var folded = LookAlikes.Fold(shown);
        return shown.SequenceEqual(folded) || shown.Contains('\'') ? null : new QuickFix("G7", "Put plain characters in their place", [new TextEdit(reason.Span, folded)]);
    }

    private static TextEdit Insert(int at, string text) => new(new TextSpan(at, 0), text);

    // One fix for several findings of the same place is one entry of the menu.
    private static void AddIfAny(ImmutableArray<QuickFix>.Builder fixes, QuickFix? fix)
    {
        if (fix is not null && !fixes.Any(known => known.Edits.SequenceEqual(fix.Edits))) fixes.Add(fix);
    }

    private static bool Touches(TextSpan span, TextSpan range) => span.Start >= 0 && span.Start <= range.End && range.Start <= span.End;

    /// <summary>A statement's tokens with their places in the whole text.</summary>
    private sealed class StatementText(string sql, StatementAnalysis statement, TokenStatement tokens)
    {
        public StatementAnalysis Statement { get; } = statement;
        public TokenStatement Tokens { get; } = tokens;
        public int Start => StartOf(0);
        public int End => EndOf(Tokens.Length - 1);

        public int StartOf(int token) => Statement.Span.Start + Tokens.TokenAt(token).Start;

        public int EndOf(int token) => Statement.Span.Start + Tokens.TokenAt(token).End;

        public TextEdit Replace(int token, int count, string text) => new(new TextSpan(StartOf(token), EndOf(token + count - 1) - StartOf(token)), text);

        /// <summary>The one object of this kind that is changed, as its name is written; null when there is none, or several.</summary>
        public string? Target(string kind) =>
            Statement.Objects.Where(o => o.Access != ObjectAccess.Read).ToArray() is [{ } only] && only.Kind == kind ? NameOf(only) : null;

        /// <summary>A name as written, where it is one: no variable, template or function stands for it.</summary>
        public string? NameOf(SqlObject named)
        {
            if (named.Span.Start < Statement.Span.Start || named.Span.End > Statement.Span.End || named.Span.Length <= 0) return null;
            var written = sql.Substring(named.Span.Start, named.Span.Length);
            foreach (var token in SqlScript.Read(written).Tokens)
            {
                if (token.Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Dot) || token.Has(TokenMarks.Unterminated | TokenMarks.HoldsTemplate | TokenMarks.Deceptive)) return null;
            }
            return written;
        }
    }
}
