using System.Collections.Immutable;
using EditorBridge.Ledger;
using EditorBridge.Review;

namespace EditorBridge.Gate;

/// <summary>A review that has ended.</summary>
internal sealed record ClosedReview(ReviewItem Item, ReviewState State, string? Person, string? Reason, string? EditedText, DateTimeOffset At);

/// <summary>What became of a verdict, with a sentence for the person who gave it.</summary>
internal sealed record VerdictOutcome(VerdictResult Result, string Message);

/// <summary>
/// Where questions wait for people. A review is durable before anybody sees it and a verdict before anybody acts on it.
/// A review outlives the call that asked: when the caller goes away it stays, and the same call asked again finds it (or its verdict) instead of asking twice.
/// </summary>
internal sealed partial class ReviewDesk(LedgerWriter ledger, TimeProvider time, ILogger<ReviewDesk> logger) : IAsyncDisposable
{
    private const int RecentKept = 200;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PendingReview> _pending = new(StringComparer.Ordinal);
    private readonly LinkedList<ClosedReview> _recent = new();
    // Verdicts whose caller had gone: each is delivered once, to the same call asked again.
    private readonly List<ClosedReview> _undelivered = [];

    /// <summary>Called outside any lock, after the entry is durable.</summary>
    public event Action<ReviewItem>? Opened;

    public event Action<ClosedReview>? Closed;

    public ImmutableArray<ReviewItem> Pending
    {
        get { lock (_lock) return [.. _pending.Values.Select(p => p.Item).OrderBy(i => i.OpenedAt)]; }
    }

    public ImmutableArray<ClosedReview> Recent
    {
        get { lock (_lock) return [.. _recent]; }
    }

    /// <summary>Asks and waits. When <paramref name="callerGone"/> fires the question stays open and an <see cref="OperationCanceledException"/> tells the caller so.</summary>
    /// <exception cref="LedgerUnavailableException">The question could not be recorded, so it was not asked.</exception>
    public async Task<ClosedReview> AskAsync(ReviewItem item, CancellationToken callerGone)
    {
        var review = FindAsked(item, out var verdict);
        if (verdict is not null) return verdict;
        if (review is null)
        {
            await ledger.AppendAsync(GateEntries.Opened(item));
            review = new PendingReview(item) { Waiters = 1 };
            lock (_lock) _pending.Add(item.Id, review);
            StartClock(review);
            LogOpened(item.Id, item.Title);
            Opened?.Invoke(item);
        }

        try
        {
            return await review.Ended.Task.WaitAsync(callerGone);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                review.Waiters--;
                // The verdict may have come in the same moment: keep it for the next asking.
                if (review.Ended.Task.IsCompletedSuccessfully && review.Waiters == 0) _undelivered.Add(review.Ended.Task.Result);
            }

            throw;
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
            if (verdict.Kind == VerdictKind.ApproveEdited && await RaisesRiskAsync(review!.Item, verdict.EditedText!) is { } risk)
                return new(VerdictResult.EditRaisesRisk, risk);
            if (review!.Item.Decision.Obligations.TwoPeople && verdict.Kind != VerdictKind.Reject && review.FirstApprover is null)
            {
                await ledger.AppendAsync(GateEntries.FirstApproval(review.Item, verdict));
                lock (_lock) review.FirstApprover = verdict.Person;
                Opened?.Invoke(review.Item);
                return new(VerdictResult.SecondPersonNeeded, "Your approval is recorded. A second person has to approve before it runs.");
            }

            var closed = new ClosedReview(review.Item, StateOf(verdict), verdict.Person, verdict.Reason, verdict.EditedText, time.GetUtcNow());
            await ledger.AppendAsync(GateEntries.Verdict(review.Item, verdict));
            Close(review, closed);
            return new(VerdictResult.Accepted, Accepted(closed.State));
        }
        finally
        {
            lock (_lock) review!.Claimed = false;
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

        Close(review, new ClosedReview(review.Item, ReviewState.Withdrawn, null, null, null, time.GetUtcNow()));
        return true;
    }

    /// <summary>Puts reviews back that were open when the host stopped, and verdicts nobody has acted on yet.</summary>
    public void Restore(IEnumerable<ReviewItem> open, IEnumerable<ClosedReview> undelivered)
    {
        lock (_lock) _undelivered.AddRange(undelivered);
        foreach (var item in open)
        {
            var review = new PendingReview(item);
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

    // The same call is one session's same tool with the same input, whose first asker has gone: a retry, a re-prompt, the non-streaming fallback.
    private PendingReview? FindAsked(ReviewItem item, out ClosedReview? verdict)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            _undelivered.RemoveAll(c => now - c.At > GrantLifetime(c.Item));
            verdict = _undelivered.FirstOrDefault(c => Same(c.Item, item));
            if (verdict is not null)
            {
                _undelivered.Remove(verdict);
                return null;
            }

            var review = _pending.Values.FirstOrDefault(p => p.Waiters == 0 && Same(p.Item, item));
            if (review is not null) review.Waiters++;
            return review;
        }
    }

    private static bool Same(ReviewItem a, ReviewItem b) =>
        a.SessionId == b.SessionId && a.Tool == b.Tool && a.InputDigest == b.InputDigest;

    private static TimeSpan GrantLifetime(ReviewItem item) => item.Decision.Obligations.GrantLifetime ?? TimeSpan.FromMinutes(10);

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

            var obligations = review.Item.Decision.Obligations;
            if (review.Claimed) return new(VerdictResult.Late, "Somebody else is giving a verdict on this review right now.");
            if (string.IsNullOrWhiteSpace(verdict.Reason) && obligations.ReasonRequired)
                return new(VerdictResult.ReasonRequired, "Policy asks for a reason with this verdict. Nothing was decided.");
            if (verdict.Kind == VerdictKind.ApproveEdited && (review.Item.EditableProperty is null || verdict.EditedText is null))
                return new(VerdictResult.NotEditable, "This action cannot carry an edited text. Approve it as it is or reject it.");
            if (obligations.TwoPeople && verdict.Kind != VerdictKind.Reject)
            {
                if (review.FirstApprover == verdict.Person)
                    return new(VerdictResult.NotThisPerson, "You have already approved this. A second person has to approve before it runs.");
                if (review.FirstApprover is not null && review.Item.Requester == verdict.Person)
                    return new(VerdictResult.NotThisPerson, "Whoever asked cannot be the second person. Nothing was decided.");
            }

            review.Claimed = true;
            return null;
        }
    }

    /// <summary>Set by the gate: why an edited text may not be released under this review, or null when it may.</summary>
    public Func<ReviewItem, string, Task<string?>> RaisesRiskAsync { get; set; } = (_, _) => Task.FromResult<string?>("Edits cannot be judged yet. Nothing was decided.");

    private void Close(PendingReview review, ClosedReview closed)
    {
        lock (_lock)
        {
            if (!_pending.Remove(review.Item.Id)) return;
            _recent.AddFirst(closed);
            if (_recent.Count > RecentKept) _recent.RemoveLast();
            if (review.Waiters == 0) _undelivered.Add(closed);
        }

        review.Clock?.Dispose();
        LogClosed(closed.Item.Id, closed.State, closed.Person);
        review.Ended.TrySetResult(closed);
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

        Close(review, new ClosedReview(review.Item, ReviewState.Expired, null, null, null, time.GetUtcNow()));
    }

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
        public ReviewItem Item { get; } = item;
        public TaskCompletionSource<ClosedReview> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
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
