using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace EditorBridge.Benchmarks;

/// <summary>
/// What the gate's other doors add with policy and ledger on: the round trip of Claude Code's hook for calls that policy allows by itself, held
/// against a request to the same host that asks nothing; and a statement through the MCP gateway, held against the same two requests to the
/// account without it, and a connected server's tool, held against a call of the server itself.
/// </summary>
internal static class DoorsBenchmark
{
    private static int _calls;

    public static async Task<int> RunAsync(string[] options)
    {
        var rounds = options is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 500;
        await using var targets = await ProxyTargets.StartAsync(forwarder: false, mcp: true);
        await HookAsync(targets, rounds, "hook, git status", "Bash", new JsonObject { ["command"] = "git status" });
        await HookAsync(targets, rounds, "hook, a query by snow sql", "Bash", new JsonObject { ["command"] = "snow sql -q \"SELECT id, amount FROM analytics.orders WHERE day > '2026-01-01' LIMIT 10\"" });
        await Comparison.MeasureAsync("MCP, one SELECT with execute_sql", rounds,
            [new Way("the account alone", () => StatementAsync(targets.Direct)), .. targets.Hosts.Select(host => new Way(host.Name, () => StatementCallAsync(host), host.Process))]);
        await Comparison.MeasureAsync("MCP, one call of a connected server's tool", rounds,
            [new Way("the server alone", () => LookUpAsync(targets.Direct, CheapMcpServer.Tool)), .. targets.Hosts.Select(host => new Way(host.Name, () => LookUpAsync(host, "stock__" + CheapMcpServer.Tool), host.Process))]);
        return 0;
    }

    private static Task HookAsync(ProxyTargets targets, int rounds, string what, string tool, JsonObject input) => Comparison.MeasureAsync(what, rounds,
    [
        new Way("no question (HEAD /)", () => targets.Host.TimeAsync(HttpMethod.Head, "", null, null, _ => true)),
        .. targets.Hosts.Select(host => new Way(host.Name, () => AskAsync(host, tool, input), host.Process)),
    ]);

    private static Task<double> AskAsync(ProxyTarget host, string tool, JsonObject input)
    {
        var body = new JsonObject
        {
            ["session_id"] = "00000000-0000-4000-8000-000000000001",
            ["cwd"] = "/nowhere/project",
            ["permission_mode"] = "default",
            ["hook_event_name"] = "PreToolUse",
            ["tool_name"] = tool,
            ["tool_input"] = input.DeepClone(),
            // Each asks anew: a call that was answered before is not judged again.
            ["tool_use_id"] = string.Create(CultureInfo.InvariantCulture, $"toolu_{_calls++}"),
        };
        return host.TimeAsync(HttpMethod.Post, "hooks/claude", Bytes(body), "hook", answer => !answer.Contains("deny", StringComparison.Ordinal));
    }

    private static Task<double> StatementCallAsync(ProxyTarget host) =>
        CallAsync(host, "execute_sql", new JsonObject { ["sql"] = "SELECT id, amount FROM analytics.orders WHERE day > '2026-01-01' LIMIT 10" }, CheapUpstream.Cell);

    private static Task<double> LookUpAsync(ProxyTarget target, string tool) => CallAsync(target, tool, new JsonObject { ["article"] = "screws, 4 mm" }, CheapMcpServer.Said);

    private static Task<double> CallAsync(ProxyTarget target, string tool, JsonObject arguments, string expected)
    {
        var body = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = _calls++,
            ["method"] = "tools/call",
            ["params"] = new JsonObject
            {
                ["name"] = tool,
                ["arguments"] = arguments,
                ["_meta"] = new JsonObject
                {
                    ["io.modelcontextprotocol/protocolVersion"] = CheapMcpServer.Version,
                    ["io.modelcontextprotocol/clientInfo"] = new JsonObject { ["name"] = "benchmark", ["version"] = "1" },
                    ["io.modelcontextprotocol/clientCapabilities"] = new JsonObject(),
                },
            },
        };
        return target.TimeAsync(HttpMethod.Post, "mcp", Bytes(body), target.IsHost ? "mcp" : null, answer => answer.Contains(expected, StringComparison.Ordinal),
            ("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", CheapMcpServer.Version), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool));
    }

    // As the SQL API is spoken: the statement is handed over, then its rows are asked for.
    private static async Task<double> StatementAsync(ProxyTarget account)
    {
        var body = Bytes(new JsonObject { ["statement"] = "SELECT id, amount FROM analytics.orders WHERE day > '2026-01-01' LIMIT 10", ["parameters"] = new JsonObject { ["multi_statement_count"] = "1" } });
        return await account.TimeAsync(HttpMethod.Post, "api/v2/statements?async=true", body, null, answer => answer.Contains(CheapUpstream.Handle, StringComparison.Ordinal))
            + await account.TimeAsync(HttpMethod.Get, "api/v2/statements/" + CheapUpstream.Handle, null, null, answer => answer.Contains(CheapUpstream.Cell, StringComparison.Ordinal));
    }

    private static byte[] Bytes(JsonObject body) => Encoding.UTF8.GetBytes(body.ToJsonString());
}
