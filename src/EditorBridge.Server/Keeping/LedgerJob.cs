using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Keeping;

/// <summary>
/// One piece of work on the ledger that a person asks for from a terminal. Only one process may write a ledger, so a running host does it;
/// without a host the command does it itself. Both run this, so both record and do the same.
/// </summary>
[JsonDerivedType(typeof(ExportJob), "export")]
[JsonDerivedType(typeof(ExportChainJob), "exportChain")]
[JsonDerivedType(typeof(PackJob), "pack")]
[JsonDerivedType(typeof(PruneJob), "prune")]
[JsonDerivedType(typeof(PlaceHoldJob), "placeHold")]
[JsonDerivedType(typeof(ReleaseHoldJob), "releaseHold")]
internal abstract record LedgerJob
{
    /// <summary>Whether it takes something away, and so asks for a terminal a person sits at.</summary>
    [JsonIgnore]
    public virtual bool NeedsTerminal => false;

    /// <exception cref="LedgerUnavailableException">It could not be recorded, so it was not done.</exception>
    /// <exception cref="IOException">The file could not be written.</exception>
    public abstract Task<JobResult> RunAsync(JobSite site, CancellationToken cancellationToken);

    /// <summary>Whole exports read long stretches at once; nobody waits on a circuit for them.</summary>
    protected static LedgerReader Reader(string folder) => LedgerReader.Open(folder, TimeSpan.FromMinutes(2));

    protected static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    protected static Task<AuditEntry> RecordAsync(JobSite site, string type, string? reason, DateTimeOffset? from, DateTimeOffset? to) => site.Writer.AppendAsync(new AuditDraft
    {
        Kind = EntryKind.Access,
        CallId = "access-" + Guid.CreateVersion7().ToString("N"),
        Actor = site.Actor,
        Door = "terminal",
        Subject = type,
        Result = "export",
        Facts = new JsonObject { ["from"] = from?.ToString("O"), ["reason"] = reason, ["to"] = to?.ToString("O"), ["type"] = type },
    });

    protected static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Where a job is done, and for whom.</summary>
/// <param name="Folder">The ledger's folder.</param>
/// <param name="Person">The person's name at the operating system.</param>
internal sealed record JobSite(LedgerWriter Writer, string Folder, LedgerSettings Settings, string Person, TimeProvider Time)
{
    public string Actor => "person:" + Person;
}

/// <param name="Done">False when there was nothing to do it to.</param>
/// <param name="Message">What was done, for people.</param>
internal sealed record JobResult(bool Done, string Message);

/// <summary>Calls of a time window as a file.</summary>
/// <param name="Out">Absolute path of the file to make; it must not exist.</param>
internal sealed record ExportJob(ExportFormat Format, DateTimeOffset? From, DateTimeOffset? To, string Out) : LedgerJob
{
    public override async Task<JobResult> RunAsync(JobSite site, CancellationToken cancellationToken)
    {
        await RecordAsync(site, "export." + Format.ToString().ToLowerInvariant(), null, From, To);
        using LedgerReader reader = Reader(site.Folder);
        await using FileStream file = Create(Out);
        long written = await CallExport.WriteAsync(reader, new CallFilter { From = From, To = To }, Format, file, cancellationToken);
        return new JobResult(true, Say($"{written:N0} calls in {Out}"));
    }
}

/// <summary>The chain itself as a file: canonical entries, which verify without anything else.</summary>
internal sealed record ExportChainJob(string Out) : LedgerJob
{
    public override async Task<JobResult> RunAsync(JobSite site, CancellationToken cancellationToken)
    {
        await RecordAsync(site, "export.chain", null, null, null);
        using LedgerReader reader = Reader(site.Folder);
        await using FileStream file = Create(Out);
        long written = await LedgerExport.ChainAsync(reader, file, 1, null, cancellationToken);
        return new JobResult(true, Say($"{written:N0} entries in {Out}"));
    }
}

/// <param name="Reason">What the pack is for; recorded, and in the pack.</param>
internal sealed record PackJob(DateTimeOffset From, DateTimeOffset To, string Reason, bool Payloads, string Out) : LedgerJob
{
    public override async Task<JobResult> RunAsync(JobSite site, CancellationToken cancellationToken)
    {
        var request = new EvidenceRequest { From = From, To = To, Actor = site.Actor, Reason = Reason, Payloads = Payloads };
        await RecordAsync(site, "export.pack", Reason, From, To);
        await site.Writer.SignCheckpointAsync();
        using LedgerReader reader = Reader(site.Folder);
        await using FileStream file = Create(Out);
        EvidenceManifest manifest = await EvidencePack.WriteAsync(reader, request, file, site.Time.GetUtcNow(), site.Writer.SignAsync, cancellationToken);
        return new JobResult(true, Say(
            $"{manifest.Calls:N0} calls, entries {manifest.FirstSequence:N0} to {manifest.LastSequence:N0}, {manifest.Payloads:N0} payload texts in {Out}, signed by key {manifest.KeyId}"));
    }
}

/// <param name="Days">Texts of entries older than this many days go.</param>
/// <param name="DryRun">Only say what would go.</param>
internal sealed record PruneJob(int Days, bool DryRun) : LedgerJob
{
    public override bool NeedsTerminal => !DryRun;

    public override async Task<JobResult> RunAsync(JobSite site, CancellationToken cancellationToken)
    {
        if (site.Settings.KeepPayloadDaysAtLeast is { } least && Days < least)
        {
            return new JobResult(false, Say($"Payload texts are kept for {least} days at least (keepPayloadDaysAtLeast in ledger.json), and {Days} were asked for. Nothing was dropped."));
        }
        DateTimeOffset before = site.Time.GetUtcNow().AddDays(-Days);
        RetentionResult result = DryRun
            ? await site.Writer.CountRetentionAsync(before)
            : await site.Writer.ApplyRetentionAsync(before, site.Actor, Say($"older than {Days} days"), cancellationToken);
        return new JobResult(true, Say($"{result.Dropped:N0} payload texts {(DryRun ? "would be dropped" : "were dropped")}; {result.Held:N0} more are kept by legal holds."));
    }
}

internal sealed record PlaceHoldJob(string? Session, string? Call, string? Actor, DateTimeOffset? From, DateTimeOffset? To, string Reason) : LedgerJob
{
    public override async Task<JobResult> RunAsync(JobSite site, CancellationToken cancellationToken)
    {
        var scope = new HoldScope { SessionId = Session, CallId = Call, Actor = Actor, From = From, To = To };
        LegalHold hold = await site.Writer.PlaceHoldAsync(scope, site.Actor, Reason);
        return new JobResult(true, Say($"Hold {hold.Id} is in force (entry {hold.PlacedSequence})."));
    }
}

internal sealed record ReleaseHoldJob(string Id, string Reason) : LedgerJob
{
    public override bool NeedsTerminal => true;

    public override async Task<JobResult> RunAsync(JobSite site, CancellationToken cancellationToken) =>
        await site.Writer.ReleaseHoldAsync(Id, site.Actor, Reason)
            ? new JobResult(true, $"Hold {Id} is released.")
            : new JobResult(false, $"There is no hold {Id} in force. List them with: editorbridge ledger hold list");
}
