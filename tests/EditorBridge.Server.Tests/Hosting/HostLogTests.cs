using EditorBridge.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Hosting;

/// <summary>What the host writes to a terminal.</summary>
public sealed class HostLogTests
{
    [Fact]
    public void Text_of_an_agent_cannot_act_on_the_terminal() =>
        Assert.EndsWith("warn: Gate[7] Write <U+001B>[2J<U+202E>txt" + Environment.NewLine, Written("Write \u001b[2J\u202Etxt", null), StringComparison.Ordinal);

    [Fact]
    public void Error_is_told_whole_but_for_a_port_that_is_taken_which_the_command_says_in_a_line()
    {
        Assert.Contains("no room", Written("failed", new IOException("no room")), StringComparison.Ordinal);
        Assert.Empty(Written("Hosting failed to start", new IOException("Failed to bind", new AddressInUseException("taken"))));
    }

    private static string Written(string text, Exception? exception)
    {
        using var written = new StringWriter();
        new HostLog(new FakeTimeProvider()).Write(new LogEntry<string>(LogLevel.Warning, "Gate", new EventId(7), text, exception, (state, _) => state), null, written);
        return written.ToString();
    }
}
