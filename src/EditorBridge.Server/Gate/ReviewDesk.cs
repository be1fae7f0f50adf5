using System.Collections.Immutable;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Review;

namespace EditorBridge.Gate;

/// <summary>A review that has ended.</summary>
internal sealed record ClosedReview(ReviewItem Item, ReviewState State, string? Person, string? Reason, string? EditedText, DateTimeOffset At);

/// <summary>What became of a verdict, with a sentence for the person who gave it.</summary>
internal sealed record VerdictOutcome(VerdictResult Result, string Message);

/// <summary>A review that was open when a host stopped.</summary>
/// <param name="FirstApprover">Who had approved it already, where two must.</param>
internal sealed record OpenReview(ReviewItem Item, string? FirstApprover);

/// <summary>
/// Where questions wait for people. A review is durable before anybody sees it and a verdict before anybody acts on it.
/// A review outlives the call that asked: when the caller goes away it stays, and the same call asked again finds it (or its verdict) instead of asking twice.
/// </summary>
internal sealed partial class ReviewDesk(LedgerWriter ledger, SessionGrants grants, TimeProvider time, ILogger<ReviewDesk> logger) : IAsyncDisposable
{
    private const int RecentKept = 200;

    /// <summary>How long an approval may wait to be used where policy does not say.</summary>
    private static readonly TimeSpan UsualGrantLifetime = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PendingReview> _pending = new(StringComparer.Ordinal);
    private readonly HashSet<ReviewItem> _opening = new(ReferenceEqualityComparer.Instance);
    private readonly LinkedList<ClosedReview> _recent = new();
    // Verdicts whose caller had gone: each is delivered once, to the same call asked again.
    private readonly List<ClosedReview> _undelivered = [];

    /// <summary>Called outside any lock, after the entry is durable.</summary>
    public event Action<ReviewItem>? Opened;

    /// <summary>Something was added to a review that still waits.</summary>
    public event Action<ReviewItem>? Amended;

    public event Action<ClosedReview>? Closed;

    /// <summary>Questions of one session, and of all, that may wait at once. Whoever is asked without end says yes in the end.</summary>
    public const int MostOfSession = 50;

    public const int MostWaiting = 500;

    public ImmutableArray<ReviewItem> Pending
    {
        get { lock (_lock) return [.. _pending.Values.Select(p => p.Item).OrderBy(i => i.OpenedAt)]; }
    }

    public ImmutableArray<ClosedReview> Recent
    {
        get { lock (_lock) return [.. _recent]; }
    }

    /// <summary>Set by the gate: what it says of a reviewer's own text.</summary>
    public Func<ReviewItem, Verdict, Task<EditJudgement>> JudgeEditAsync { get; set; } =
        (_, _) => Task.FromResult(EditJudgement.Impossible("Edits cannot be judged yet. Nothing was decided."));

    /// <summary>How long an approval of this may wait to be used.</summary>
    public static TimeSpan GrantLifetime(ReviewItem item) => item.Decision.Obligations.GrantLifetime ?? UsualGrantLifetime;

    /// <summary>Asks and waits. When <paramref name="callerGone"/> fires the question stays open and an <see cref="OperationCanceledException"/> tells the caller so.</summary>
    /// <param name="asked">Told which question the caller waits for.</param>
    /// <exception cref="LedgerUnavailableException">The question could not be recorded, so it was not asked.</exception>
    /// <exception cref="CrowdedDeskException">So many questions wait already that nobody would read another; it was not asked.</exception>
    public async Task<ClosedReview> AskAsync(ReviewItem item, Action<ReviewItem>? asked, CancellationToken callerGone)
    {
        var review = FindAsked(item, out var verdict);
        if (verdict is not null) return verdict;
        if (review is null)
        {
            TakePlace(item);
            try
            {
                await ledger.AppendAsync(GateEntries.Opened(item));
                review = new PendingReview(item) { Waiters = 1 };
                lock (_lock) _pending.Add(item.Id, review);
            }
            finally
            {
                lock (_lock) _opening.Remove(item);
            }

            StartClock(review);
            LogOpened(item.Id, Redaction.Redact(item.Title));
            Opened?.Invoke(item);
        }

        try
        {
            while (true)
            {
                asked?.Invoke(review.Item);
                var (closed, next) = await review.Ended.Task.WaitAsync(callerGone);
                if (next is null) return closed;
                // A reviewer's own text became a question of its own: whoever asked waits for that one now.
                review = next;
            }
        }
        catch (OperationCanceledException)
        {
            Leave(review);
            throw;
        }
    }

