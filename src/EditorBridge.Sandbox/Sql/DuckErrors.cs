using System.Text.RegularExpressions;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Tells DuckDB's errors in Snowflake's codes and words.</summary>
internal static partial class DuckErrors
{
    public static SqlException Translate(Exception error)
    {
        var message = error.Message;
        string Found(Regex pattern) => pattern.Match(message) is { Success: true } match ? match.Groups[1].Value : "";
        return message switch
        {
            _ when message.StartsWith("INTERRUPT", StringComparison.OrdinalIgnoreCase) => SqlException.Canceled(),
            _ when Column().IsMatch(message) => SqlException.InvalidIdentifier(Found(Column())),
            _ when Function().IsMatch(message) => new SqlException("002140", "42601", $"SQL compilation error:\nUnknown function {Found(Function()).ToUpperInvariant()}"),
            _ when Exists().IsMatch(message) => SqlException.AlreadyExists(Found(Exists())),
            _ when Missing().IsMatch(message) => SqlException.NotFound("Object", Found(Missing())),
            _ when Unexpected().IsMatch(message) => SqlException.Syntax(1, 0, Found(Unexpected())),
            _ when NumberText().IsMatch(message) => new SqlException("100038", "22018", $"Numeric value '{Found(NumberText())}' is not recognized"),
            _ when message.StartsWith("Constraint Error: NOT NULL", StringComparison.Ordinal) => new SqlException("100072", "22000", "NULL result in a non-nullable column"),
            _ when message.StartsWith("Permission Error", StringComparison.Ordinal) => SqlException.Unsupported("file access"),
            _ => new SqlException("001044", "42P13", $"SQL compilation error: {message.Split('\n')[0]}"),
        };
    }

    [GeneratedRegex(@"Referenced (?:column|table) ""([^""]+)""")]
    private static partial Regex Column();

    [GeneratedRegex(@"Function with name ""?(\w+)""? does not exist")]
    private static partial Regex Function();

    [GeneratedRegex("""with name "([^"]+)" already exists""")]
    private static partial Regex Exists();

    [GeneratedRegex("""with name "?([\w.]+)"? does not exist""")]
    private static partial Regex Missing();

    [GeneratedRegex("""syntax error at or near "([^"]*)""")]
    private static partial Regex Unexpected();

    [GeneratedRegex("""Could not convert string ['"]([^'"]*)['"] to (?:INT|DECIMAL|DOUBLE|UINT)""")]
    private static partial Regex NumberText();
}
