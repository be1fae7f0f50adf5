using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>What has been tried for one request, so that every remedy is used at most as often as it may be.</summary>
internal sealed class RetryState(CortexOptions options)
{
    private bool _clamped;
    private bool _renewed;
    private bool _repeated;
    private int _emptyAnswers;
    private int _backOffs;
    private TimeSpan _waited;

    public List<CortexAttempt> Attempts { get; } = [];

    public AccessToken? LastToken { get; set; }

    public bool TryClamp() => !_clamped && (_clamped = true);

    public bool TryRenew() => !_renewed && (_renewed = true);

    /// <summary>Whether an answer without content is a reason to ask again; the last one is passed on as it is.</summary>
    public bool TryEmpty()
    {
        if (_emptyAnswers >= options.EmptyAnswerRetries)
        {
            return false;
        }
        _emptyAnswers++;
        // An empty answer has its own count: it does not use up the one repetition after a broken connection.
        _repeated = false;
        return true;
    }

    /// <summary>How long to wait before asking again; null when the client should hear of the failure.</summary>
    public TimeSpan? NextWait(UpstreamFailure failure)
    {
        if (failure.Retry == RetryAdvice.Once && !_repeated)
        {
            _repeated = true;
            return TimeSpan.Zero;
        }
        if (failure.Retry != RetryAdvice.BackOff || ++_backOffs >= options.MaxAttempts)
        {
            return null;
        }
        var backOff = options.FirstBackOff * Math.Pow(2, _backOffs - 1);
        var wait = failure.AskedWait is { } asked && asked > backOff ? asked : backOff;
        if (_waited + wait > options.RetryBudget)
        {
            return null;
        }
        _waited += wait;
        return wait;
    }
}
