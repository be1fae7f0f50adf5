using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Fact 2 for queries and changes of data: which clause changed.</summary>
internal static class QueryFacts
{
    private readonly record struct Clause(int First, int End, ulong Hash);

    public static void Add(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        var old = Clauses(before);
        var current = Clauses(after);
        if (old.Count == 0 && current.Count == 0) return;
        var changesData = after.Verb is Kw.UPDATE or Kw.DELETE or Kw.MERGE;
        foreach (var name in old.Keys.Union(current.Keys))
        {
            var was = old.TryGetValue(name, out var oldClause);
            var isNow = current.TryGetValue(name, out var newClause);
            if (was && isNow && oldClause.Hash == newClause.Hash) continue;
            if (name == "SELECT" && was && isNow) AddProjection(facts, before, oldClause, after, newClause);
            else if (name == "FROM" && was && isNow) AddSources(facts, before, oldClause, after, newClause);
            else if (was && isNow) facts.Add(Fact(Severity.Low, $"{name} changed: {before.Show(oldClause.First, oldClause.End)} → {after.Show(newClause.First, newClause.End)}"));
            else if (was) facts.Add(Fact(name == "WHERE" ? (changesData ? Severity.High : Severity.Medium) : Severity.Low, $"{name} removed{(name == "WHERE" ? ": now all rows" : "")} (was {before.Show(oldClause.First, oldClause.End)})."));
            else facts.Add(Fact(Severity.None, $"{name} added: {after.Show(newClause.First, newClause.End)}"));
        }
    }

    private static DiffFact Fact(Severity severity, string message) => new(DiffFactKind.Shape, severity, message);

    private static void AddProjection(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, Clause old, TokenStatement after, Clause current)
    {
        var oldItems = Items(before, old.First, old.End);
        var newItems = Items(after, current.First, current.End);
        var oldHashes = oldItems.Select(item => item.Hash).ToHashSet();
        var newHashes = newItems.Select(item => item.Hash).ToHashSet();
        var added = newItems.Where(item => !oldHashes.Contains(item.Hash)).ToList();
        var removed = oldItems.Where(item => !newHashes.Contains(item.Hash)).ToList();
        foreach (var item in added.ToArray())
        {
            var same = removed.FindIndex(other => OutputName(before, other) is { Length: > 0 } name && name == OutputName(after, item));
            if (same < 0) continue;
            facts.Add(Fact(Severity.Low, $"Column {OutputName(after, item)}: {before.Show(removed[same].First, removed[same].End)} → {after.Show(item.First, item.End)}"));
            removed.RemoveAt(same);
            added.Remove(item);
        }
        foreach (var item in added)
        {
            var isStar = after.TokenAt(item.End - 1).Kind == TokenKind.Star;
            facts.Add(Fact(isStar ? Severity.Medium : Severity.Low, isStar ? $"Now reads every column ({after.Show(item.First, item.End)})." : $"Column added: {after.Show(item.First, item.End)}"));
        }
        foreach (var item in removed) facts.Add(Fact(Severity.Low, $"Column removed: {before.Show(item.First, item.End)}"));
        if (added.Count == 0 && removed.Count == 0 && oldHashes.SetEquals(newHashes)) facts.Add(Fact(Severity.Low, "The order of the columns changed."));
    }

    private static void AddSources(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, Clause old, TokenStatement after, Clause current)
    {
        var oldItems = Sources(before, old);
        var newItems = Sources(after, current);
        var oldHashes = oldItems.Select(item => item.Hash).ToHashSet();
        var newHashes = newItems.Select(item => item.Hash).ToHashSet();
        foreach (var item in newItems.Where(item => !oldHashes.Contains(item.Hash))) facts.Add(Fact(Severity.Low, $"FROM now has: {after.Show(item.First, item.End)}"));
        foreach (var item in oldItems.Where(item => !newHashes.Contains(item.Hash))) facts.Add(Fact(Severity.Low, $"FROM no longer has: {before.Show(item.First, item.End)}"));
    }

    /// <summary>The clauses of the outermost query or change, by name. A second query after UNION counts as one clause.</summary>
    private static Dictionary<string, Clause> Clauses(TokenStatement statement)
    {
        var clauses = new Dictionary<string, Clause>(StringComparer.Ordinal);
        var baseDepth = BaseDepth(statement);
        if (baseDepth < 0) return clauses;
        var depth = 0;
        string? name = null;
        var start = 0;
        var second = false;
        for (var offset = 0; offset < statement.Length; offset++)
        {
            var token = statement.TokenAt(offset);
            if (token.Kind == TokenKind.OpenParen) depth++;
            if (token.Kind == TokenKind.CloseParen && --depth < baseDepth && name is not null) { Close(offset); name = null; }
            if (depth != baseDepth || token.Kind != TokenKind.Word || ClauseName(statement, offset, name) is not { } next || (second && next != "UNION")) continue;
            Close(offset);
            name = next;
            start = next is "SELECT" or "WHERE" or "FROM" or "HAVING" or "QUALIFY" or "LIMIT" or "SET" or "VALUES" ? offset + 1 : offset;
            second |= next == "UNION";
        }
        Close(statement.Length);
        return clauses;

        void Close(int end)
        {
            if (name is not null) clauses.TryAdd(name, new Clause(start, end, Hash(statement, start, end)));
        }
    }

