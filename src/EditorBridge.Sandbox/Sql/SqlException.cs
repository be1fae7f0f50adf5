namespace EditorBridge.Sandbox.Sql;

/// <summary>A statement the account refuses or could not finish, with Snowflake's code and SQLSTATE.</summary>
internal sealed class SqlException(string code, string sqlState, string message) : Exception(message)
{
    public string Code { get; } = code;

    public string SqlState { get; } = sqlState;

    public static SqlException Syntax(int line, int position, string unexpected) => new(
        "001003", "42000", $"SQL compilation error:\nsyntax error line {line} at position {position} unexpected '{unexpected}'.");

    public static SqlException NotFound(string kind, string name) => new(
        "002003", kind == "Object" ? "42S02" : "02000", $"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.");

    public static SqlException NoPrivilege(string kind, string name) => new(
        "003001", "42501", $"SQL access control error:\nInsufficient privileges to operate on {kind} '{name}'");

    public static SqlException InvalidIdentifier(string name) => new(
        "000904", "42000", $"SQL compilation error: error line 1 at position 0\ninvalid identifier '{name.ToUpperInvariant()}'");

    public static SqlException AlreadyExists(string name) => new(
        "002002", "42710", $"SQL compilation error:\nObject '{name}' already exists.");

    public static SqlException Unsupported(string feature) => new("000002", "0A000", $"Unsupported feature '{feature}'.");

    public static SqlException NoWarehouse() => new(
        "000606", "57P03", "No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command.");

    public static SqlException NoDatabase() => new(
        "090105", "22000", "Cannot perform operation. This session does not have a current database. Call 'USE DATABASE', or use a qualified name.");

    public static SqlException Timeout(int seconds) => new(
        "000630", "57014", $"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled.");

    /// <summary>How the account words the failure of one of several statements: a code of its own, and the statement's error inside the text.</summary>
    /// <param name="position">Where the statement begins in the request's text, from 0.</param>
    public static SqlException OfSeveral(string statement, int line, int position, SqlException error) => new(
        "100132", "P0000",
        $"JavaScript execution error: Uncaught Execution of multiple statements failed on statement \"{(statement.Length > 40 ? statement[..36] + " ..." : statement)}\" (at line {line}, position {position}).\n"
        + $"{error.Message} in SYSTEM$MULTISTMT at '    throw `Execution of multiple statements failed on statement {{0}} (at line {{1}}, position {{2}}).`.replace('{{1}}', LINES[i])' position 4\n"
        + "stackstrace: \nSYSTEM$MULTISTMT line: 10");

    public static SqlException Canceled() => new("000604", "57014", "SQL execution canceled");
}
