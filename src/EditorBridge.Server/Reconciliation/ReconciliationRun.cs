using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Snowflake;

namespace EditorBridge.Reconciliation;

/// <summary>What to compare, and who asked.</summary>
/// <param name="User">Only calls of this user of the account; null for the one who is signed in, or for all rows of imported files.</param>
/// <param name="Everybody">Calls of all users: those of other machines then show as going round this one.</param>
/// <param name="Role">A role that may read the views; null for the default one.</param>
/// <param name="Actor"><c>person:alice</c>.</param>
/// <param name="Surface">terminal or portal.</param>
/// <param name="Files">What was exported from the account; empty to ask the account itself.</param>
internal sealed record ReconciliationRequest(
    DateTimeOffset From, DateTimeOffset To, string? User, bool Everybody, string? Role, string Actor, string Surface, ImmutableArray<ExportedFile> Files);

/// <param name="ExportedAt">When it was exported; null when nobody said, which is then taken for now.</param>
internal sealed record ExportedFile(string Name, string Text, DateTimeOffset? ExportedAt);

/// <summary>Where a run is.</summary>
internal enum ReconciliationStep
{
    ReadingAccount,
    ReadingLedger,
    Comparing,
    Recording,
}

/// <summary>What a run found. When it is given, its entries are durable.</summary>
internal sealed record ReconciliationReport
{
    public required string RunId { get; init; }
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset To { get; init; }
    public required DateTimeOffset ReadAt { get; init; }

    /// <summary>The account's name, or the names of the files.</summary>
    public required string Source { get; init; }

    /// <summary>Whose calls; null for everybody's.</summary>
    public string? User { get; init; }

    public required ImmutableArray<UsageView> Views { get; init; }

    /// <summary>Why a view was not read, one sentence each.</summary>
    public required ImmutableArray<string> NotRead { get; init; }

    public required ImmutableArray<Reconciled> Lines { get; init; }

    /// <summary>Account-only calls no earlier run had found.</summary>
    public int NewAccountOnly { get; init; }

    /// <summary>Calls per inference region, of those recorded for the first time.</summary>
    public ImmutableSortedDictionary<string, int> Regions { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    public bool Agrees => Count(ReconciliationAnswer.AccountOnly) == 0 && Count(ReconciliationAnswer.Mismatch) == 0 && Count(ReconciliationAnswer.LocalOnly) == 0;

    public string Summary => string.Create(CultureInfo.InvariantCulture,
        $"{Count(ReconciliationAnswer.Matched)} matched, {Count(ReconciliationAnswer.Mismatch)} mismatch, {Count(ReconciliationAnswer.LocalOnly)} local only, {Count(ReconciliationAnswer.NotYetDue)} not yet due, {Count(ReconciliationAnswer.AccountOnly)} account only");

    public int Count(ReconciliationAnswer answer) => Lines.Count(line => line.Answer == answer);
}

/// <summary>
/// One comparison of the ledger with the account's own record.
/// <code>
///  account's views or files ─► ledger ─► compare ─► entries durable ─► report
/// </code>
/// </summary>
internal sealed class ReconciliationRun(LedgerReader reader, LedgerWriter writer, TimeProvider time)
{
    private const int Batch = 200;

    /// <param name="account">Asked when the request brings no files; null when there is none to ask.</param>
    /// <exception cref="SignInException">The account or a file gave nothing to compare with; the message says what mends it. Nothing was recorded.</exception>
    /// <exception cref="LedgerUnavailableException">The findings are not durable, so there is no report.</exception>
    public async Task<ReconciliationReport> RunAsync(ReconciliationRequest request, AccountConnection? account, Action<ReconciliationStep> progress, CancellationToken cancellationToken)
    {
        progress(ReconciliationStep.ReadingAccount);
        var (source, user, readAt, reads) = request.Files.IsEmpty
            ? await AskAsync(request, account ?? throw new SignInException("There is neither an account to ask nor a file to read. Nothing was compared."), cancellationToken)
            : Import(request);
        if (reads.All(read => read.Problem is not null)) throw new SignInException(string.Join('\n', reads.Select(read => read.Problem)) + "\nNothing was compared. A role that may read them: --role; or let somebody export them: --print-sql, then --file.");

        progress(ReconciliationStep.ReadingLedger);
        var uses = new LedgerUses(reader);
        var local = await uses.ReadAsync(request.From - Reconciler.Margin, request.To + Reconciler.Margin, cancellationToken);
        var known = await uses.KnownAsync(request.From - Reconciler.Margin, cancellationToken);

        progress(ReconciliationStep.Comparing);
        ImmutableArray<UsageView> views = [.. reads.Where(read => read.Problem is null).Select(read => read.View).Distinct()];
        var lines = Reconciler.Compare(local, reads.SelectMany(read => read.Uses), new ReconciliationScope(request.From, request.To, readAt, views));
        var report = new ReconciliationReport
        {
            RunId = "recon-" + Guid.CreateVersion7().ToString("N"),
            From = request.From, To = request.To, ReadAt = readAt, Source = source, User = user, Views = views,
            NotRead = [.. reads.Select(read => read.Problem).OfType<string>()],
            Lines = lines,
        };

        progress(ReconciliationStep.Recording);
        return await RecordAsync(report, known, request);
    }