    // Those that are being recorded count too: all of a flood comes before the first of it is on the disk.
    private void TakePlace(ReviewItem item)
    {
        lock (_lock)
        {
            var waiting = _pending.Values.Select(p => p.Item).Concat(_opening).ToArray();
            var ofSession = waiting.Count(other => other.SessionId == item.SessionId);
            if (ofSession >= MostOfSession) throw new CrowdedDeskException($"{ofSession} calls of this session wait for a person already");
            if (waiting.Length >= MostWaiting) throw new CrowdedDeskException($"{waiting.Length} calls wait for a person already");
            _opening.Add(item);
        }
    }

    /// <summary>A person's answer. The first valid one wins; a later one is recorded as late and changes nothing.</summary>
    /// <exception cref="LedgerUnavailableException">The verdict could not be recorded; the review is still open.</exception>
    public async Task<VerdictOutcome> GiveAsync(string reviewId, Verdict verdict)
    {
        if (Claim(reviewId, verdict, out var review) is { } refusal)
        {
            if (refusal.Result == VerdictResult.Late || review is not null)
                await ledger.AppendAsync(GateEntries.Ignored(reviewId, review?.Item, verdict, refusal.Result));
            return refusal;
        }

        try
        {
            if (verdict.Kind == VerdictKind.ApproveEdited)
            {
                var edit = await JudgeEditAsync(review!.Item, verdict);
                if (edit.Problem is { } problem) return new(VerdictResult.NotEditable, problem);
                if (edit.Review is { } own) return await AskAnewAsync(review, verdict, own);
            }

            if (review!.Item.Decision.Obligations.TwoPeople && verdict.Kind != VerdictKind.Reject && review.FirstApprover is null)
            {
                await ledger.AppendAsync(GateEntries.FirstApproval(review.Item, verdict));
                lock (_lock) review.FirstApprover = verdict.Person;
                Opened?.Invoke(review.Item);
                return new(VerdictResult.SecondPersonNeeded, "Your approval is recorded. A second person has to approve before it runs.");
            }

            var closed = new ClosedReview(review.Item, StateOf(verdict), verdict.Person, verdict.Reason, verdict.EditedText, time.GetUtcNow());
            var grant = verdict.AgainForSession ? grants.Draft(review.Item, verdict.Person) : null;
            await ledger.AppendAsync(GateEntries.Verdict(review.Item, verdict, grant));
            if (grant is not null) grants.Begin(grant);
            Close(review, closed, next: null);
            return new(VerdictResult.Accepted, Accepted(closed.State) + Again(grant));
        }
        finally
        {
            lock (_lock) review!.Claimed = false;
            // Its time may have run out while it was claimed.
            if (review.Item.ExpiresAt <= time.GetUtcNow()) await ExpireAsync(review);
        }
    }

    /// <summary>Takes back what its client no longer asks. False when it has ended, or somebody is deciding it right now.</summary>
    public bool Withdraw(string reviewId)
    {
        PendingReview? review;
        lock (_lock)
        {
            if (!_pending.TryGetValue(reviewId, out review) || review.Claimed) return false;
            review.Claimed = true;
        }

        Close(review, new ClosedReview(review.Item, ReviewState.Withdrawn, null, null, null, time.GetUtcNow()), next: null);
        return true;
    }

    /// <summary>Adds to a waiting review what was found out about it meanwhile; nothing when it has ended. The question itself stays as it was recorded.</summary>
    public void Amend(string reviewId, Func<ReviewItem, ReviewItem> add)
    {
        ReviewItem amended;
        lock (_lock)
        {
            if (!_pending.TryGetValue(reviewId, out var review)) return;
            review.Item = amended = add(review.Item);
        }

        Amended?.Invoke(amended);
    }

    /// <summary>Puts reviews back that were open when the host stopped, and verdicts nobody has acted on yet.</summary>
    public void Restore(IEnumerable<OpenReview> open, IEnumerable<ClosedReview> undelivered)
    {
        lock (_lock) _undelivered.AddRange(undelivered);
        foreach (var (item, firstApprover) in open)
        {
            var review = new PendingReview(item) { FirstApprover = firstApprover };
            lock (_lock) _pending.Add(item.Id, review);
            StartClock(review);
            Opened?.Invoke(item);
        }
    }

