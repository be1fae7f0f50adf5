using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary>
/// <c>editorbridge ledger export, pack, verify-pack</c>. An export is itself recorded before anything is written, so these take the ledger
/// for themselves; while a host runs, the portal's Exports page does the same.
/// </summary>
internal static class LedgerExportCommands
{
    private const string Chain = "chain";

    public static IEnumerable<Command> Build()
    {
        yield return Export();
        yield return Pack();
        yield return VerifyPack();
    }

    private static Command Export()
    {
        var (ledger, state, from, to, output) = (LedgerCommands.FolderOption(), StateOption.Build(), From(), To(), Out());
        var format = new Option<string>("--format") { Description = "csv, jsonl, ocsf (calls), or chain (canonical entries).", DefaultValueFactory = _ => "csv" };
        format.AcceptOnlyFromAmong("csv", "jsonl", "ocsf", Chain);
        var command = new Command("export", "Write all calls of a time window, or the chain itself, to a file.") { format, from, to, output, ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            string folder = LedgerCommands.Folder(parsed, ledger, state);
            await using LedgerWriter writer = LedgerWriter.Open(new LedgerOptions { Folder = folder }, TimeProvider.System);
            var filter = new CallFilter { From = parsed.GetValue(from), To = parsed.GetValue(to) };
            await RecordAsync(writer, "export." + parsed.GetValue(format), null, filter.From, filter.To);
            using LedgerReader reader = Reader(folder);
            await using FileStream file = Create(parsed.GetValue(output)!);
            long written = parsed.GetValue(format) switch
            {
                Chain => await LedgerExport.ChainAsync(reader, file, 1, null, cancellationToken),
                "jsonl" => await CallExport.WriteAsync(reader, filter, ExportFormat.JsonLines, file, cancellationToken),
                "ocsf" => await CallExport.WriteAsync(reader, filter, ExportFormat.Ocsf, file, cancellationToken),
                _ => await CallExport.WriteAsync(reader, filter, ExportFormat.Csv, file, cancellationToken),
            };
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{written:N0} {(parsed.GetValue(format) is Chain ? "entries" : "calls")} in {file.Name}"));
            return LedgerCommands.Sound;
        }));
        return command;
    }

    private static Command Pack()
    {
        var (ledger, state, from, to, output) = (LedgerCommands.FolderOption(), StateOption.Build(), From(), To(), Out());
        from.Required = to.Required = true;
        var reason = new Option<string>("--reason") { Description = "What the pack is for; recorded, and in the pack.", Required = true };
        var payloads = new Option<bool>("--payloads") { Description = "Put payload texts in (prompts, SQL, answers)." };
        var command = new Command("pack", "Make an evidence pack: a signed zip that proves what happened in a time window.") { from, to, reason, payloads, output, ledger, state };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            string folder = LedgerCommands.Folder(parsed, ledger, state);
            var request = new EvidenceRequest
            {
                From = parsed.GetValue(from)!.Value,
                To = parsed.GetValue(to)!.Value,
                Actor = "person:" + Environment.UserName,
                Reason = parsed.GetValue(reason)!,
                Payloads = parsed.GetValue(payloads),
            };
            await using LedgerWriter writer = LedgerWriter.Open(new LedgerOptions { Folder = folder }, TimeProvider.System);
            await RecordAsync(writer, "export.pack", request.Reason, request.From, request.To);
            await writer.SignCheckpointAsync();
            using LedgerReader reader = Reader(folder);
            await using FileStream file = Create(parsed.GetValue(output)!);
            EvidenceManifest manifest = await EvidencePack.WriteAsync(reader, request, file, DateTimeOffset.UtcNow, writer.SignAsync, cancellationToken);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{manifest.Calls:N0} calls, entries {manifest.FirstSequence:N0} to {manifest.LastSequence:N0}, {manifest.Payloads:N0} payload texts in {file.Name}, signed by key {manifest.KeyId}"));
            return LedgerCommands.Sound;
        }));
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

    private static Task<AuditEntry> RecordAsync(LedgerWriter writer, string type, string? reason, DateTimeOffset? from, DateTimeOffset? to) => writer.AppendAsync(new AuditDraft
    {
        Kind = EntryKind.Access,
        CallId = Guid.CreateVersion7().ToString("N"),
        Actor = "person:" + Environment.UserName,
        Door = "terminal",
        Facts = new JsonObject { ["from"] = from?.ToString("O"), ["reason"] = reason, ["to"] = to?.ToString("O"), ["type"] = type },
    });

    /// <summary>Whole exports read long stretches at once; nobody waits on a circuit for them.</summary>
    private static LedgerReader Reader(string folder) => LedgerReader.Open(folder, TimeSpan.FromMinutes(2));

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(Path.GetFullPath(path), options);
    }

    private static Option<DateTimeOffset?> From() => new("--from") { Description = "Calls from this time on, for example 2026-03-01 or 2026-03-01T08:00:00Z." };

    private static Option<DateTimeOffset?> To() => new("--to") { Description = "Calls before this time." };

    private static Option<string> Out() => new("--out") { Description = "File to make; it must not exist yet.", Required = true };
}
