using System.Collections.Immutable;
using EditorBridge.Hosting;
using EditorBridge.Snowflake;

namespace EditorBridge.Accounts;

/// <summary>What the last look at the account found.</summary>
internal sealed record AccountReport(DateTimeOffset At, ImmutableArray<AccountFinding> Findings);

/// <summary>
/// Looks at the account now and then, so that a token about to end or a sign-in that has ended is told before an agent meets it. Its questions need no
/// warehouse and carry the tag of our own questions.
/// </summary>
internal sealed class AccountWatch(AccountConnection connection, CortexClient cortex, SqlApiClient sql, ServeOptions options, TimeProvider time) : BackgroundService
{
    /// <summary>A host that has just started answers its first clients first.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(20);

    public static readonly TimeSpan Every = TimeSpan.FromHours(6);

    /// <summary>Something is broken: whoever mends it should not have to wait for the evening.</summary>
    public static readonly TimeSpan WhileBroken = TimeSpan.FromMinutes(5);

    // Not disposed: a look may outlive a host that is torn down without being stopped, and a semaphore nobody waits on by handle holds nothing.
    private readonly SemaphoreSlim _one = new(1, 1);
    private AccountReport? _last;
    private TaskCompletionSource _soon = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised after each look.</summary>
    public event Action? Looked;

    /// <summary>The last report; null before the first look.</summary>
    public AccountReport? Last => Volatile.Read(ref _last);

    /// <summary>Looks now; several who ask at once get one look.</summary>
    public async Task<AccountReport> LookAsync(CancellationToken cancellationToken)
    {
        var asked = time.GetUtcNow();
        await _one.WaitAsync(cancellationToken);
        AccountReport report;
        try
        {
            if (Last is { } fresh && fresh.At >= asked) return fresh;
            var findings = await FindAsync(cancellationToken);
            Volatile.Write(ref _last, report = new AccountReport(time.GetUtcNow(), findings));
        }
        finally
        {
            _one.Release();
        }

        Looked?.Invoke();
        return report;
    }

    private async Task<ImmutableArray<AccountFinding>> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await new AccountChecks(sql, cortex, time).RunAsync(connection.Credential.Kind, options.Residency, cancellationToken);
        }
#pragma warning disable CA1031 // Whatever shape an account's answer has: it is a finding, and must not end the host and with it the gate.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return [new AccountFinding(FindingLevel.Broken, $"The account's answers could not be read: {e.Message}", "editorbridge doctor", AccountTopic.SignIn)];
        }
    }

    /// <summary>Somebody has signed in: what was broken may be whole, and nobody should have to wait to see it.</summary>
    public void LookSoon() => Volatile.Read(ref _soon).TrySetResult();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await PauseAsync(First, stoppingToken);
            while (true)
            {
                // Renewed before the look: who signs in while it runs is looked at again.
                Volatile.Write(ref _soon, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                var report = await LookAsync(stoppingToken);
                await PauseAsync(report.Findings.Any(finding => finding.Level == FindingLevel.Broken) ? WhileBroken : Every, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task PauseAsync(TimeSpan length, CancellationToken stoppingToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await Task.WhenAny(Task.Delay(length, time, over.Token), Volatile.Read(ref _soon).Task);
        await over.CancelAsync();
        stoppingToken.ThrowIfCancellationRequested();
    }
}
