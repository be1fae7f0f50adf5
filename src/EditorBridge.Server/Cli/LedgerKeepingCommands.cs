using System.CommandLine;
using System.Globalization;
using EditorBridge.Keeping;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge ledger backup, restore, new-segment, prune, hold</c>: keeping a ledger over years. Restore and new-segment need the host to be stopped.</summary>
internal static class LedgerKeepingCommands
{
    public static IEnumerable<Command> Build()
    {
        yield return Backup();
        yield return Restore();
        yield return NewSegment();
        yield return Prune();
        yield return new Command("hold", "Place, release and list legal holds: payloads under a hold survive every retention.") { HoldPlace(), HoldRelease(), HoldList() };
    }

    private static string Person => "person:" + Environment.UserName;

    private static Command Backup()
    {
        var (ledger, state) = (LedgerCommands.FolderOption(), StateOption.Build());
        var target = new Argument<string>("folder") { Description = "Folder to make; it must not exist yet." };
        var command = new Command("backup", "Copy the ledger, while the host runs or not, and verify the copy.") { target, ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            VerifyReport report = await LedgerArchive.BackupAsync(LedgerCommands.Folder(parsed, ledger, state), parsed.GetValue(target)!, cancellationToken);
            Console.WriteLine(LedgerVerifyCommand.Describe(report));
            return report.IsSound ? LedgerCommands.Sound : LedgerCommands.Damaged;
        }));
        return command;
    }

    private static Command Restore()
    {
        var (ledger, state) = (LedgerCommands.FolderOption(), StateOption.Build());
        var backup = new Argument<string>("backup") { Description = "Folder that 'editorbridge ledger backup' made." };
        var command = new Command("restore", "Put a verified backup in place. What was there is kept under segments; the restored chain says what it lacks.") { backup, ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            var folder = LedgerCommands.Folder(parsed, ledger, state);
            VerifyReport report = await LedgerArchive.RestoreAsync(
                folder, parsed.GetValue(backup)!, Person, TimeProvider.System, cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Restored {report.LastSequence:N0} entries. What stood there before is kept in {Path.Combine(folder, "segments")}. The checkpoints that witnesses keep of later entries will show what is lost."));
            return LedgerCommands.Sound;
        }));
        return command;
    }

    private static Command NewSegment()
    {
        var (ledger, state, reason) = (LedgerCommands.FolderOption(), StateOption.Build(), ReasonOption());
        var command = new Command("new-segment", "End a damaged ledger: keep it under segments for reading, and begin a new one that names its end.") { ledger, state, reason };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            string moved = await LedgerArchive.NewSegmentAsync(LedgerCommands.Folder(parsed, ledger, state), Person, parsed.GetValue(reason)!, TimeProvider.System);
            Console.WriteLine($"The old ledger is in {moved}. A new one has begun.");
            return LedgerCommands.Sound;
        }));
        return command;
    }

    private static Command Prune()
    {
        var (ledger, state) = (LedgerCommands.FolderOption(), StateOption.Build());
        var days = new Option<int>("--older-than-days") { Description = "Drop payload texts of entries older than this many days.", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be dropped." };
        var command = new Command("prune", "Drop old payload texts. Entries stay, the chain still verifies, legal holds win.") { days, dryRun, ledger, state };
        days.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1) result.AddError("--older-than-days must be at least 1. Nothing was dropped.");
        });
        command.SetAction((parsed, cancellationToken) => LedgerJobCommand.RunAsync(
            new PruneJob(parsed.GetValue(days), parsed.GetValue(dryRun)), parsed.GetValue(ledger), parsed.GetValue(state), cancellationToken));
        return command;
    }

    private static Command HoldPlace()
    {
        var (ledger, state, reason) = (LedgerCommands.FolderOption(), StateOption.Build(), ReasonOption());
        var session = new Option<string?>("--session") { Description = "Only this session." };
        var call = new Option<string?>("--call") { Description = "Only this call." };
        var actor = new Option<string?>("--actor") { Description = "Only entries of this actor." };
        var from = new Option<DateTimeOffset?>("--from") { Description = "Only entries from this time on." };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Only entries before this time." };
        var command = new Command("place", "Place a legal hold. Without a scope it holds everything.") { reason, session, call, actor, from, to, ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerJobCommand.RunAsync(
            new PlaceHoldJob(
                parsed.GetValue(session), parsed.GetValue(call), parsed.GetValue(actor), parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(reason)!),
            parsed.GetValue(ledger), parsed.GetValue(state), cancellationToken));
        return command;
    }

    private static Command HoldRelease()
    {
        var (ledger, state, reason) = (LedgerCommands.FolderOption(), StateOption.Build(), ReasonOption());
        var id = new Argument<string>("id") { Description = "The hold, as listed by 'editorbridge ledger hold list'." };
        var command = new Command("release", "Release a legal hold.") { id, reason, ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerJobCommand.RunAsync(
            new ReleaseHoldJob(parsed.GetValue(id)!, parsed.GetValue(reason)!), parsed.GetValue(ledger), parsed.GetValue(state), cancellationToken));
        return command;
    }

    private static Command HoldList()
    {
        var (ledger, state) = (LedgerCommands.FolderOption(), StateOption.Build());
        var command = new Command("list", "List legal holds.") { ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            using LedgerReader reader = LedgerReader.Open(LedgerCommands.Folder(parsed, ledger, state));
            var holds = await reader.HoldsAsync(cancellationToken);
            foreach (LegalHold hold in holds)
            {
                var placed = await reader.EntryAsync(hold.PlacedSequence, cancellationToken);
                Console.WriteLine($"{hold.Id}  {(hold.ReleasedSequence is null ? "in force" : "released")}  {TerminalText.Line(Kept(hold.Scope))}  (entry {hold.PlacedSequence}, by {TerminalText.Line(placed?.Draft.Actor ?? "?")})");
                if ((string?)placed?.Draft.Facts?["reason"] is { } why) Console.WriteLine("    " + TerminalText.Line(why));
            }
            if (holds.IsEmpty) Console.WriteLine("There are no legal holds.");
            return LedgerCommands.Sound;
        }));
        return command;
    }

    private static string Kept(HoldScope scope)
    {
        string[] parts =
        [
            .. scope.SessionId is { } session ? [$"session {session}"] : Array.Empty<string>(),
            .. scope.CallId is { } call ? [$"call {call}"] : Array.Empty<string>(),
            .. scope.Actor is { } actor ? [$"of {actor}"] : Array.Empty<string>(),
            .. scope.From is { } from ? [$"from {from.UtcDateTime.ToString("u", CultureInfo.InvariantCulture)}"] : Array.Empty<string>(),
            .. scope.To is { } to ? [$"before {to.UtcDateTime.ToString("u", CultureInfo.InvariantCulture)}"] : Array.Empty<string>(),
        ];
        return parts.Length == 0 ? "everything" : string.Join(", ", parts);
    }

    private static Option<string> ReasonOption() => new("--reason") { Description = "Why; recorded in the chain.", Required = true };
}
