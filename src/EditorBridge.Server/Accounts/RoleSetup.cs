using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;
using EditorBridge.Sql;
using StreamJsonRpc;

namespace EditorBridge.Accounts;

/// <summary>What a command line asks: the script of this role, run with this connection.</summary>
/// <param name="Account">A connection's name or an account identifier; null for the default connection.</param>
/// <param name="TokenFile">A file holding an administrator's access token, which stands over the connection's own way of signing in.</param>
internal sealed record RoleRun(RoleWish Wish, string? Account, Uri? Sandbox, string? TokenFile);

/// <summary>What came of it, a line per statement.</summary>
internal sealed record RoleOutcome(bool Done, string[] Lines);

/// <summary>
/// Runs the script of the agents' role after a person has read it: one question for the whole script at the gate, then its statements one by one with an
/// administrator's connection, stopping at the first that fails. Each statement may be run again, so a script that stopped half way is simply run anew.
/// </summary>
internal sealed class RoleSetup(ActionGate gate, LedgerWriter ledger, StateFolder state, AccountConnection host, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>The JSON-RPC method of the control socket; only <c>editorbridge setup role --run</c> uses it, so it is not part of the editors' contract.</summary>
    public const string Method = "role/run";

    private const string Tool = "mcp__editorbridge__setup_role";

    /// <exception cref="SignInException">The connection cannot be used; nothing was asked or run.</exception>
    public async Task<RoleOutcome> RunAsync(RoleRun asked, string person, CancellationToken cancellationToken)
    {
        using var connection = AccountConnection.Open(AccountChoice.Profile(state, asked.Account, asked.Sandbox, asked.TokenFile), AccountChoice.Secrets(state), time, loggers);
        // A review tells the account, the role and the reach of this host's own connection: a script for another account would be approved by what it does not touch.
        var account = connection.Profile.Account.BaseAddress;
        if (account != host.Profile.Account.BaseAddress)
            return new RoleOutcome(false, [$"This host works with {host.Profile.Account.BaseAddress.Authority}, and the script is for {account.Authority}. Nothing was asked or run. Start a host for that account: editorbridge serve --account NAME"]);
        var (ours, byHand) = Divide(RoleScript.Write(asked.Wish));
        ours = $"-- Runs as {connection.Profile.Role ?? "the user's default role"}{(connection.Profile.User is { } user ? $" of {user}" : "")}, with the administrator's sign-in, in {account.Authority}.\n{ours}";
        _ = CanonicalJson.TryCanonicalize(new JsonObject { ["account"] = account.Authority, ["sql"] = ours }.ToJsonString(), out var input, out _);
        // Asked even where policy would let it pass: the command promises that a person has read it.
        var request = new ActionRequest { Door = Policy.Door.Editor, Tool = Tool, Input = input!, Actor = "person:" + person, AsksPerson = true };
        var admission = await gate.AdmitAsync(request, cancellationToken);
        if (!admission.IsReleased) return new RoleOutcome(false, [$"{admission.Reason} Nothing was run."]);
        if (await gate.VoidAsync(admission) is { } lapsed) return new RoleOutcome(false, [$"{lapsed} Nothing was run."]);

        var script = (string)JsonNode.Parse(admission.Input)!["sql"]!;
        var lines = new List<string>();
        SqlFailure? failed = null;
        var whole = false;
        try
        {
            failed = await RunAsync(connection, script, admission.CallId, lines, cancellationToken);
            whole = true;
        }
        finally
        {
            // Also of a script that was broken off: what has run is in the account.
            await RecordAsync(request, admission, lines, failed, whole);
        }

        return new RoleOutcome(failed is null, [.. lines, .. byHand.Select(statement => $"by hand  {statement};")]);
    }

    private static async Task<SqlFailure?> RunAsync(AccountConnection connection, string script, string callId, List<string> lines, CancellationToken cancellationToken)
    {
        SqlFailure? failed = null;
        foreach (var statement in SqlAnalyzer.Analyze(script).Statements)
        {
            var text = script.Substring(statement.Span.Start, statement.Span.Length).Trim().TrimEnd(';');
            if (text.Length == 0) continue;
            if (failed is not null)
            {
                lines.Add($"not run  {statement.Title}");
                continue;
            }

            failed = await connection.Sql().ExecuteAsync(new Snowflake.SqlStatement { Text = text, RequestId = Guid.NewGuid(), QueryTag = Tag(callId), Timeout = TimeSpan.FromMinutes(1) }, cancellationToken) as SqlFailure;
            lines.Add(failed is null ? $"done     {statement.Title}" : $"FAILED   {statement.Title}: {failed.Message}");
        }

        return failed;
    }

    // What the shipped rules never let through this gate (grants on what is yet to come, changes of a user) is no exception for us: an administrator runs it elsewhere.
    private static (string Ours, string[] ByHand) Divide(string script)
    {
        var statements = SqlAnalyzer.Analyze(script).Statements.ToLookup(statement => statement.Effect == Effect.Deny, statement => script.Substring(statement.Span.Start, statement.Span.Length).Trim().TrimEnd(';'));
        return (string.Join(";\n", statements[false]) + ";\n", [.. statements[true]]);
    }

    private static string Tag(string callId) => JsonSerializer.Serialize(new { app = "editorbridge", call = callId });

    private async Task RecordAsync(ActionRequest request, Admission admission, List<string> lines, SqlFailure? failed, bool whole) => await ledger.AppendAsync(new AuditDraft
    {
        Kind = EntryKind.ActionOutcome,
        CallId = admission.CallId,
        Actor = request.Actor,
        Door = GateEntries.Wirename(request.Door),
        Tool = request.Tool,
        Result = !whole ? "cancelled" : failed is null ? "done" : "failed",
        Facts = new JsonObject { ["statements"] = lines.Count(line => line.StartsWith("done", StringComparison.Ordinal)), ["code"] = failed?.Code, ["error"] = failed?.Message },
    });
}

/// <summary>The part of the control socket that runs the script; for a terminal a person sits at.</summary>
internal sealed class WindowRoleSetup(EditorWindow window, RoleSetup setup)
{
    [JsonRpcMethod(RoleSetup.Method, UseSingleObjectParameterDeserialization = true)]
    public async Task<RoleOutcome> RunAsync(RoleRun asked, CancellationToken cancellationToken)
    {
        window.RequireIntroduction();
        if (!window.IsTerminal || !window.HasTerminal) throw EditorWire.Error(EditorErrors.Refused, "Setting up a role is for the command line, in a terminal a person sits at. Nothing was done.");
        try
        {
            return await setup.RunAsync(asked, Environment.UserName, cancellationToken);
        }
        catch (SignInException e)
        {
            throw EditorWire.Error(EditorErrors.Refused, e.Message + " No further statement was run.");
        }
        catch (LedgerUnavailableException e)
        {
            throw EditorWire.Error(EditorErrors.Refused, $"What was run could not be recorded: {e.Message}");
        }
    }
}
