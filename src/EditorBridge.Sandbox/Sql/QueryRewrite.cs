using System.Text.Json;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using EditorBridge.Sandbox.Auth;

namespace EditorBridge.Sandbox.Sql;

/// <summary>
/// Applies a role to a query: parses it with DuckDB's own parser, resolves and checks every table in the tree, puts the masking
/// view in the place of a masked table, and turns the tree back into SQL.
/// </summary>
internal sealed class QueryRewrite(DuckDBConnection connection, SqlContext context, AccessRules rules, UsageViews views)
{
    /// <summary>Levels of nesting in a query's tree; a real query stays far below.</summary>
    private const int Deepest = 2000;

    private static readonly JsonSerializerOptions Written = new() { MaxDepth = Deepest };
    private static readonly string[] NameFields = ["catalog_name", "schema_name", "table_name"];

    /// <param name="query">A SELECT in DuckDB's spelling.</param>
    public string Apply(string query)
    {
        var tree = Parse(query);
        var named = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        CollectCommonTables(tree, named);
        Visit(tree, named);
        return Scalar("SELECT json_deserialize_sql($1::VARCHAR::JSON)", tree.ToJsonString(Written));
    }

    private JsonNode Parse(string query)
    {
        var tree = JsonNode.Parse(Scalar("SELECT json_serialize_sql($1::VARCHAR)::VARCHAR", query), documentOptions: new JsonDocumentOptions { MaxDepth = Deepest })!;
        if (tree["error"]!.GetValue<bool>())
        {
            throw Failure(query, tree);
        }

        return tree;
    }

    private static SqlException Failure(string query, JsonNode tree)
    {
        var position = int.TryParse(tree["position"]?.GetValue<string>(), out var at) ? Math.Clamp(at, 0, query.Length) : query.Length;
        var before = query[..position].Split('\n');
        var rest = query[position..].TrimStart();
        var first = rest.Split([' ', '\n', '\t', ',', '(', ')', ';'], 2)[0];
        var word = (rest.Length, first.Length) switch { (0, _) => "<EOF>", (_, 0) => rest[..1], _ => first };
        return SqlException.Syntax(before.Length, before[^1].Length, word);
    }

    private static void CollectCommonTables(JsonNode? node, HashSet<string> named)
    {
        if (node is JsonObject holder)
        {
            foreach (var entry in holder["cte_map"]?["map"] as JsonArray ?? [])
            {
                named.Add(entry!["key"]!.GetValue<string>());
            }
        }

        foreach (var child in Children(node))
        {
            CollectCommonTables(child, named);
        }
    }

    private void Visit(JsonNode? node, HashSet<string> named)
    {
        foreach (var child in Children(node).ToList())
        {
            var type = child is JsonObject ? child["type"] as JsonValue : null;
            switch (type?.ToString())
            {
                case "BASE_TABLE":
                    VisitTable(node!, (JsonObject)child!, named);
                    break;
                case "TABLE_FUNCTION" when FunctionName(child!) is not "unnest" and var function:
                    throw SqlException.Unsupported($"table function {function}");
                default:
                    Visit(child, named);
                    break;
            }
        }
    }

    private void VisitTable(JsonNode parent, JsonObject table, HashSet<string> named)
    {
        string[] parts = [.. NameFields
            .Select(field => table[field]?.ToString() ?? "").Where(part => part.Length > 0)];
        if (parts.Length == 1 && named.Contains(parts[0]))
        {
            return;
        }

        var name = Known(ObjectName.Of(parts, context));
        if (name.Schema is not "INFORMATION_SCHEMA")
        {
            rules.Demand(connection, context, name, Access.Read);
        }

        name = views.Load(connection, name, context) ?? name;
        var masked = AccessRules.Masked(context.Role, name);
        if (masked.Count == 0)
        {
            (table["catalog_name"], table["schema_name"], table["table_name"]) = (name.Database, name.Schema, name.Name);
            return;
        }

        var alias = table["alias"]?.ToString() is { Length: > 0 } given ? given : parts[^1];
        var columns = string.Join(", ", masked.Select(column => $"'***MASKED***' AS {column}"));
        var subquery = Parse($"SELECT * FROM (SELECT * REPLACE ({columns}) FROM {name.Quoted}) AS \"{alias.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        var replacement = subquery["statements"]![0]!["node"]!["from_table"]!.DeepClone();
        if (parent is JsonObject holder)
        {
            holder[holder.First(field => ReferenceEquals(field.Value, table)).Key] = replacement;
        }
    }

    /// <summary>The object's stored spelling: names are matched without regard to case, as unquoted ones are.</summary>
    private ObjectName Known(ObjectName name) => AccessRules.Catalog(connection).Select(table => table.Name)
        .FirstOrDefault(known => known.ToString().Equals(name.ToString(), StringComparison.OrdinalIgnoreCase)) is { Name: not null } found
            ? found
            : new ObjectName(name.Database.ToUpperInvariant(), name.Schema.ToUpperInvariant(), name.Name.ToUpperInvariant());

    private static string? FunctionName(JsonNode tableFunction)
    {
        var function = tableFunction["function"];
        return function?["function_name"]?.ToString();
    }

    private static IEnumerable<JsonNode?> Children(JsonNode? node) => node switch
    {
        JsonObject holder => holder.Select(field => field.Value),
        JsonArray list => list,
        _ => [],
    };

    private string Scalar(string sql, string argument)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add(new DuckDBParameter(argument));
        return (string)command.ExecuteScalar()!;
    }
}
