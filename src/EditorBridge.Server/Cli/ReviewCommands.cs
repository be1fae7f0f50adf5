using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Hosting;

namespace EditorBridge.Cli;

/// <summary>
/// <c>editorbridge reviews</c>, <c>approve</c> and <c>reject</c>: reviews from a terminal.
/// Verdicts are taken from a terminal outside any agent's family only; the host checks that itself and does not trust this program.
/// </summary>
internal static class ReviewCommands
{
    public static IEnumerable<Command> Build()
    {
        yield return List();
        yield return Show();
        yield return SessionGrantCommands.List();
        yield return SessionGrantCommands.Revoke();
        yield return Give("approve", "Approve a pending review: the action runs as it was asked, or with --edited as you wrote it.", "approve");
        yield return Give("reject", "Reject a pending review: the action does not run and the agent is told why.", "reject");
    }

    private static Command List()
    {
        var state = StateOption.Build();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("reviews", "List the reviews that wait for a person.") { state, json };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var client = await ControlClient.ConnectAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            var reviews = await client.AskAsync<ReviewsResult>(EditorMethods.ListReviews, new { }, cancellationToken);
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(reviews, EditorWire.Options));
                return 0;
            }

            if (reviews.Pending.Length == 0) Console.WriteLine("No review waits for a person.");
            foreach (var review in reviews.Pending)
                Console.WriteLine($"{review.Id}  {review.Severity,-8}  {Left(review, DateTimeOffset.UtcNow)} left  {TerminalText.Line(review.Title)}\n    {TerminalText.Line(review.Summary)}");
            if (reviews.Pending.Length > 0) Console.WriteLine("\nSee one with: editorbridge review ID. Decide with: editorbridge approve ID, or editorbridge reject ID --reason \"…\".");
            return 0;
        }));
        return command;
    }

    private static Command Show()
    {
        var state = StateOption.Build();
        var id = new Argument<string>("id") { Description = "The review, as listed by 'editorbridge reviews'." };
        var command = new Command("review", "Show one pending review: what would change, and why it is held.") { id, state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var client = await ControlClient.ConnectAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            var reviews = await client.AskAsync<ReviewsResult>(EditorMethods.ListReviews, new { }, cancellationToken);
            var review = reviews.Pending.Concat(reviews.Recent).FirstOrDefault(r => r.Id == parsed.GetValue(id));
            if (review is null)
            {
                await Console.Error.WriteLineAsync($"There is no review {parsed.GetValue(id)}. List them with: editorbridge reviews");
                return 1;
            }

            Console.WriteLine(Describe(review, DateTimeOffset.UtcNow));
            return 0;
        }));
        return command;
    }

    private static Command Give(string name, string description, string kind)
    {
        var state = StateOption.Build();
        var id = new Argument<string>("id") { Description = "The review, as listed by 'editorbridge reviews'." };
        var reason = new Option<string?>("--reason") { Description = "Why; it is recorded, and the agent reads it." };
        var edited = new Option<FileInfo?>("--edited") { Description = "File whose text runs instead of the proposed one." };
        var command = new Command(name, description) { id, state, reason };
        var again = new Option<bool>("--again-for-session") { Description = "Let the same run again in this session without a question, where that is offered ('editorbridge review ID' says what it would cover)." };
        if (kind == "approve")
        {
            command.Add(edited);
            command.Add(again);
        }

        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            if (AgentAncestry.Find(Environment.ProcessId) is { } agent)
            {
                await HaveRecordedAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
                await Console.Error.WriteLineAsync($"editorbridge: verdicts are for people, and this command runs below {agent}. Nothing was decided. Use a terminal of your own, the portal or the editor.");
                return 3;
            }

            if (parsed.GetValue(edited) is { Exists: false } missing)
            {
                await Console.Error.WriteLineAsync($"editorbridge: {missing.FullName}: there is no such file. Nothing was decided.");
                return 2;
            }

            var text = parsed.GetValue(edited) is { } file ? await File.ReadAllTextAsync(file.FullName, cancellationToken) : null;
            using var client = await ControlClient.ConnectAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            var answer = await client.AskAsync<VerdictAnswer>(
                EditorMethods.GiveVerdict, new VerdictParams(parsed.GetValue(id)!, text is null ? kind : "approveEdited", text, parsed.GetValue(reason), kind == "approve" && parsed.GetValue(again)), cancellationToken);
            Console.WriteLine(answer.Message);
            return answer.Result is "accepted" or "secondPersonNeeded" or "editRaisesRisk" ? 0 : 2;
        }));
        return command;
    }

    // The host looks for itself at who calls, refuses, and records the attempt as an incident.
    private static async Task HaveRecordedAsync(StateFolder state, CancellationToken cancellationToken)
    {
        try
        {
            using var refused = await ControlClient.ConnectAsync(state, cancellationToken);
        }
        catch (HostNotStartedException)
        {
            // Refused, as it must be, or there is no host and nothing to decide.
        }
    }

    /// <summary>A review for a terminal. What an agent wrote is shown as data: no control, formatting or bidi character gets through.</summary>
    internal static string Describe(ReviewView review, DateTimeOffset now)
    {
        var text = new StringBuilder();
        void Line(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) text.AppendLine(CultureInfo.InvariantCulture, $"{name,-11}{TerminalText.Line(value)}");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"{review.Id}  {review.State}  {review.Severity}  {TerminalText.Line(review.Title)}");
        text.AppendLine(TerminalText.Visible(review.Summary)).AppendLine();
        Line("asked by", $"{review.Actor} through the {review.Door} door");
        Line("session", review.SessionId);
        Line("prompt", review.Prompt);
        Line("file", review.Path);
        Line("workspace", review.Workspace);
        Line("account", review.Account);
        Line("role", review.Role);
        Line("warehouse", review.Warehouse);
        Line("objects", string.Join(", ", review.Objects.Select(o => $"{o.Access} {o.Kind} {o.Name}")));
        Line("columns", string.Join(", ", review.Columns));
        Line("rules", string.Join(", ", review.Rules));
        if (review.State == "pending") Line("time left", Left(review, now));
        Line("edit of", review.RevisionOf);
        if (review.TwoPeople) Line("needs", "two people");
        if (review.ReasonRequired) Line("needs", "a reason");
        Line("again", review.SameAgain is null ? null : $"--again-for-session would allow: {review.SameAgain}");
        foreach (var finding in Findings(review)) Line("finding", finding);
        foreach (var change in review.Changes) Line("change", change);
        foreach (var undo in review.Undo) Line("undo", undo);
        foreach (var reach in review.Reach ?? []) Line("reach", reach);
        text.AppendLine().AppendLine(review.Before is null ? "proposed:" : "before:");
        if (review.Before is not null) text.AppendLine(TerminalText.Visible(review.Before)).AppendLine("after:");
        return text.AppendLine(TerminalText.Visible(review.After ?? review.Proposed ?? "(this action has no text)")).ToString();
    }

    // A script of many statements has the same finding many times, and tells of each which one of how many it is.
    private static IEnumerable<string> Findings(ReviewView review)
    {
        var telling = review.Findings.Where(finding => finding.Severity != "none").ToArray();
        return (telling.Length > 0 ? telling : review.Findings).GroupBy(finding => (finding.RuleId, finding.Severity, finding.Message))
            .Select(same => $"[{same.Key.RuleId}] {same.Key.Severity}: {same.Key.Message}{(same.Count() > 1 ? $" ({same.Count()} times)" : "")}");
    }

    private static string Left(ReviewView review, DateTimeOffset now)
    {
        var left = review.ExpiresAt - now;
        return left <= TimeSpan.Zero ? "0:00" : $"{(int)left.TotalMinutes}:{left.Seconds:00}";
    }
}
