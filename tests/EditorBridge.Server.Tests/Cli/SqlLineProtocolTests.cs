using System.Text.Json;
using EditorBridge.Cli;

namespace EditorBridge.Tests.Cli;

public sealed class SqlLineProtocolTests
{
    [Fact]
    public async Task Each_line_is_answered_in_order_and_a_bad_line_does_not_stop_the_run()
    {
        using var input = new StringReader(
            """
            {"id":1,"sql":"SELECT a FROM db.s.t; DROP TABLE \"My T\""}
            not json

            {"id":"two","sql":17}
            [1]
            {"id":3,"sql":"\ud800"}
            {"id":4,"sql":"  -- nothing\n"}
            {"sql":"COPY INTO 's3://b/x' FROM t"}
            """);
        using var output = new StringWriter();
        await SqlLineProtocol.RunAsync(input, output, TestContext.Current.CancellationToken);

        var answers = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(7, answers.Length);
        Assert.All(answers, answer => Assert.True(answer.GetProperty("elapsed_us").GetInt64() >= 0));

        var statements = answers[0].GetProperty("statements");
        Assert.Equal(1, answers[0].GetProperty("id").GetInt32());
        Assert.Equal(2, statements.GetArrayLength());
        Assert.Equal(("READ", "allow", "none", "DB.S.T"), Read(statements[0]));
        Assert.Equal(("DESTRUCTIVE", "ask", "high", "\"My T\""), Read(statements[1]));
        Assert.Contains("X1", statements[1].GetProperty("reasons").EnumerateArray().Select(reason => reason.GetString()));

        foreach (var bad in (int[])[1, 2, 3, 4])
        {
            Assert.True(answers[bad].TryGetProperty("error", out var error), answers[bad].ToString());
            Assert.NotEqual("", error.GetString());
            Assert.Equal(("UNKNOWN", "ask", "medium", null), Read(Assert.Single(answers[bad].GetProperty("statements").EnumerateArray())));
        }
        Assert.Equal("two", answers[2].GetProperty("id").GetString());
        Assert.Equal(0, answers[5].GetProperty("statements").GetArrayLength());
        Assert.False(answers[6].TryGetProperty("id", out _));
        Assert.Equal(("EXFIL", "deny", "critical", "T"), Read(answers[6].GetProperty("statements")[0]));
    }

    [Theory]
    [InlineData("SELECT 1", 0)]
    [InlineData("DELETE FROM t", 3)]
    [InlineData("DROP DATABASE d", 4)]
    public async Task Exit_code_says_the_strictest_decision(string sql, int code)
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sql");
        await File.WriteAllTextAsync(file, sql, TestContext.Current.CancellationToken);
        try
        {
            Assert.Equal(code, await CommandLine.RunAsync(["sql", "analyze", file]));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task File_that_is_not_there_is_an_error() =>
        Assert.Equal(1, await CommandLine.RunAsync(["sql", "analyze", Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sql")]));

    private static (string? Class, string? Decision, string? Severity, string? Object) Read(JsonElement statement) =>
        (statement.GetProperty("class").GetString(), statement.GetProperty("decision").GetString(), statement.GetProperty("severity").GetString(), statement.GetProperty("objects").EnumerateArray().Select(name => name.GetString()).FirstOrDefault());
}
