using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Snowflake;
using EditorBridge.Sql;

namespace EditorBridge.Gate;

/// <summary>
/// Reads from the account what a waiting action would reach, and adds it to the review. A review never waits for this: it opens, and what was read joins it.
/// <code>
///  desk: opened ──► questions of BlastRadius ──► judged ──► account (one role, read only, 10 s each) ──► recorded ──► desk: amended ──► surfaces
/// </code>
/// The questions are ours, but two kinds carry the agent's words (the condition that is counted, the statement that is explained). So every one is judged
/// like an agent's statement first, and only what is a harmless read is asked.
/// </summary>
internal sealed partial class ReachReader(
    ReviewDesk desk, SqlApiClient account, LedgerWriter ledger, PolicyInForce policy, GateContext context, TimeProvider time, ILogger<ReachReader> logger) : BackgroundService
{
    private const int MostWaiting = 64;
    private const int AtOnce = 3;
    private const int MostStatements = 6;
    private const int MostQuestions = 16;
    private const int MostRows = 200;

    /// <summary>A question that takes longer is cancelled in the account: a reviewer does not wait for it.</summary>
    private static readonly TimeSpan QuestionTimeout = TimeSpan.FromSeconds(10);

    /// <summary>After this no further question is asked for one review.</summary>
    private static readonly TimeSpan ReviewTimeout = TimeSpan.FromSeconds(60);

    private readonly Channel<ReviewItem> _waiting = Channel.CreateBounded<ReviewItem>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _open = new(StringComparer.Ordinal);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        desk.Opened += Enqueue;
        desk.Closed += Stop;
        foreach (var item in desk.Pending) Enqueue(item);
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        desk.Opened -= Enqueue;
        desk.Closed -= Stop;
        _waiting.Writer.TryComplete();
        await base.StopAsync(cancellationToken);
        foreach (var id in _open.Keys) Forget(id);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Parallel.ForEachAsync(
                _waiting.Reader.ReadAllAsync(stoppingToken),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
                async (item, cancellationToken) => await ReadAndAmendAsync(item, cancellationToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
    }

    // A review that needs two people is shown again after the first approval; it is read once.
    private void Enqueue(ReviewItem item)
    {
        if (item.Objects.IsEmpty || !_open.TryAdd(item.Id, new CancellationTokenSource())) return;
        if (!_waiting.Writer.TryWrite(item)) Forget(item.Id);
    }

    private void Stop(ClosedReview closed) => Forget(closed.Item.Id);

    private void Forget(string reviewId)
    {
        if (_open.TryRemove(reviewId, out var reading)) reading.Cancel();
    }

    private async Task ReadAndAmendAsync(ReviewItem item, CancellationToken stopping)
    {
        if (!_open.TryGetValue(item.Id, out var open)) return;
        using var until = CancellationTokenSource.CreateLinkedTokenSource(stopping, open.Token);
        try
        {
            var reach = await ReadAsync(item, until.Token);
            if (reach is null) return;
            await ledger.AppendAsync(GateEntries.Reached(item, reach));
            desk.Amend(item.Id, review => review with { Reach = reach });
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
            // The review ended, or the host does: nobody is left to tell.
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(item.Id, e);
        }
#pragma warning disable CA1031 // The boundary of a help for reviewers: whatever goes wrong here must not stop the reading for other reviews.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(item.Id, e);
        }
    }

    /// <summary>Null when there is nothing to ask and nothing to undo.</summary>
    private async Task<Reach?> ReadAsync(ReviewItem item, CancellationToken cancellationToken)
    {
        var facts = ActionReading.Read(ActionRequest.Of(item, item.Input), context, time.GetLocalNow(), FileText.ReadOrNull, followsLinks: true).Facts;
        var asking = new Asking(await policy.ForAsync(item.Workspace), facts, time.GetUtcNow() + ReviewTimeout);
        var reached = ImmutableArray.CreateBuilder<StatementReach>();
        var statements = facts.Sql.SelectMany(piece => piece.Analysis.Statements.Select(statement => (piece.Sql, Statement: statement)))
            .Where(found => found.Statement.Effect != Effect.Allow)
            .OrderByDescending(found => found.Statement.Severity).ToArray();
        foreach (var (sql, statement) in statements.Take(MostStatements))
        {
            var radius = BlastRadius.Of(sql, statement);
            var answers = ImmutableArray.CreateBuilder<ReachAnswer>(radius.Queries.Length);
            foreach (var query in radius.Queries.Where(asking.IsNew))
            {
                var answer = await AskAsync(item, query, asking, cancellationToken);
                if (answer.Outcome == ReachOutcome.NotFound) asking.Missing.Add(query.Target);
                answers.Add(answer);
            }

            reached.Add(new StatementReach(statement.Title, answers.ToImmutable(), [.. radius.Unknown, .. ShortNames(statement)], UndoPlan.Of(sql, statement)));
        }

        if (reached.Count == 0) return null;
        var problem = asking.Problem ?? (statements.Length > MostStatements ? $"{statements.Length - MostStatements} further statements were not looked at." : null);
        return new Reach(time.GetUtcNow(), context.Account, context.Role, reached.ToImmutable(), problem);
    }

    private IEnumerable<string> ShortNames(StatementAnalysis statement)
    {
        if (!statement.Objects.Any(o => o.Access != ObjectAccess.Read && o.Kind is "TABLE" or "VIEW" && !o.Name.Contains('.', StringComparison.Ordinal))) yield break;
        yield return context.Database is null
            ? "The connection names no database, so short names could not be looked up; the statement may mean another object."
            : $"Short names were looked up in {context.Database}{(context.Schema is null ? "" : "." + context.Schema)}; a session that is elsewhere means other objects.";
    }

    private async Task<ReachAnswer> AskAsync(ReviewItem item, BlastQuery query, Asking asking, CancellationToken cancellationToken)
    {
        if (asking.Problem is not null) return ReachTelling.Without(query, ReachOutcome.NotAsked, "Not asked: the account could not be read.");
        if (++asking.Asked > MostQuestions) return ReachTelling.Without(query, ReachOutcome.NotAsked, $"Not asked: {MostQuestions} questions are asked for one review at most.");
        if (time.GetUtcNow() > asking.Until) return ReachTelling.Without(query, ReachOutcome.NotAsked, "Not asked: the account took too long for the questions before.");
        if (WhyNot(query, asking) is { } why) return ReachTelling.Without(query, ReachOutcome.NotAsked, why);
        switch (await account.ExecuteAsync(Statement(item, query), cancellationToken))
        {
            case SqlRows rows:
                return ReachTelling.Tell(query, [.. rows.Columns.Select(column => column.Name)], rows.Rows, rows.TotalRows);
            case SqlFailure { Kind: SqlFailureKind.NotFound or SqlFailureKind.InsufficientPrivileges } when query.Kind == BlastQuestion.Dependants:
                return ReachTelling.Without(query, ReachOutcome.Failed,
                    $"This role may not read which objects depend on others. To let it: GRANT DATABASE ROLE SNOWFLAKE.OBJECT_VIEWER TO ROLE {context.Role ?? "<role>"};");
            case SqlFailure { Kind: SqlFailureKind.NotFound } when query.Kind is not (BlastQuestion.Rows or BlastQuestion.Plan):
                return ReachTelling.Without(query, ReachOutcome.NotFound, $"There is no {query.Target}, or this role does not see it.");
            case SqlFailure { Kind: SqlFailureKind.NotFound } missing:
                // What the statement reads may be missing while its target is there.
                return ReachTelling.Without(query, ReachOutcome.Failed, missing.Message);
            case SqlFailure { Kind: SqlFailureKind.SignIn or SqlFailureKind.Forbidden or SqlFailureKind.Unreachable or SqlFailureKind.Throttled } barred:
                asking.Problem = barred.Message;
                return ReachTelling.Without(query, ReachOutcome.Failed, barred.Message);
            case SqlFailure failure:
                return ReachTelling.Without(query, ReachOutcome.Failed, failure.Message);
            default:
                return ReachTelling.Without(query, ReachOutcome.Failed, "The account gave an answer that is not known here.");
        }
    }

    /// <summary>Why a question is not put to the account; null when it only reads and policy does not forbid it.</summary>
    private static string? WhyNot(BlastQuery query, Asking asking)
    {
        var analysis = SqlAnalyzer.Analyze(query.Sql);
        if (analysis.Statements is not [{ Class: StatementClass.Read, Effect: Effect.Allow, Confidence: Confidence.Exact }])
            return "Not asked: finding out would itself run what is in the statement.";
        var piece = new SqlPiece(SqlHost.Plain, new TextSpan(0, query.Sql.Length), query.Sql, Dynamic: false, "reach", analysis);
        var decision = PolicyEvaluator.Decide(asking.Policy, asking.Facts with { Sql = [piece], Command = null, Paths = [], ReadPaths = [] });
        return decision.Effect == Effect.Deny && decision.Rules.Any(rule => rule.Effect == Effect.Deny && !rule.Id.StartsWith("default.", StringComparison.Ordinal))
            ? $"Not asked: policy forbids this read ({decision.Summary})"
            : null;
    }

    private Snowflake.SqlStatement Statement(ReviewItem item, BlastQuery query) => new()
    {
        Text = query.Sql,
        RequestId = Guid.NewGuid(),
        Role = context.Role,
        Warehouse = context.Warehouse,
        Database = context.Database,
        Schema = context.Schema,
        OneRole = true,
        Timeout = QuestionTimeout,
        MaxRows = MostRows,
        // A purpose and no call: comparisons with the account's record know it as a question of ours.
        QueryTag = new JsonObject { ["app"] = "editorbridge", ["review"] = item.Id, ["purpose"] = "reach" }.ToJsonString(),
    };

    /// <summary>What holds for all questions of one review.</summary>
    private sealed class Asking(PolicySet policy, ActionFacts facts, DateTimeOffset until)
    {
        public PolicySet Policy => policy;
        public ActionFacts Facts => facts;
        public DateTimeOffset Until => until;
        public int Asked { get; set; }
        /// <summary>Objects that were not found: nothing more is asked about them.</summary>
        public HashSet<string> Missing { get; } = new(StringComparer.Ordinal);

        private readonly HashSet<string> _put = new(StringComparer.Ordinal);

        /// <summary>Several statements of one review often lead to the same question; it is put and told once.</summary>
        public bool IsNew(BlastQuery query) => !Missing.Contains(query.Target) && _put.Add(query.Sql);

        public string? Problem { get; set; }
    }

    [LoggerMessage(LogLevel.Error, "What review {ReviewId} would reach could not be recorded, so it is not shown")]
    private partial void LogNotRecorded(string reviewId, Exception exception);

    [LoggerMessage(LogLevel.Error, "What review {ReviewId} would reach could not be read")]
    private partial void LogFailed(string reviewId, Exception exception);
}
