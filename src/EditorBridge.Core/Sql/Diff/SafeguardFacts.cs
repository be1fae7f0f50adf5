using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Fact 7: definitions, guards and transactions that came or went.</summary>
internal static class SafeguardFacts
{
    private static readonly (string[] Words, Severity WhenGone, Severity WhenNew, string Gone, string New)[] Guards =
    [
        (["IF", "EXISTS"], Severity.Low, Severity.None, "IF EXISTS removed: fails when the object is not there.", "IF EXISTS added."),
        (["IF", "NOT", "EXISTS"], Severity.Low, Severity.None, "IF NOT EXISTS removed: fails, or replaces, when the object is there.", "IF NOT EXISTS added."),
        (["OR", "REPLACE"], Severity.None, Severity.High, "OR REPLACE removed: an existing object is kept.", "OR REPLACE added: an existing object is dropped, with its grants and history."),
        (["OR", "ALTER"], Severity.None, Severity.Medium, "OR ALTER removed.", "OR ALTER added: columns the text does not name are dropped."),
        (["COPY", "GRANTS"], Severity.Medium, Severity.None, "COPY GRANTS removed: the grants on the old object are lost.", "COPY GRANTS added."),
        (["SECURE"], Severity.High, Severity.None, "No longer SECURE: its definition and hidden rows can be inferred.", "Now SECURE."),
        (["CASCADE"], Severity.None, Severity.High, "CASCADE removed.", "CASCADE added: what depends on it goes too."),
    ];

    public static void Add(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        foreach (var (words, whenGone, whenNew, gone, added) in Guards)
        {
            var was = before.Has(words);
            if (was == after.Has(words)) continue;
            facts.Add(new DiffFact(DiffFactKind.Safeguard, was ? whenGone : whenNew, was ? gone : added));
        }
    }

    public static void AddNew(ImmutableArray<DiffFact>.Builder facts, TokenStatement statement)
    {
        if (statement.SetsContext && statement.Verb is Kw.USE or Kw.ALTER) facts.Add(new DiffFact(DiffFactKind.Context, Severity.Medium, "What follows runs in another context."));
    }

    public static void AddGone(ImmutableArray<DiffFact>.Builder facts, TokenStatement statement)
    {
        switch (statement.Verb)
        {
            case Kw.DEFINE:
                facts.Add(new DiffFact(DiffFactKind.Safeguard, Severity.High, "A definition that is removed is dropped from the account at the next deploy.", "X11"));
                break;
            case Kw.BEGIN or Kw.START or Kw.COMMIT or Kw.ROLLBACK when statement.SetsContext:
                facts.Add(new DiffFact(DiffFactKind.Safeguard, Severity.Medium, "A transaction statement is removed: what ran as a whole may now run in part."));
                break;
            case Kw.USE or Kw.SET or Kw.UNSET or Kw.ALTER when statement.SetsContext:
                facts.Add(new DiffFact(DiffFactKind.Context, Severity.Medium, "What follows no longer runs in this context."));
                break;
            case Kw.REVOKE:
                facts.Add(new DiffFact(DiffFactKind.Rights, Severity.Medium, "A privilege is no longer taken back."));
                break;
        }
    }
}
