using System.Text.Json;
using System.Text.RegularExpressions;

namespace EditorBridge.Snowflake;

/// <summary>
/// Whether the user's secondary roles are off, so that a statement has the rights of its role and no others.
/// </summary>
/// <remarks>
/// The SQL API takes no parameter for it, and USE only as one of several statements of a request. That has a price: such a request needs a
/// warehouse even for SHOW, says every error with one code, answers with handles instead of rows, and splits scripting blocks at their
/// semicolons (https://docs.snowflake.com/en/developer-guide/sql-api/submitting-multiple-statements). So the account is asked first, once a
/// minute while statements run, and the price is paid only where secondary roles are on or the answer is not understood.
/// </remarks>
internal sealed partial class SecondaryRoles(Func<SqlStatement, CancellationToken, Task<SqlOutcome>> execute, TimeProvider time)
{
    public const string Off = "USE SECONDARY ROLES NONE";

    /// <summary>The code of a request of several statements, whichever error one of them met.</summary>
    public const string SeveralFailed = "100132";

    private static readonly TimeSpan HoldsFor = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private Task<bool?> _answer = Task.FromResult<bool?>(null);
    private DateTimeOffset _asked = DateTimeOffset.MinValue;

    /// <summary>True when the account says so, or said so less than a minute ago.</summary>
    /// <param name="statement">Its role and warehouse are those the account is asked with.</param>
    public async Task<bool> AreOffAsync(SqlStatement statement, CancellationToken cancellationToken)
    {
        Task<bool?> answer;
        lock (_lock)
        {
            var isUnknown = _answer.IsCompleted && !(_answer.IsCompletedSuccessfully && _answer.Result is not null);
            if (isUnknown || time.GetUtcNow() - _asked >= HoldsFor)
            {
                _asked = time.GetUtcNow();
                // Others wait for the same answer: it does not end with whoever asked first.
                _answer = AskAsync(statement);
            }
            answer = _answer;
        }
        return await answer.WaitAsync(cancellationToken) ?? false;
    }

    private async Task<bool?> AskAsync(SqlStatement statement) => await execute(new SqlStatement
    {
        Text = "SELECT CURRENT_SECONDARY_ROLES()",
        RequestId = Guid.NewGuid(),
        Role = statement.Role,
        Warehouse = statement.Warehouse,
        QueryTag = OwnQuestions.Tag("secondary roles"),
        Timeout = TimeSpan.FromSeconds(30),
        MaxRows = 1,
    }, CancellationToken.None) is SqlRows { Rows: [[{ } said], ..] } ? AreOff(said) : null;

    /// <summary>Reads <c>{"roles":"A,B","value":"ALL"}</c>. Only an answer without any role and without ALL says that they are off.</summary>
    public static bool AreOff(string said)
    {
        try
        {
            using var json = JsonDocument.Parse(said);
            return Member(json.RootElement, "roles") is "" && Member(json.RootElement, "value") is "" or "NONE";
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? Member(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>
    /// The statement's own error inside the one text that a request of several statements fails with, and the code that error has when the statement
    /// is sent alone: the account does not repeat the code, and its words for the common errors are fixed. Null for a text of another form.
    /// </summary>
    public static (string Message, string? Code)? Inside(string message)
    {
        if (Several().Match(message) is not { Success: true } match) return null;
        var own = match.Groups["own"].Value;
        return (own, own switch
        {
            _ when own.Contains("does not exist or not authorized", StringComparison.Ordinal) => "002003",
            _ when own.Contains("invalid identifier '", StringComparison.Ordinal) => "000904",
            _ when own.Contains("syntax error line", StringComparison.Ordinal) => "001003",
            _ when own.Contains("Insufficient privileges to operate on", StringComparison.Ordinal) => "003001",
            _ when own.StartsWith("No active warehouse selected", StringComparison.Ordinal) => "000606",
            _ => null,
        });
    }

    // The statement is quoted in the text, so its end is looked for where the account's own words begin.
    [GeneratedRegex(@"^JavaScript execution error: Uncaught Execution of multiple statements failed on statement "".*?"" \(at line \d+, position \d+\)\.\n(?<own>.*) in SYSTEM\$MULTISTMT at '", RegexOptions.Singleline)]
    private static partial Regex Several();
}
