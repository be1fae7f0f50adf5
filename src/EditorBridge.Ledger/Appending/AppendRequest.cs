using System.Collections.Immutable;
using EditorBridge.Audit;

namespace EditorBridge.Ledger.Appending;

/// <summary>Work for the append thread.</summary>
internal abstract class LedgerWork
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Abandoned = 2;

    private int _state;

    /// <summary>The append thread takes it; false when its caller has given up.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    /// <summary>The caller gives up; false when it is already being written, and may yet become durable.</summary>
    public bool TryAbandon() => Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting;

    public abstract void Fail(LedgerUnavailableException reason);
}

/// <summary>Entries that wait for the next transaction.</summary>
internal sealed class AppendRequest(IReadOnlyList<PreparedEntry> prepared) : LedgerWork
{
    private readonly TaskCompletionSource<ImmutableArray<AuditEntry>> _entries = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<PreparedEntry> Prepared => prepared;

    public Task<ImmutableArray<AuditEntry>> Entries => _entries.Task;

    public void Complete(ImmutableArray<AuditEntry> entries) => _entries.TrySetResult(entries);

    public override void Fail(LedgerUnavailableException reason) => _entries.TrySetException(reason);
}

/// <summary>Anything else that must run alone on the store, between two appends.</summary>
internal abstract class StoreWork : LedgerWork
{
    public abstract void Run(LedgerStore store, DateTimeOffset now);
}

internal sealed class StoreWork<T>(Func<LedgerStore, DateTimeOffset, T> work) : StoreWork
{
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Result => _result.Task;

    public override void Run(LedgerStore store, DateTimeOffset now) => _result.TrySetResult(work(store, now));

    public override void Fail(LedgerUnavailableException reason) => _result.TrySetException(reason);
}
