using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge ledger verify</c>: is every record still what it was? Exit code 0 yes, 1 no, 2 could not tell.</summary>
internal static class LedgerVerifyCommand
{
    private const int MostShown = 12;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static Command Build()
    {
        var ledger = LedgerCommands.FolderOption();
        var state = StateOption.Build();
        var from = new Option<long>("--from") { Description = "First entry to check.", DefaultValueFactory = _ => 1 };
        var to = new Option<long?>("--to") { Description = "Last entry to check (default: the newest)." };
        var checkpoint = new Option<FileInfo[]>("--checkpoint") { Description = "File with checkpoints kept elsewhere; they must be contained. May be given several times." };
        var key = new Option<FileInfo?>("--pubkey") { Description = "Public key kept elsewhere (PEM). Without it the one beside the ledger is used." };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var chainOnly = new Option<bool>("--chain-only") { Description = "Check chain and checkpoints only, not payload texts and lists." };
        var command = new Command("verify", "Check every entry, payload, checkpoint and list. Exit code 0: sound; 1: damaged, the first broken entry is named; 2: could not be checked.")
        {
            ledger, state, from, to, checkpoint, key, json, chainOnly,
        };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            var kept = new StringBuilder();
            foreach (FileInfo file in parsed.GetValue(checkpoint) ?? []) kept.Append(await File.ReadAllTextAsync(file.FullName, cancellationToken)).Append('\n');
            var options = new VerifyOptions
            {
                From = Math.Max(1, parsed.GetValue(from)),
                To = parsed.GetValue(to),
                Witnessed = kept.Length > 0 ? kept.ToString() : null,
                PublicKeyPem = parsed.GetValue(key) is { } pem ? await File.ReadAllTextAsync(pem.FullName, cancellationToken) : null,
                Payloads = !parsed.GetValue(chainOnly),
                Projection = !parsed.GetValue(chainOnly),
            };
            string folder = LedgerCommands.Folder(parsed, ledger, state);
            if (!Directory.Exists(folder))
            {
                throw new LedgerUnreadableException($"There is no ledger folder {folder}.", null);
            }
            IProgress<VerifyProgress>? progress = parsed.GetValue(json) || Console.IsErrorRedirected ? null : new Progress<VerifyProgress>(Show);
            VerifyReport report = await LedgerVerifier.VerifyAsync(folder, options, progress, cancellationToken);
            if (progress is not null) TerminalWriter.Progress("");
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(report, Json) : Describe(report));
            return report.IsSound ? LedgerCommands.Sound : LedgerCommands.Damaged;
        }));
        return command;
    }

    private static void Show(VerifyProgress progress) =>
        TerminalWriter.Progress(string.Create(CultureInfo.InvariantCulture, $"{progress.Done:N0} of {progress.Total:N0} entries"));

    internal static string Describe(VerifyReport report)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"ledger      {report.LedgerId ?? "?"} in {report.Folder}");
        Line($"entries     {report.Entries:N0} checked, {report.FirstSequence:N0} to {report.LastSequence:N0}, in {report.Took.TotalSeconds:0.0} s ({report.Entries / Math.Max(0.001, report.Took.TotalSeconds):N0}/s)");
        Line($"last hash   {report.LastHash ?? "none"}");
        Line($"payloads    {report.PayloadsKept:N0} kept and matching their commitments, {report.PayloadsDropped:N0} dropped or never kept");
        Line($"checkpoints {report.Checkpoints:N0} signed by key {report.KeyId ?? "?"}{(report.KeyFromOutside ? "" : " (the key beside the ledger; pass one kept elsewhere with --pubkey)")}");
        Line($"witnesses   {(report.Witnessed == 0 ? "none given: a cut end or an old copy of the whole folder would not show (--checkpoint)" : $"{report.Witnessed:N0} checkpoints kept elsewhere compared")}");
        Line($"unsigned    {report.Unsigned:N0} entries after the last checkpoint");
        Line($"open        {report.OpenCalls:N0} calls released without a recorded outcome; {report.ClockJumps:N0} clock jumps");
        if (report.IsSound)
        {
            return text.Append("SOUND: every entry is what was recorded.").ToString();
        }
        text.AppendLine("DAMAGED:");
        foreach (VerifyFinding finding in report.Findings.Take(MostShown)) Line($"  {finding.Message}");
        if (report.Findings.Length > MostShown) Line($"  … and {report.Findings.Length - MostShown} more (--json lists them)");
        return text.Append("What to do: keep the folder as it is, restore a backup (editorbridge ledger restore), or begin a new segment that names this one (editorbridge ledger new-segment).").ToString();
    }
}
