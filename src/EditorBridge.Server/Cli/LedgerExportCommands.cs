using System.CommandLine;
using System.Globalization;
using EditorBridge.Keeping;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge ledger export, pack, verify-pack</c>: records that leave the building. An export is itself recorded before a byte of it is written.</summary>
internal static class LedgerExportCommands
{
    private const string Chain = "chain";

    private static readonly Dictionary<string, ExportFormat> Formats = new(StringComparer.Ordinal)
    {
        ["csv"] = ExportFormat.Csv, ["jsonl"] = ExportFormat.JsonLines, ["ocsf"] = ExportFormat.Ocsf, ["parquet"] = ExportFormat.Parquet,
    };

    public static IEnumerable<Command> Build()
    {
        yield return Export();
        yield return Pack();
        yield return VerifyPack();
    }

    private static Command Export()
    {
        var (ledger, state, from, to, output) = (LedgerCommands.FolderOption(), StateOption.Build(), From(), To(), Out());
        var format = new Option<string>("--format") { Description = "csv, jsonl, ocsf, parquet (calls), or chain (canonical entries).", DefaultValueFactory = _ => "csv" };
        format.AcceptOnlyFromAmong([.. Formats.Keys, Chain]);
        var command = new Command("export", "Write all calls of a time window, or the chain itself, to a file.") { format, from, to, output, ledger, state };
        command.Validators.Add(result =>
        {
            if (result.GetValue(format) == Chain && (result.GetValue(from) ?? result.GetValue(to)) is not null)
                result.AddError("The chain is exported whole, because a part of it does not verify from its beginning: leave --from and --to away. Nothing was exported.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            string file = Path.GetFullPath(parsed.GetValue(output)!);
            LedgerJob job = parsed.GetValue(format) == Chain ? new ExportChainJob(file) : new ExportJob(Formats[parsed.GetValue(format)!], parsed.GetValue(from), parsed.GetValue(to), file);
            return LedgerJobCommand.RunAsync(job, parsed.GetValue(ledger), parsed.GetValue(state), cancellationToken);
        });
        return command;
    }

    private static Command Pack()
    {
        var (ledger, state, from, to, output) = (LedgerCommands.FolderOption(), StateOption.Build(), From(), To(), Out());
        from.Required = to.Required = true;
        var reason = new Option<string>("--reason") { Description = "What the pack is for; recorded, and in the pack.", Required = true };
        var payloads = new Option<bool>("--payloads") { Description = "Put payload texts in (prompts, SQL, answers)." };
        var command = new Command("pack", "Make an evidence pack: a signed zip that proves what happened in a time window.") { from, to, reason, payloads, output, ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerJobCommand.RunAsync(
            new PackJob(
                parsed.GetValue(from)!.Value, parsed.GetValue(to)!.Value, parsed.GetValue(reason)!, parsed.GetValue(payloads), Path.GetFullPath(parsed.GetValue(output)!)),
            parsed.GetValue(ledger), parsed.GetValue(state), cancellationToken));
        return command;
    }

    private static Command VerifyPack()
    {
        var pack = new Argument<FileInfo>("pack") { Description = "The zip." };
        var key = new Option<FileInfo?>("--pubkey") { Description = "Public key (PEM) you were given by another way than the pack." };
        var command = new Command("verify-pack", "Verify an evidence pack from its bytes alone. Exit code 0: sound; 1: not what was signed.") { pack, key };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            string? pem = parsed.GetValue(key) is { } file ? await File.ReadAllTextAsync(file.FullName, cancellationToken) : null;
            await using FileStream bytes = parsed.GetValue(pack)!.OpenRead();
            PackReport report = EvidencePackVerifier.Verify(bytes, pem);
            if (report.Manifest is { } manifest)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"made {manifest.CreatedAt:yyyy-MM-dd HH:mm:ss}Z for {manifest.Actor}: {manifest.Reason}\nledger {manifest.LedgerId}, entries {manifest.FirstSequence:N0} to {manifest.LastSequence:N0}, {manifest.Calls:N0} calls, key {manifest.KeyId}{(report.KeyFromOutside ? "" : " (the key in the pack; pass one from elsewhere with --pubkey)")}"));
            }
            foreach (string finding in report.Findings) Console.WriteLine("  " + finding);
            Console.WriteLine(report.IsSound ? "SOUND: the pack is what was signed, and the chain in it holds." : "NOT SOUND.");
            return report.IsSound ? LedgerCommands.Sound : LedgerCommands.Damaged;
        }));
        return command;
    }

    private static Option<DateTimeOffset?> From() => new("--from") { Description = "Calls from this time on, for example 2026-03-01 or 2026-03-01T08:00:00Z." };

    private static Option<DateTimeOffset?> To() => new("--to") { Description = "Calls before this time." };

    private static Option<string> Out() => new("--out") { Description = "File to make; it must not exist yet.", Required = true };
}
