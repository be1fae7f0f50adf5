using System.Diagnostics;
using System.Text.Json;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>The sandbox as the program people start.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task Ready_line_names_the_address_and_a_taken_port_is_said_in_plain_words()
    {
        using var first = Start("--port", "0");
        try
        {
            var ready = JsonElement.Parse((await first.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)))!);
            Assert.Equal("ready", ready.GetProperty("event").GetString());
            Assert.Equal(first.Id, ready.GetProperty("pid").GetInt32());
            var address = new Uri(ready.GetProperty("url").GetString()!);
            using var client = new HttpClient { BaseAddress = address };
            using var response = await client.GetAsync("/api/v2/cortex/models");
            Assert.Equal(401, (int)response.StatusCode);

            using var second = Start("--port", $"{address.Port}");
            var error = await second.StandardError.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
            await second.WaitForExitAsync();
            Assert.Equal(1, second.ExitCode);
            Assert.Contains("The sandbox did not start", error);
            Assert.Contains("choose another --port", error);
        }
        finally
        {
            first.Kill(entireProcessTree: true);
            await first.WaitForExitAsync();
        }
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "editorbridge-sandbox.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
