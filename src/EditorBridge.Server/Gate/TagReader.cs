using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Snowflake;
using EditorBridge.Sql;

namespace EditorBridge.Gate;

/// <summary>
/// Asks the account which governance tags the tables and views of an action carry, when a rule in force speaks of tags. What could not be found out, in time
/// and for certain, is left out of the answer: policy takes it for "may carry any tag".
/// </summary>
/// <param name="account">Null when there is no account to ask.</param>
internal sealed partial class TagReader(SqlApiClient? account, GateContext context, TimeProvider time, ILogger<TagReader> logger)
{
    private const int MostObjects = 20;
    private const int MostRows = 10_000;
    private const int MostKept = 2000;

    /// <summary>A tag that is set or taken away counts after this at the latest.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    /// <summary>An agent waits for its answer meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>The facts with the tags the rules in force ask about.</summary>
    public async Task<ActionFacts> WithTagsAsync(PolicySet policy, ActionFacts facts)
    {
        if (account is null || !policy.SpeaksOfTags) return facts;
        var tags = ImmutableDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        using var deadline = new CancellationTokenSource(Patience, time);
        foreach (var name in facts.Sql.SelectMany(piece => piece.Analysis.Statements).SelectMany(Targets).Where(target => BlastRadius.HasRows(target.Kind)).Select(target => target.Name).Distinct(StringComparer.Ordinal).Take(MostObjects))
        {
            if (FullName(name, facts) is not { } parts || await OfAsync(parts, deadline.Token) is not { } known) continue;
            tags[name] = known.OfObject;
            foreach (var (column, own) in known.OfColumns) tags[$"{name}.{column}"] = own;
        }

        return facts with { Tags = tags.ToImmutable() };
    }

    private static IEnumerable<SqlObject> Targets(StatementAnalysis statement) => statement.Objects.Concat(statement.Embedded.SelectMany(Targets));

    /// <summary>Database, schema and name without quotes; null when it is not known which object is meant.</summary>
    private static string[]? FullName(string name, ActionFacts facts)
    {
        string?[] parts = BlastRadius.PartsOf(name) switch
        {
            [var table] => [facts.Database, facts.Schema, table],
            [var schema, var table] => [facts.Database, schema, table],
            [var database, var schema, var table] => [database, schema, table],
            _ => [null],
        };
        return parts.Any(string.IsNullOrEmpty) ? null : [.. parts.Select(part => part!)];
    }

    private async Task<Known?> OfAsync(string[] parts, CancellationToken deadline)
    {
        var key = string.Join('\0', parts);
        if (_known.TryGetValue(key, out var kept) && time.GetUtcNow() - kept.At < Kept) return kept;
        try
        {
            if (await account!.ExecuteAsync(Question(parts), deadline) is not SqlRows { Truncated: false, Rows: { IsEmpty: false } rows }) return null;
            var known = Told(rows, time.GetUtcNow());
            if (_known.Count >= MostKept) _known.Clear();
            return _known[key] = known;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            LogTooSlow(parts[^1]);
            return null;
        }
    }

    // The columns come first: a role that does not see the table gets no row at all, which is told apart from a table without tags.
    private Snowflake.SqlStatement Question(string[] parts)
    {
        var (database, schema, table) = (Quoted(parts[0]), Literal(parts[1]), Literal(parts[2]));
        var full = Literal($"{Quoted(parts[0])}.{Quoted(parts[1])}.{Quoted(parts[2])}");
        return new Snowflake.SqlStatement
        {
            Text = $"""
                SELECT COLUMN_NAME, CAST(NULL AS VARCHAR) AS TAG_DATABASE, CAST(NULL AS VARCHAR) AS TAG_SCHEMA, CAST(NULL AS VARCHAR) AS TAG_NAME, CAST(NULL AS VARCHAR) AS TAG_VALUE, CAST(NULL AS VARCHAR) AS "LEVEL"
                FROM {database}.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table}
                UNION ALL
                SELECT COLUMN_NAME, TAG_DATABASE, TAG_SCHEMA, TAG_NAME, TAG_VALUE, "LEVEL"
                FROM TABLE({database}.INFORMATION_SCHEMA.TAG_REFERENCES_ALL_COLUMNS({full}, 'TABLE'))
                """,
            RequestId = Guid.NewGuid(),
            Role = context.Role,
            Warehouse = context.Warehouse,
            Timeout = Patience,
            MaxRows = MostRows,
            QueryTag = OwnQuestions.Tag("tags"),
        };
    }

    private static Known Told(ImmutableArray<ImmutableArray<string?>> rows, DateTimeOffset at)
    {
        var ofObject = new SortedSet<string>(StringComparer.Ordinal);
        var ofColumns = new Dictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (row is not [{ } column, var database, var schema, { } name, var value, var level]) continue;
            // What a column has from its table, schema or database holds for the table as a whole.
            var holder = level == "COLUMN" ? ofColumns.TryGetValue(column, out var own) ? own : ofColumns[column] = new(StringComparer.Ordinal) : ofObject;
            holder.UnionWith(Spellings(name, $"{database}.{schema}.{name}", value));
        }

        return new Known(at, [.. ofObject], [.. ofColumns.Select(column => (column.Key, column.Value.ToImmutableArray()))]);
    }

    /// <summary>The ways a pattern may speak of a tag: by its name alone or in full, with its value or without.</summary>
    internal static IEnumerable<string> Spellings(string name, string fullName, string? value) =>
        value is null ? [name, fullName] : [name, $"{name}={value}", fullName, $"{fullName}={value}"];

    private static string Quoted(string part) => $"\"{part.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Literal(string text) => new StringBuilder(text).Replace("\\", "\\\\").Replace("'", "''").Insert(0, '\'').Append('\'').ToString();

    private sealed record Known(DateTimeOffset At, ImmutableArray<string> OfObject, ImmutableArray<(string Column, ImmutableArray<string> Tags)> OfColumns);

    [LoggerMessage(LogLevel.Warning, "The account did not say in time which tags {Table} carries; rules on tags ask a person about it")]
    private partial void LogTooSlow(string table);
}
