using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EditorBridge.Sql;

namespace EditorBridge.Cli;

/// <summary>An analysis as text for people and as JSON for programs.</summary>
internal static class SqlReport
{
    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string WireClass(StatementClass cls) => cls.ToString().ToUpperInvariant();

    public static string WireEffect(Effect effect) => effect switch { Effect.Allow => "allow", Effect.Review => "ask", _ => "deny" };

    /// <summary>One statement as the line protocol writes it.</summary>
    public static void Statement(Utf8JsonWriter writer, StatementAnalysis statement)
    {
        writer.WriteStartObject();
        Judgement(writer, statement);
        writer.WriteStartArray("objects");
        // An outside address is a destination and no object of the account, and a name that is only known at run time is no name: the reasons speak of both.
        foreach (var name in statement.Objects.Where(o => o.Kind != "LOCATION" && !IsOpen(o.Name)).Select(o => o.Name).Distinct(StringComparer.Ordinal)) writer.WriteStringValue(name);
        writer.WriteEndArray();
        writer.WriteStartArray("columns");
        foreach (var column in statement.Columns) writer.WriteStringValue(column);
        writer.WriteEndArray();
        writer.WriteStartArray("reasons");
        foreach (var reason in statement.Reasons) writer.WriteStringValue(reason.Id);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static bool IsOpen(string name) => name.Contains("{{", StringComparison.Ordinal) || name.Contains("<%", StringComparison.Ordinal) || name.Contains('&', StringComparison.Ordinal) || name.Contains("IDENTIFIER(", StringComparison.Ordinal);

    private static void Judgement(Utf8JsonWriter writer, StatementAnalysis statement)
    {
        writer.WriteString("class", WireClass(statement.Class));
        writer.WriteString("decision", WireEffect(statement.Effect));
        writer.WriteString("severity", statement.Severity.ToString().ToLowerInvariant());
    }

    /// <summary>A file's pieces of SQL with everything that is known of them.</summary>
    public static string Json(string file, string text, ImmutableArray<SqlPiece> pieces)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Written))
        {
            writer.WriteStartObject();
            writer.WriteString("file", file);
            writer.WriteString("rules", RuleCatalogue.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            writer.WriteStartArray("pieces");
            foreach (var piece in pieces)
            {
                writer.WriteStartObject();
                writer.WriteString("source", piece.Source);
                writer.WriteNumber("line", LineOf(text, piece.Span.Start));
                writer.WriteBoolean("dynamic", piece.Dynamic);
                writer.WriteString("decision", WireEffect(piece.Analysis.Effect));
                writer.WriteStartArray("statements");
                foreach (var statement in piece.Analysis.Statements) Full(writer, statement);
                writer.WriteEndArray();
                writer.WriteStartArray("chains");
                foreach (var reason in piece.Analysis.ChainReasons) Reason(writer, reason);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Full(Utf8JsonWriter writer, StatementAnalysis statement)
    {
        writer.WriteStartObject();
        writer.WriteString("title", statement.Title);
        writer.WriteNumber("start", statement.Span.Start);
        writer.WriteNumber("length", statement.Span.Length);
        Judgement(writer, statement);
        writer.WriteString("confidence", statement.Confidence.ToString().ToLowerInvariant());
        writer.WriteStartArray("reasons");
        foreach (var reason in statement.Reasons) Reason(writer, reason);
        writer.WriteEndArray();
        writer.WriteStartArray("objects");
        foreach (var o in statement.Objects)
        {
            writer.WriteStartObject();
            writer.WriteString("name", o.Name);
            writer.WriteString("kind", o.Kind);
            writer.WriteString("access", o.Access.ToString().ToLowerInvariant());
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("columns");
        foreach (var column in statement.Columns) writer.WriteStringValue(column);
        writer.WriteEndArray();
        writer.WriteStartArray("embedded");
        foreach (var inner in statement.Embedded) Full(writer, inner);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Reason(Utf8JsonWriter writer, Reason reason)
    {
        writer.WriteStartObject();
        writer.WriteString("id", reason.Id);
        writer.WriteString("severity", reason.Severity.ToString().ToLowerInvariant());
        writer.WriteString("message", reason.Message);
        writer.WriteNumber("start", reason.Span.Start);
        writer.WriteNumber("length", reason.Span.Length);
        writer.WriteEndObject();
    }

    /// <summary>One line per statement, its reasons below it.</summary>
    public static string Table(string file, string text, ImmutableArray<SqlPiece> pieces)
    {
        var report = new StringBuilder();
        if (pieces.All(piece => piece.Analysis.Statements.Length == 0)) return $"{file}: nothing to run\n";
        foreach (var piece in pieces)
        {
            report.Append(CultureInfo.InvariantCulture, $"{file}");
            if (piece.Host != SqlHost.Plain) report.Append(CultureInfo.InvariantCulture, $", {piece.Source}");
            report.Append('\n');
            foreach (var statement in piece.Analysis.Statements) Rows(report, text, statement, piece.Host == SqlHost.Plain ? 0 : piece.Span.Start, 1);
            foreach (var reason in piece.Analysis.ChainReasons) report.Append(CultureInfo.InvariantCulture, $"  together {reason.Id}  {Printable(reason.Message)}\n");
        }
        return report.ToString();
    }

    private static void Rows(StringBuilder report, string text, StatementAnalysis statement, int offset, int indent)
    {
        var pad = new string(' ', indent * 2);
        report.Append(CultureInfo.InvariantCulture, $"{pad}{LineOf(text, statement.Span.Start + offset),4}  {WireEffect(statement.Effect),-5}  {WireClass(statement.Class),-11}  {statement.Severity.ToString().ToLowerInvariant(),-8}  {Printable(statement.Title)}\n");
        foreach (var reason in statement.Reasons)
        {
            if (reason.Severity > Severity.None) report.Append(CultureInfo.InvariantCulture, $"{pad}      {reason.Id,-4} {Printable(reason.Message)}\n");
        }
        foreach (var inner in statement.Embedded) Rows(report, text, inner, offset, indent + 1);
    }

    /// <summary>What an agent wrote goes to a terminal only without control and direction characters.</summary>
    private static string Printable(string text) => string.Concat(text.Select(c => c is '\r' or '\n' or '\t' ? ' ' : char.IsControl(c) || c is >= '\u200B' and <= '\u200F' or >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' ? '\uFFFD' : c));

    private static int LineOf(string text, int at) => text.AsSpan(0, Math.Clamp(at, 0, text.Length)).Count('\n') + 1;
}
