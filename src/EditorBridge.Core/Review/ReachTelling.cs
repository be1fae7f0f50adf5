using System.Collections.Immutable;
using System.Globalization;

namespace EditorBridge.Review;

/// <summary>Turns rows of the account into sentences for a reviewer. Every text of the account is data: it is cut short and never markup.</summary>
public static class ReachTelling
{
    public const int MostLines = 12;
    private const int LongestCell = 120;

    /// <param name="columns">The names of the columns, in any case.</param>
    /// <param name="total">Rows of the whole result, which may be more than were fetched.</param>
    public static ReachAnswer Tell(BlastQuery query, ImmutableArray<string> columns, ImmutableArray<ImmutableArray<string?>> rows, long total)
    {
        var table = new Table(columns, rows);
        return query.Kind switch
        {
            BlastQuestion.Rows => Of(query, ReachOutcome.Answered, Rows(table, query)),
            BlastQuestion.Plan => Plan(query, table),
            BlastQuestion.Exists => Exists(query, table),
            BlastQuestion.Grants => Listed(query, total, "grant", table.Select(row => $"{row("privilege")} to {row("granted_to")} {row("grantee_name")}")),
            BlastQuestion.Holders => Listed(query, total, "holder", table.Select(row => $"{row("granted_to")} {row("grantee_name")}")),
            BlastQuestion.Rights => Listed(query, total, "right", table.Select(row => row("role") is { Length: > 0 } role ? $"role {role}" : $"{row("privilege")} on {row("granted_on")} {row("name")}")),
            BlastQuestion.Dependants => Listed(query, total, "object", table.Select(row => $"{row("referencing_object_domain")} {row("referencing_database")}.{row("referencing_schema")}.{row("referencing_object_name")}"), "depends on it", "depend on it"),
            BlastQuestion.Contents => Listed(query, total, "object", table.Select(row => $"{row("kind")} {row("schema_name")}.{row("name")}{(row("rows") is { Length: > 0 } count ? $", {Number(count)} rows" : "")}"), "is in it", "are in it"),
            BlastQuestion.Files => Listed(query, total, "file", table.Select(row => $"{row("name")}, {Bytes(row("size"))}")),
            _ => throw new ArgumentOutOfRangeException(nameof(query), query.Kind, "A question without a telling."),
        };
    }

    /// <summary>A question that was not answered, with the reason.</summary>
    public static ReachAnswer Without(BlastQuery query, ReachOutcome outcome, string why) => Of(query, outcome, why);

    private static string Rows(Table table, BlastQuery query) =>
        table.First is { } row && row.Length > 0 && row[0] is { } count ? count == "1" ? $"1 row of {query.Target} matches." : $"{Number(count)} rows of {query.Target} match." : "The account gave no number.";

    private static ReachAnswer Plan(BlastQuery query, Table table)
    {
        long assigned = 0, total = 0, bytes = 0;
        var lines = new List<string>();
        foreach (var row in table.Select(cell => (Operation: cell("operation"), Objects: cell("objects"), Total: cell("partitionstotal"), Assigned: cell("partitionsassigned"), Bytes: cell("bytesassigned"))))
        {
            if (row.Operation.Length == 0) continue;
            if (row.Objects.Length > 0 && lines.Count < MostLines) lines.Add($"{row.Operation} {row.Objects}");
            total += Whole(row.Total);
            assigned += Whole(row.Assigned);
            bytes += Whole(row.Bytes);
        }
        var answer = total > 0 ? $"Scans {assigned:N0} of {total:N0} partitions, {Bytes(bytes.ToString(CultureInfo.InvariantCulture))}." : "The account can run it as it stands.";
        return Of(query, ReachOutcome.Answered, answer) with { Lines = [.. lines] };
    }

    // LIKE takes _ for any character, so a listing may hold neighbours of the object.
    private static ReachAnswer Exists(BlastQuery query, Table table)
    {
        var wanted = query.Target.Length == 0 ? "" : BlastRadius.Bare(BlastRadius.Names(query.Target)[^1]);
        var found = table.Select(cell => (Name: cell("name"), Rows: cell("rows"), Bytes: cell("bytes"), Owner: cell("owner"), Retention: cell("retention_time"), State: cell("state"), Size: cell("size")))
            .FirstOrDefault(row => row.Name.Equals(wanted, StringComparison.OrdinalIgnoreCase));
        if (found.Name is not { Length: > 0 }) return Of(query, ReachOutcome.NotFound, $"There is no {query.Target}, or this role does not see it.");
        List<string> told = [$"{query.Target} exists"];
        if (found.Rows.Length > 0) told.Add(found.Rows == "1" ? "1 row" : $"{Number(found.Rows)} rows");
        if (found.Bytes.Length > 0) told.Add(Bytes(found.Bytes));
        if (found.Size.Length > 0) told.Add($"size {found.Size}");
        if (found.State.Length > 0) told.Add(found.State.ToLowerInvariant());
        if (found.Owner.Length > 0) told.Add($"owner {found.Owner}");
        if (found.Retention.Length > 0) told.Add(Whole(found.Retention) == 0 ? "no time travel" : $"time travel of {found.Retention} day{(found.Retention == "1" ? "" : "s")}");
        return Of(query, ReachOutcome.Answered, string.Join(", ", told) + ".");
    }

    private static ReachAnswer Listed(BlastQuery query, long total, string noun, IEnumerable<string> lines, string? one = null, string? many = null)
    {
        var answer = total switch
        {
            0 => many is null ? $"No {noun}s." : $"No {noun} {one}.",
            1 => one is null ? $"1 {noun}." : $"1 {noun} {one}.",
            _ => many is null ? $"{total:N0} {noun}s." : $"{total:N0} {noun}s {many}.",
        };
        var shown = lines.Take(MostLines).ToImmutableArray();
        if (total > shown.Length && shown.Length > 0) shown = [.. shown.Take(MostLines - 1), $"and {total - Math.Min(shown.Length, MostLines - 1):N0} more"];
        return Of(query, ReachOutcome.Answered, answer) with { Lines = shown };
    }

    private static ReachAnswer Of(BlastQuery query, ReachOutcome outcome, string answer) => new(query.Question, query.Target, query.Sql, outcome, answer, [], query.MayBeOld);

    private static long Whole(string text) => long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Number(string text) => long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number.ToString("N0", CultureInfo.InvariantCulture) : text;

    private static string Bytes(string text)
    {
        double size = Whole(text);
        string[] units = ["bytes", "KB", "MB", "GB", "TB", "PB"];
        var unit = 0;
        for (; size >= 1024 && unit < units.Length - 1; unit++) size /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {units[unit]}");
    }

    /// <summary>A result whose columns are asked for by name; a column that is not there is empty.</summary>
    private readonly struct Table(ImmutableArray<string> columns, ImmutableArray<ImmutableArray<string?>> rows)
    {
        public ImmutableArray<string?>? First => rows.Length > 0 ? rows[0] : null;

        public IEnumerable<T> Select<T>(Func<Func<string, string>, T> tell)
        {
            var (names, all) = (columns, rows);
            return all.Select(row => tell(name => Cell(names, row, name)));
        }

        private static string Cell(ImmutableArray<string> columns, ImmutableArray<string?> row, string name)
        {
            for (var at = 0; at < columns.Length && at < row.Length; at++)
            {
                if (columns[at].Equals(name, StringComparison.OrdinalIgnoreCase)) return row[at] is { } cell ? cell.Length <= LongestCell ? cell : string.Concat(cell.AsSpan(0, LongestCell), "…") : "";
            }
            return "";
        }
    }
}
