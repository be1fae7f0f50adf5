using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Benchmarks;

/// <summary>A writer that is going to be killed: six callers append without end, and each entry is printed once it is acknowledged.</summary>
internal static class LedgerWriterProgram
{
    private const int Callers = 6;

    public static async Task<int> RunAsync(string folder)
    {
        await using LedgerWriter writer = LedgerWriter.Open(new LedgerOptions { Folder = folder, CheckpointEntries = 40 }, TimeProvider.System);
        var output = new Lock();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            for (int i = 0; ; i++)
            {
                foreach (EntryKind kind in new[] { EntryKind.MessageIntent, EntryKind.MessageOutcome })
                {
                    AuditEntry entry = await writer.AppendAsync(new AuditDraft
                    {
                        Kind = kind,
                        CallId = $"{Environment.ProcessId}-{caller}-{i}",
                        Actor = "agent:test",
                        SessionId = $"session-{caller}",
                        Payloads = [new AuditPayload("text", "text/plain", new string('x', i % 3000))],
                    });
                    lock (output)
                    {
                        Console.WriteLine($"{entry.Sequence} {Convert.ToHexStringLower(entry.Hash.AsSpan())}");
                        Console.Out.Flush();
                    }
                }
            }
        }));
        return 0;
    }
}
