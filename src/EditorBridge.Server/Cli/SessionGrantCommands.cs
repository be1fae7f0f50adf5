using System.CommandLine;
using System.Text.Json;
using EditorBridge.Editor;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge grants</c> and <c>revoke</c>: what runs again without a question, and taking it back.</summary>
internal static class SessionGrantCommands
{
    public static Command List()
    {
        var state = StateOption.Build();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("grants", "List the session grants: what was approved with --again-for-session and runs again without a question.") { state, json };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var client = await ControlClient.ConnectAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            var answer = await client.AskAsync<GrantsResult>(EditorMethods.ListGrants, new { }, cancellationToken);
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(answer, EditorWire.Options));
                return 0;
            }

            if (answer.Grants.Length == 0) Console.WriteLine("No session grant is in force: every action that policy holds is asked about.");
            foreach (var grant in answer.Grants)
                Console.WriteLine($"{grant.Id}  until {grant.ExpiresAt.ToLocalTime():HH:mm}  {grant.Uses switch { 0 => "not used yet", 1 => "used once", var uses => $"used {uses} times" }}  by {TerminalText.Line(grant.GivenBy)}\n    {TerminalText.Line(grant.Same)}");
            if (answer.Grants.Length > 0) Console.WriteLine("\nTake one back with: editorbridge revoke ID");
            return 0;
        }));
        return command;
    }

    public static Command Revoke()
    {
        var state = StateOption.Build();
        var id = new Argument<string>("id") { Description = "The session grant, as listed by 'editorbridge grants'." };
        var command = new Command("revoke", "Take a session grant back: the same is asked about again.") { id, state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var client = await ControlClient.ConnectAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            var answer = await client.AskAsync<RevokeAnswer>(EditorMethods.RevokeGrant, new RevokeParams(parsed.GetValue(id)!), cancellationToken);
            Console.WriteLine(answer.Message);
            return answer.Revoked ? 0 : 2;
        }));
        return command;
    }
}