    private static int BaseDepth(TokenStatement statement)
    {
        int depth = 0, least = -1;
        for (var offset = 0; offset < statement.Length; offset++)
        {
            var token = statement.TokenAt(offset);
            if (token.Kind == TokenKind.OpenParen) depth++;
            else if (token.Kind == TokenKind.CloseParen) depth--;
            else if (token.Keyword is Kw.SELECT or Kw.UPDATE or Kw.DELETE or Kw.MERGE && (least < 0 || depth < least)) least = depth;
        }
        return least;
    }

    private static string? ClauseName(TokenStatement statement, int offset, string? inside) => statement.TokenAt(offset).Keyword switch
    {
        Kw.SELECT => "SELECT",
        Kw.FROM when statement.Verb == Kw.DELETE && offset == 1 => null,
        Kw.FROM => "FROM",
        Kw.WHERE => "WHERE",
        Kw.GROUP when statement.Is(offset + 1, "BY") => "GROUP BY",
        Kw.HAVING => "HAVING",
        Kw.QUALIFY => "QUALIFY",
        Kw.ORDER when statement.Is(offset + 1, "BY") => "ORDER BY",
        Kw.LIMIT => "LIMIT",
        Kw.SET when statement.Verb == Kw.UPDATE => "SET",
        Kw.VALUES when statement.Verb == Kw.INSERT => "VALUES",
        Kw.ON when statement.Verb == Kw.MERGE && inside is null or "USING" => "ON",
        Kw.USING when statement.Verb is Kw.MERGE or Kw.DELETE => "USING",
        Kw.WHEN when statement.Verb == Kw.MERGE && inside != "WHEN" => "WHEN",
        Kw.UNION or Kw.INTERSECT or Kw.EXCEPT or Kw.MINUS => "UNION",
        _ => null,
    };

    /// <summary>The parts between commas at the outermost depth.</summary>
    private static List<Clause> Items(TokenStatement statement, int first, int end)
    {
        if (statement.Is(first, "DISTINCT") || statement.Is(first, "ALL")) first++;
        var items = new List<Clause>();
        var depth = 0;
        var start = first;
        for (var offset = first; offset <= end; offset++)
        {
            var kind = offset < end ? statement.TokenAt(offset).Kind : TokenKind.Comma;
            if (kind is TokenKind.OpenParen or TokenKind.OpenBracket or TokenKind.OpenBrace) depth++;
            if (kind is TokenKind.CloseParen or TokenKind.CloseBracket or TokenKind.CloseBrace) depth--;
            if (kind != TokenKind.Comma || (depth > 0 && offset < end)) continue;
            if (offset > start) items.Add(new Clause(start, offset, Hash(statement, start, offset)));
            start = offset + 1;
        }
        return items;
    }

    /// <summary>Tables and joins: the parts between commas and before each JOIN.</summary>
    private static List<Clause> Sources(TokenStatement statement, Clause clause)
    {
        var items = new List<Clause>();
        var depth = 0;
        var start = clause.First;
        for (var offset = clause.First; offset < clause.End; offset++)
        {
            var token = statement.TokenAt(offset);
            if (token.Kind == TokenKind.OpenParen) depth++;
            if (token.Kind == TokenKind.CloseParen) depth--;
            var joins = token.Keyword is Kw.JOIN or Kw.LEFT or Kw.RIGHT or Kw.FULL or Kw.INNER or Kw.CROSS or Kw.NATURAL or Kw.ASOF
                && (offset == 0 || statement.TokenAt(offset - 1).Keyword is not (Kw.LEFT or Kw.RIGHT or Kw.FULL or Kw.INNER or Kw.CROSS or Kw.NATURAL or Kw.ASOF or Kw.OUTER));
            if (depth > 0 || !(joins || token.Kind == TokenKind.Comma) || offset == start) continue;
            items.Add(new Clause(start, offset, Hash(statement, start, offset)));
            start = token.Kind == TokenKind.Comma ? offset + 1 : offset;
        }
        if (clause.End > start) items.Add(new Clause(start, clause.End, Hash(statement, start, clause.End)));
        return items;
    }

    private static string OutputName(TokenStatement statement, Clause item)
    {
        var last = statement.TokenAt(item.End - 1);
        return last.Kind is TokenKind.Word or TokenKind.QuotedIdentifier ? statement.NameAt(item.End - 1) : "";
    }

    private static ulong Hash(TokenStatement statement, int first, int end)
    {
        var hash = 3UL;
        for (var offset = first; offset < end; offset++) hash = (hash * 31) ^ statement.Source.HashAt(statement.First + offset) * 0x9E3779B97F4A7C15UL;
        return hash;
    }
}
