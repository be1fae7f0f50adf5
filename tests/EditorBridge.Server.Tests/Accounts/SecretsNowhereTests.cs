using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using EditorBridge.Guard;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;

namespace EditorBridge.Server.Tests.Accounts;

/// <summary>A real host's run with secrets of every kind, and the search for them in all it leaves behind: output, log, ledger, exports, process list, children.</summary>
public sealed class SecretsNowhereTests : IAsyncLifetime
{
    /// <summary>Where a secret may lie: each is 0600, and it is what the file is for.</summary>
    private static readonly string[] Homes = ["connections.toml", "telemetry.json", "portal.token", "clients", "sign-ins"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-secrets-");
    private readonly List<string> _said = [];
    private SandboxServer _account = null!;
    private StateFolder _state = null!;

    public async ValueTask InitializeAsync()
    {
        _account = await SandboxServer.StartAsync(new SandboxOptions(), CancellationToken.None);
        _state = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
    }

    public async ValueTask DisposeAsync()
    {
        await _account.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task No_secret_is_found_in_anything_a_host_leaves_behind()
    {
        var token = _account.Account.OAuth.AddAccess("LOCAL_APPLICATION", "DEVELOPER", "ANALYST");
        var secrets = new List<string> { token, "canary-passphrase", "canary-collector", "canary-wrong-token", "canary-client-secret" };
        var tokenFile = InFolder("oauth");
        StateFolder.WritePrivate(tokenFile, token);
        StateFolder.WritePrivate(InFolder("program"), $"#!/bin/sh\ncat /proc/self/environ /proc/$$/cmdline > '{InFolder("child")}' 2>/dev/null\ncat '{tokenFile}'\n");
        StateFolder.WritePrivate(_state.In("telemetry.json"), """{"endpoint":"http://127.0.0.1:9","headers":{"authorization":"canary-collector"}}""");
        WriteConnections(oauth: true);

        using (var host = Start("serve", "--port", "0", "--state", _state.Path, "--account", "dev"))
        {
            try
            {
                await StartedAsync(host);
                secrets.AddRange(Enum.GetValues<Client>().Select(client => ClientTokens.Of(_state, client)));
                await UseAsync();
                if (OperatingSystem.IsLinux())
                {
                    _said.Add(await File.ReadAllTextAsync($"/proc/{host.Id}/cmdline"));
                    _said.Add(await File.ReadAllTextAsync($"/proc/{host.Id}/environ"));
                    _said.Add(await File.ReadAllTextAsync(InFolder("child")));
                }

                // A second host on the same ledger fails at its start, and says why.
                await RunAsync("serve", "--port", "0", "--state", _state.Path, "--account", "dev");
            }
            finally
            {
                host.Kill();
                await host.WaitForExitAsync();
            }

            await ReadAsync(host);
        }

        // A host whose key cannot be opened.
        StateFolder.WritePrivate(InFolder("key"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nY2FuYXJ5\n-----END ENCRYPTED PRIVATE KEY-----\n");
        WriteConnections(oauth: false);
        await RunAsync("whoami", "--state", _state.Path, "--account", "dev");
        foreach (var format in (string[])["jsonl", "csv", "ocsf"]) await RunAsync("ledger", "export", "--state", _state.Path, "--format", format, "--out", InFolder("export." + format));

        Assert.Contains("passphrase is wrong", string.Concat(_said), StringComparison.Ordinal);
        Assert.True(File.Exists(InFolder("export.jsonl")), string.Join('\n', _said));
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, string.Concat(_said), StringComparison.Ordinal);
            Assert.Empty(FilesWith(secret).Except([tokenFile]));
        }
    }

    /// <summary>Good and bad: an answer, a refusal of each kind, a wrong token, a prompt that holds a token, a tool call, a look at the account.</summary>
    private async Task UseAsync()
    {
        foreach (var prompt in (string[])["hello", "hello\nscenario: 390318", "hello\nscenario: 403-network", "hello\nscenario: html-error"]) await AskAsync(ClientTokens.Of(_state, Client.Claude), prompt);
        await AskAsync("canary-wrong-token", "hello");
        using var portal = Http(ClientTokens.Of(_state, Client.Portal));
        using var looked = await portal.PostAsync("/bridge/account", null);
        Assert.True(looked.IsSuccessStatusCode);
        using var tool = McpRequests.Post("tools/call", new { name = "execute_sql", arguments = new { sql = "select 1" } });
        using var mcp = Http(ClientTokens.Of(_state, Client.Mcp));
        using var ran = await mcp.SendAsync(tool);
        Assert.True(ran.IsSuccessStatusCode);
    }

    private async Task AskAsync(string token, string prompt)
    {
        using var http = Http(token);
        using var response = await http.PostAsync("/v1/messages", SignedInHost.Message(prompt, stream: false));
        _said.Add(await response.Content.ReadAsStringAsync());
    }

    private HttpClient Http(string token)
    {
        var http = new HttpClient { BaseAddress = new Uri(_state.ReadHost()!.Url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    private void WriteConnections(bool oauth) => StateFolder.WritePrivate(_state.In("connections.toml"), string.Create(CultureInfo.InvariantCulture,
        $"[dev]\naccount = \"SANDBOX\"\nhost = \"127.0.0.1\"\nport = {_account.BaseAddress.Port}\nprotocol = \"http\"\nuser = \"DEVELOPER\"\noauth_client_secret = \"canary-client-secret\"\nprivate_key_passphrase = \"canary-passphrase\"\n")
        + (oauth ? $"authenticator = \"oauth\"\ntoken_command = [\"sh\", \"{InFolder("program")}\"]\n" : $"authenticator = \"snowflake_jwt\"\nprivate_key_file = \"{InFolder("key")}\"\n"));

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);

    private IEnumerable<string> FilesWith(string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret);
        return Directory.EnumerateFiles(_folder.FullName, "*", SearchOption.AllDirectories)
            .Where(file => !Homes.Contains(Path.GetRelativePath(_state.Path, file).Split(Path.DirectorySeparatorChar)[0]) && !file.EndsWith(".sock", StringComparison.Ordinal))
            .Where(file => File.ReadAllBytes(file).AsSpan().IndexOf(bytes) >= 0);
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "editorbridge.dll"), .. arguments]) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private async Task StartedAsync(Process host)
    {
        while (await host.StandardOutput.ReadLineAsync().WaitAsync(TestLimits.Signal * 2) is { } line)
        {
            _said.Add(line);
            if (line.Contains("Application started", StringComparison.Ordinal)) return;
        }

        Assert.Fail($"The host did not start: {await host.StandardError.ReadToEndAsync()}");
    }

    private async Task RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        await ReadAsync(process);
        await process.WaitForExitAsync();
    }

    private async Task ReadAsync(Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        _said.Add(await process.StandardOutput.ReadToEndAsync());
        _said.Add(await error);
    }
}