    private async Task<ReconciliationReport> RecordAsync(ReconciliationReport report, (Dictionary<string, string> Calls, HashSet<string> AccountOnly) known, ReconciliationRequest request)
    {
        // A call is recorded when the account speaks of it for the first time or says something else than before: a run over the same days repeats nothing.
        var calls = report.Lines
            .Where(line => line.Local is not null && line.Answer != ReconciliationAnswer.NotYetDue)
            .GroupBy(line => line.Local!.CallId, StringComparer.Ordinal)
            .Select(group => group.MaxBy(line => line.Answer)!)
            .Where(line => known.Calls.GetValueOrDefault(line.Local!.CallId) != ReconciliationEntries.Wirename(line.Answer))
            .ToList();
        var incidents = report.Lines.Where(line => line.Answer == ReconciliationAnswer.AccountOnly && !known.AccountOnly.Contains(line.Account!.Id)).ToList();
        report = report with
        {
            NewAccountOnly = incidents.Count,
            Regions = calls.Where(line => line.Account?.Region is not null && !known.Calls.ContainsKey(line.Local!.CallId))
                .GroupBy(line => line.Account!.Region!, StringComparer.Ordinal).ToImmutableSortedDictionary(region => region.Key, region => region.Count(), StringComparer.Ordinal),
        };
        var drafts = calls.Select(line => ReconciliationEntries.Call(report.RunId, line)).Concat(incidents.Select(line => ReconciliationEntries.Incident(report.RunId, line)));
        foreach (var batch in drafts.Chunk(Batch)) await writer.AppendAllAsync(batch);
        // Last, so that a run that stands in the ledger is whole.
        await writer.AppendAsync(ReconciliationEntries.Run(report, request.Actor, request.Surface));
        return report;
    }

    private async Task<(string Source, string? User, DateTimeOffset ReadAt, ViewRead[] Reads)> AskAsync(ReconciliationRequest request, AccountConnection account, CancellationToken cancellationToken)
    {
        var sql = account.Sql();
        var user = request.Everybody ? null : request.User ?? (await new AccountChecks(sql, account.Cortex(), time).WhoAmIAsync(cancellationToken)).User;
        var history = new UsageHistory(sql);
        var reads = new List<ViewRead>();
        foreach (var view in Enum.GetValues<UsageView>())
            reads.Add(await history.ReadAsync(view, request.From - Reconciler.Margin, request.To + Reconciler.Margin, user, request.Role, cancellationToken));
        return (account.Profile.Name, user, time.GetUtcNow(), [.. reads]);
    }

    private (string Source, string? User, DateTimeOffset ReadAt, ViewRead[] Reads) Import(ReconciliationRequest request)
    {
        var reads = request.Files.Select(file => UsageImport.Read(file.Name, file.Text)).ToArray();
        if (request.User is { } user) reads = [.. reads.Select(read => OfUser(read, user))];
        // The oldest export decides what may be missing in all of them.
        var readAt = request.Files.Min(file => file.ExportedAt ?? time.GetUtcNow());
        return (string.Join(", ", request.Files.Select(file => file.Name)), request.User, readAt, reads);
    }

    private static ViewRead OfUser(ViewRead read, string user)
    {
        var theirs = read.Uses.Where(use => user.Equals(use.User, StringComparison.OrdinalIgnoreCase)).ToImmutableArray();
        return theirs.IsEmpty && !read.Uses.IsEmpty
            ? throw new SignInException($"The export of {UsageViews.Name(read.View)} holds no row of {user}; it names {string.Join(", ", read.Uses.Select(use => use.User ?? "nobody").Distinct().Take(10))}. Nothing was compared.")
            : read with { Uses = theirs };
    }
}
