using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Reading;

/// <summary>A <see cref="CallFilter"/> as SQL, written by hand: EF's own shape for full text costs a hundred times more (docs/decisions.md).</summary>
internal sealed class CallQuery
{
    /// <summary>Counts, facets and histograms of filters the roll-up does not know stop here.</summary>
    public const int Cap = 10_000;

    private readonly List<string> _conditions = [];
    private readonly List<(string Name, object Value)> _parameters = [];

    private CallQuery(bool text) => IsText = text;

    /// <summary>The full-text index drives the query, in the order of its row ids.</summary>
    public bool IsText { get; }

    public string From => IsText ? "search.call_text t CROSS JOIN calls c ON c.first_sequence = t.rowid" : "calls c";

    public string Order => IsText ? "t.rowid DESC" : "c.started_at DESC, c.first_sequence DESC";

    public string Where => _conditions.Count == 0 ? "" : "WHERE " + string.Join(" AND ", _conditions);

    public static CallQuery Of(CallFilter filter, CallFacet? without = null)
    {
        string? match = SearchText.ToMatch(filter.Text);
        var query = new CallQuery(match is not null);
        if (match is not null)
        {
            query.Add("t.call_text MATCH {0}", match);
        }
        query.AddRange(filter.From, filter.To);
        query.AddFacets(filter, without);
        query.AddIf("c.session_id = {0}", filter.SessionId);
        query.AddIf("c.reviewer = {0}", filter.Reviewer);
        query.AddIf("c.first_sequence IN (SELECT first_sequence FROM rule_hits WHERE rule = {0})", filter.Rule);
        return query;
    }

    /// <summary>The part of a filter the hourly roll-up knows, over its own columns.</summary>
    public static CallQuery OfHours(CallFilter filter)
    {
        var query = new CallQuery(text: false);
        query.AddFacets(filter, without: null);
        return query;
    }

    /// <summary>Whether the hourly roll-up can answer: it does not know sessions, reviewers, rules and words.</summary>
    public static bool FitsHours(CallFilter filter) =>
        filter is { SessionId: null, Reviewer: null, Rule: null } && SearchText.ToMatch(filter.Text) is null;

    public void Before(CallCursor cursor)
    {
        if (IsText)
        {
            Add("t.rowid < {0}", cursor.FirstSequence);
        }
        else
        {
            Add("(c.started_at, c.first_sequence) < ({0}, {1})", cursor.StartedAt.ToUnixTimeMilliseconds(), cursor.FirstSequence);
        }
    }

    public void After(long sequence) => Add(IsText ? "t.rowid > {0}" : "c.first_sequence > {0}", sequence);

    /// <summary>Narrows a full-text query to the row ids a time window can hold, so that it does not walk through all newer matches.</summary>
    public void BoundRowIds(long first, long last)
    {
        Add("t.rowid >= {0}", first);
        Add("t.rowid <= {0}", last);
    }

    public void Add(string condition, params ReadOnlySpan<object> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            condition = condition.Replace("{" + i.ToString(CultureInfo.InvariantCulture) + "}", Parameter(values[i]), StringComparison.Ordinal);
        }
        _conditions.Add(condition);
    }

    public SqliteParameter[] Parameters() => [.. _parameters.Select(static p => new SqliteParameter(p.Name, p.Value))];

    public SqliteCommand Command(SqliteConnection connection, string sql)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddRange(Parameters());
        return command;
    }

    public static string Column(CallFacet facet) => facet switch
    {
        CallFacet.Kind => "kind",
        CallFacet.State => "state",
        CallFacet.Tool => "tool",
        CallFacet.Door => "door",
        CallFacet.Model => "model",
        CallFacet.Actor => "actor",
        CallFacet.Severity => "severity",
        _ => throw new ArgumentOutOfRangeException(nameof(facet), facet, "A facet without a column."),
    };

    /// <summary>The values a filter allows for a facet, as they stand in the database; empty when it does not narrow it.</summary>
    public static ImmutableArray<string> Wanted(CallFilter filter, CallFacet facet) => facet switch
    {
        CallFacet.Kind => filter.Kind is { } kind ? [kind.Name()] : [],
        CallFacet.State => [.. filter.States.Select(static s => s.Name())],
        CallFacet.Tool => filter.Tools,
        CallFacet.Door => filter.Doors,
        CallFacet.Model => filter.Models,
        CallFacet.Actor => filter.Actors,
        CallFacet.Severity => filter.Severities,
        _ => throw new ArgumentOutOfRangeException(nameof(facet), facet, "A facet without a filter."),
    };

    private void AddRange(DateTimeOffset? from, DateTimeOffset? to)
    {
        if (from is { } start)
        {
            Add("c.started_at >= {0}", start.ToUnixTimeMilliseconds());
        }
        if (to is { } end)
        {
            Add("c.started_at < {0}", end.ToUnixTimeMilliseconds());
        }
    }

    private void AddFacets(CallFilter filter, CallFacet? without)
    {
        foreach (CallFacet facet in Enum.GetValues<CallFacet>())
        {
            AddFacet(facet, without, Wanted(filter, facet));
        }
    }

    private void AddFacet(CallFacet facet, CallFacet? without, ImmutableArray<string> values)
    {
        if (values.IsDefaultOrEmpty || facet == without)
        {
            return;
        }
        string column = "c." + Column(facet);
        _conditions.Add(values is [var one]
            ? $"{column} = {Parameter(one)}"
            : $"{column} IN ({string.Join(", ", values.Select(Parameter))})");
    }

    private void AddIf(string condition, string? value)
    {
        if (value is not null)
        {
            Add(condition, value);
        }
    }

    private string Parameter(object value)
    {
        string name = "$p" + _parameters.Count.ToString(CultureInfo.InvariantCulture);
        _parameters.Add((name, value));
        return name;
    }
}
