using System.Collections.Immutable;
using EditorBridge.Budgets;
using EditorBridge.Snowflake;

namespace EditorBridge.Accounts;

/// <summary>How much a notice matters to the person at work.</summary>
internal enum NoticeLevel
{
    /// <summary>Worth knowing when one looks: what is used of a limit, what an administrator could tighten.</summary>
    Info,
    /// <summary>Will stop the work soon: a token about to end, a soft limit that is reached.</summary>
    Warning,
    /// <summary>Stops the work now.</summary>
    Error,
}

/// <param name="Fix">SQL or a command that mends it; null where time does.</param>
internal sealed record Notice(NoticeLevel Level, string Text, string? Fix);

/// <summary>What stands in the way of the work, or will soon: of the account and of the budgets. Shown by editors while it stands, most pressing first.</summary>
internal sealed class HostNotices : IDisposable
{
    private const int MostLimits = 8;

    private readonly AccountWatch _account;
    private readonly BudgetGuard _budgets;
    private readonly Lock _lock = new();
    private ImmutableArray<Notice> _told = [];

    public HostNotices(AccountWatch account, BudgetGuard budgets)
    {
        _account = account;
        _budgets = budgets;
        account.Looked += Tell;
        budgets.Changed += Tell;
    }

    /// <summary>Raised outside any lock with the notices that stand from now on, only when they have changed.</summary>
    public event Action<ImmutableArray<Notice>>? Changed;

    public async Task<ImmutableArray<Notice>> ListAsync(CancellationToken cancellationToken)
    {
        var limits = await _budgets.StatesAsync(cancellationToken);
        return
        [
            .. (_account.Last?.Findings ?? []).Select(Of).OfType<Notice>()
                .Concat(limits is { } known
                    ? known.Take(MostLimits).Select(Of)
                    : [new Notice(NoticeLevel.Error, $"The ledger cannot be read, so it is not known what the budgets in {BudgetFile.Name} have left. Requests a limit speaks of are refused.", "editorbridge ledger status")])
                .OrderByDescending(notice => notice.Level),
        ];
    }

    public void Dispose()
    {
        _account.Looked -= Tell;
        _budgets.Changed -= Tell;
    }

    private static Notice? Of(AccountFinding finding) => finding.Level switch
    {
        FindingLevel.Broken => new(NoticeLevel.Error, finding.What, finding.Fix),
        FindingLevel.Warning => new(finding.Topic == AccountTopic.TokenExpiry ? NoticeLevel.Warning : NoticeLevel.Info, finding.What, finding.Fix),
        FindingLevel.Good or FindingLevel.Note => null,
        _ => throw new ArgumentOutOfRangeException(nameof(finding), finding.Level, "A level without a notice."),
    };

    private static Notice Of(LimitState limit) =>
        new(limit.IsHard ? NoticeLevel.Error : limit.IsSoft ? NoticeLevel.Warning : NoticeLevel.Info, LimitWords.Line(limit), null);

    private void Tell() => _ = TellAsync();

    private async Task TellAsync()
    {
        ImmutableArray<Notice> now;
        try
        {
            now = await ListAsync(CancellationToken.None);
        }
        catch (ObjectDisposedException)
        {
            // The host stops; nobody is left to tell.
            return;
        }

        lock (_lock)
        {
            if (now.SequenceEqual(_told)) return;
            _told = now;
        }

        Changed?.Invoke(now);
    }
}
