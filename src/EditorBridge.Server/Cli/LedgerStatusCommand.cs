using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge ledger status</c>: where the ledger is, how big, how far it is signed and witnessed.</summary>
internal static class LedgerStatusCommand
{
    public static Command Build()
    {
        var ledger = LedgerCommands.FolderOption();
        var state = StateOption.Build();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("status", "Show where the ledger is, how big it is, and how far it is signed.") { ledger, state, json };
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(async () =>
        {
            string folder = LedgerCommands.Folder(parsed, ledger, state);
            using LedgerReader reader = LedgerReader.Open(folder);
            LedgerStatus status = await reader.StatusAsync(cancellationToken);
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(status, JsonSerializerOptions.Web) : Describe(status));
            return LedgerCommands.Sound;
        }));
        return command;
    }

    private static string Describe(LedgerStatus status) => string.Create(CultureInfo.InvariantCulture, $"""
        folder      {status.Folder}
        entries     {status.Entries:N0}, the last at {status.LastAt:yyyy-MM-dd HH:mm:ss}Z
        calls       {status.Calls:N0}, {status.OpenCalls:N0} open
        size        {status.DatabaseBytes / 1048576.0:N1} MB, log {status.LogBytes / 1048576.0:N1} MB, full-text index {status.SearchBytes / 1048576.0:N1} MB
        disk        {status.FreeBytes / 1073741824.0:N1} GB free
        checkpoint  {(status.CheckpointSequence is { } signed ? $"entry {signed:N0}, {status.Entries - signed:N0} after it not yet signed" : "none")}
        witness     {(status.WitnessedSequence is { } kept ? $"entry {kept:N0}, kept by {status.Witness}" : "nobody outside this folder keeps a checkpoint")}
        writer      {status.Writer ?? "no host is writing"}
        holds       {status.Holds:N0} legal holds in force
        """);
}
