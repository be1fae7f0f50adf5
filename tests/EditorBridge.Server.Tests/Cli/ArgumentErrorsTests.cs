using System.CommandLine;
using EditorBridge.Cli;

namespace EditorBridge.Server.Tests.Cli;

public sealed class ArgumentErrorsTests
{
    [Theory]
    [InlineData("--from soon", "--from: 'soon' is no time")]
    [InlineData("--port many", "--port: 'many' is no whole number")]
    [InlineData("--folder --print", "--folder needs a value, and --print is an option of its own")]
    [InlineData("--folder here --print --from 2026-03-01T08:00:00Z", null)]
    [InlineData("--here --print", null)]
    [InlineData("--print --unheard-of", null)]
    public void Mistake_is_told_in_the_words_of_the_command_line(string arguments, string? told)
    {
        Command command = new("try")
        {
            new Option<DateTimeOffset?>("--from"), new Option<int>("--port"), new Option<string>("--folder"), new Option<bool>("--print"),
            new Option<DirectoryInfo?>("--here") { Arity = ArgumentArity.ZeroOrOne },
        };
        var sentences = ArgumentErrors.Of(command.Parse(arguments));
        if (told is null) Assert.Empty(sentences);
        else Assert.StartsWith(told, Assert.Single(sentences), StringComparison.Ordinal);
        Assert.DoesNotContain(sentences, sentence => sentence.Contains("System.", StringComparison.Ordinal));
    }
}