    public async ValueTask DisposeAsync()
    {
        PendingReview[] open;
        lock (_lock) open = [.. _pending.Values];
        foreach (var review in open)
            if (review.Clock is not null) await review.Clock.DisposeAsync();
    }

    // The same call is one whose first asker has gone: a retry, a re-prompt, the non-streaming fallback.
    private PendingReview? FindAsked(ReviewItem item, out ClosedReview? verdict)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            _undelivered.RemoveAll(c => now - c.At > GrantLifetime(c.Item));
            verdict = _undelivered.FirstOrDefault(c => c.Item.IsAskedBy(item));
            if (verdict is not null)
            {
                _undelivered.Remove(verdict);
                return null;
            }

            var review = _pending.Values.FirstOrDefault(p => p.Waiters == 0 && p.Item.IsAskedBy(item));
            if (review is not null) review.Waiters++;
            return review;
        }
    }

    private void Leave(PendingReview review)
    {
        lock (_lock)
        {
            review.Waiters--;
            if (!review.Ended.Task.IsCompletedSuccessfully) return;
            var (closed, next) = review.Ended.Task.Result;
            // The end may have come in the same moment: it is for the next asking, and so is a question that followed from it.
            if (next is not null) next.Waiters--;
            else if (review.Waiters == 0) _undelivered.Add(closed);
        }
    }

    // Null when the verdict may be given; then the review is claimed and nobody else's verdict gets in between.
    private VerdictOutcome? Claim(string reviewId, Verdict verdict, out PendingReview? review)
    {
        lock (_lock)
        {
            if (!_pending.TryGetValue(reviewId, out review))
            {
                var past = _recent.FirstOrDefault(c => c.Item.Id == reviewId);
                return past is null
                    ? new(VerdictResult.UnknownReview, $"There is no review {reviewId}. List them with: editorbridge reviews")
                    : new(VerdictResult.Late, $"This review has already ended: {past.State.ToString().ToLowerInvariant()}{(past.Person is null ? "" : $" by {past.Person}")}. Your verdict is recorded as late and changes nothing.");
            }

            if (review.Claimed) return new(VerdictResult.Late, "Somebody else is giving a verdict on this review right now.");
            if (Refusal(review, verdict) is { } refusal) return refusal;
            review.Claimed = true;
            return null;
        }
    }

    private static VerdictOutcome? Refusal(PendingReview review, Verdict verdict)
    {
        var (item, obligations) = (review.Item, review.Item.Decision.Obligations);
        if (string.IsNullOrWhiteSpace(verdict.Reason) && obligations.ReasonRequired)
            return new(VerdictResult.ReasonRequired, "Policy asks for a reason with this verdict. Nothing was decided.");
        if (verdict.Kind == VerdictKind.ApproveEdited && (item.EditableProperty is null || verdict.EditedText is null))
            return new(VerdictResult.NotEditable, "This action cannot carry an edited text. Approve it as it is or reject it.");
        if (verdict.AgainForSession && (verdict.Kind != VerdictKind.Approve || item.SessionScope is null))
            return new(VerdictResult.NotForSession, "\"The same again in this session\" is not offered for this action: each one needs a verdict of its own. Nothing was decided.");
        if (!obligations.TwoPeople || verdict.Kind == VerdictKind.Reject) return null;
        if (PersonName.MayBeSame(review.FirstApprover, verdict.Person))
            return new(VerdictResult.NotThisPerson, "You have already approved this. A second person has to approve before it runs.");
        return review.FirstApprover is not null && (PersonName.MayBeSame(item.Requester, verdict.Person) || PersonName.MayBeSame(item.EditedBy, verdict.Person))
            ? new(VerdictResult.NotThisPerson, "Whoever asked, or wrote the text, cannot be the second person. Nothing was decided.")
            : null;
    }

    // One transaction: there is never a moment in which a riskier text could run under the review of a milder one.
    private async Task<VerdictOutcome> AskAnewAsync(PendingReview review, Verdict verdict, ReviewItem own)
    {
        await ledger.AppendAllAsync([GateEntries.Superseded(review.Item, verdict, own), GateEntries.Opened(own)]);
        var next = new PendingReview(own);
        lock (_lock) _pending.Add(own.Id, next);
        Close(review, new ClosedReview(review.Item, ReviewState.Edited, verdict.Person, verdict.Reason, verdict.EditedText, time.GetUtcNow()), next);
        StartClock(next);
        LogOpened(own.Id, Redaction.Redact(own.Title));
        Opened?.Invoke(own);
        return new(VerdictResult.EditRaisesRisk, $"Your text needs a review of its own ({own.Severity.ToString().ToLowerInvariant()}: {own.Decision.Summary}) Nothing runs yet: decide {own.Id}.");
    }

    private void Close(PendingReview review, ClosedReview closed, PendingReview? next)
    {
        lock (_lock)
        {
            if (!_pending.Remove(review.Item.Id)) return;
            _recent.AddFirst(closed);
            if (_recent.Count > RecentKept) _recent.RemoveLast();
            if (next is not null) next.Waiters = review.Waiters;
            else if (review.Waiters == 0) _undelivered.Add(closed);
            // Inside the lock, so that nobody leaves between the count of those who wait and what they wait for.
            review.Ended.TrySetResult((closed, next));
        }

        review.Clock?.Dispose();
        LogClosed(closed.Item.Id, closed.State, closed.Person);
        Closed?.Invoke(closed);
    }

    private void StartClock(PendingReview review)
    {
        var left = review.Item.ExpiresAt - time.GetUtcNow();
        review.Clock = time.CreateTimer(_ => _ = ExpireAsync(review), null, left < TimeSpan.Zero ? TimeSpan.Zero : left, Timeout.InfiniteTimeSpan);
    }

    private async Task ExpireAsync(PendingReview review)
    {
        lock (_lock)
        {
            if (review.Claimed || !_pending.ContainsKey(review.Item.Id)) return;
            review.Claimed = true;
        }

        try
        {
            await ledger.AppendAsync(GateEntries.Expired(review.Item));
        }
        catch (LedgerUnavailableException e)
        {
            // The gate refuses after an expiry anyway and records that refusal, or cannot; nothing is released either way.
            LogExpiryNotRecorded(review.Item.Id, e);
        }

        Close(review, new ClosedReview(review.Item, ReviewState.Expired, null, null, null, time.GetUtcNow()), next: null);
    }

    private static string Again(SessionGrant? grant) => grant is null
        ? ""
        : $" From now until {grant.ExpiresAt.ToLocalTime():HH:mm} the same runs without a question: {grant.Scope.Same}. Take it back with: editorbridge revoke {grant.Id}";

    private static ReviewState StateOf(Verdict verdict) => verdict.Kind switch
    {
        VerdictKind.Approve => ReviewState.Approved,
        VerdictKind.ApproveEdited => ReviewState.Edited,
        VerdictKind.Reject => ReviewState.Rejected,
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict.Kind, "A verdict without a state."),
    };

    private static string Accepted(ReviewState state) => state switch
    {
        ReviewState.Approved => "Approved. It runs as it was asked.",
        ReviewState.Edited => "Approved with your changes. What runs is your text, and the agent is told.",
        _ => "Rejected. It does not run, and the agent is told why.",
    };

    private sealed class PendingReview(ReviewItem item)
    {
        public ReviewItem Item { get; set; } = item;
        public TaskCompletionSource<(ClosedReview Closed, PendingReview? Next)> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Waiters { get; set; }
        public bool Claimed { get; set; }
        public string? FirstApprover { get; set; }
        public ITimer? Clock { get; set; }
    }

    [LoggerMessage(LogLevel.Information, "Review {ReviewId} waits for a person: {Title}")]
    private partial void LogOpened(string reviewId, string title);

    [LoggerMessage(LogLevel.Information, "Review {ReviewId} ended: {State} by {Person}")]
    private partial void LogClosed(string reviewId, ReviewState state, string? person);

    [LoggerMessage(LogLevel.Error, "The end of review {ReviewId} could not be recorded; its action is refused")]
    private partial void LogExpiryNotRecorded(string reviewId, Exception exception);
}

/// <summary>Too many questions wait for a person.</summary>
internal sealed class CrowdedDeskException(string message) : Exception(message);
