using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>A host that is killed can end nothing itself. What its servers have started goes all the same, on Linux also what has left their session.</summary>
public sealed class KilledHostTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-killed-");
    private SandboxServer _account = null!;
    private StateFolder _state = null!;

    public async ValueTask InitializeAsync()
    {
        _state = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        _account = await SandboxServer.StartAsync(new SandboxOptions(), CancellationToken.None);
        StateFolder.WritePrivate(Path.Combine(_folder.FullName, "pat"), _account.ProgrammaticAccessToken);
    }

    [Theory]
    [InlineData("stays")]
    [InlineData("forks")]
    [InlineData("detaches")]
    public async Task Nothing_that_a_server_has_started_outlives_a_host_that_is_killed(string step)
    {
        if (!OperatingSystem.IsLinux()) return;
        StateFolder.WritePrivate(_state.In("mcp.json"), new JsonObject
        {
            ["mcpServers"] = new JsonObject
            {
                ["calc"] = new JsonObject
                {
                    ["command"] = "dotnet",
                    ["args"] = new JsonArray(Path.Combine(AppContext.BaseDirectory, "EditorBridge.HostileServer.dll"), step),
                    ["inheritEnv"] = new JsonArray("DOTNET_ROOT"),
                    ["readOnlyTools"] = new JsonArray("answer"),
                },
            },
        }.ToJsonString());
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "editorbridge.dll"), "serve", "--port", "0", "--state", _state.Path, "--sandbox", _account.BaseAddress.ToString(), "--pat-file", Path.Combine(_folder.FullName, "pat")])
        {
            RedirectStandardOutput = true,
        };
        using var host = Process.Start(start)!;
        var left = new List<Process>();
        try
        {
            while (await host.StandardOutput.ReadLineAsync().WaitAsync(TestLimits.Signal * 2) is { } line && !line.Contains("Application started", StringComparison.Ordinal))
            {
                // Its log.
            }

            left.Add(await ProgramAsync("process"));
            if (step != "stays") left.Add(await ProgramAsync("child"));
        }
        finally
        {
            host.Kill();
            await host.WaitForExitAsync();
        }

        using var limit = new CancellationTokenSource(TestLimits.Signal);
        foreach (var program in left)
        {
            await program.WaitForExitAsync(limit.Token);
            program.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _account.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // The server says which programs it runs as.
    private async Task<Process> ProgramAsync(string which)
    {
        using var http = new HttpClient { BaseAddress = new Uri(_state.ReadHost()!.Url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(_state, Client.Mcp));
        using var request = McpRequests.Post("tools/call", new { name = "calc__answer", arguments = new { which } });
        using var response = await http.SendAsync(request);
        var said = await response.Content.ReadAsStringAsync();
        var answer = JsonNode.Parse(said.Split('\n').LastOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))?[6..] ?? said)!;
        return Process.GetProcessById(int.Parse(answer["result"]!["content"]![0]!["text"]!.GetValue<string>(), CultureInfo.InvariantCulture));
    }
}
