using System.Collections.Immutable;

namespace EditorBridge.Snowflake;

/// <summary>An inference request the ledger says was answered.</summary>
/// <param name="RequestId">Snowflake's id, from the answer's header.</param>
/// <param name="InputTokens">The whole prompt: cached and uncached, as the account counts it in one number.</param>
public sealed record LedgerInference(string CallId, DateTimeOffset StartedAt, string? Model, string? RequestId, long? InputTokens, long? OutputTokens);

/// <summary>An inference request the account says it answered.</summary>
public sealed record AccountInference(string RequestId, DateTimeOffset StartedAt, string Model, long? InputTokens, long? OutputTokens, string? User, string? Region);

/// <summary>What became of a comparison.</summary>
public enum ReconciliationAnswer
{
    /// <summary>Both sides know it.</summary>
    Matched,
    /// <summary>Both sides know it and count differently.</summary>
    Mismatch,
    /// <summary>Only the ledger knows it, although the account has had time to show it.</summary>
    LocalOnly,
    /// <summary>Only the ledger knows it, and the account's view is not that far yet.</summary>
    NotYetShown,
    /// <summary>Only the account knows it: a call that went round EditorBridge, or one of another machine.</summary>
    AccountOnly,
}

/// <summary>One line of a reconciliation.</summary>
/// <param name="How">What joined the two sides, or what differs.</param>
public sealed record Reconciled(ReconciliationAnswer Answer, LedgerInference? Local, AccountInference? Account, string How);

/// <summary>Compares the ledger with the account's own record of use. Values in, values out.</summary>
public static class Reconciler
{
    /// <summary>The view is up to 45 minutes late by its documentation; three hours leave no doubt.</summary>
    public static readonly TimeSpan Lateness = TimeSpan.FromHours(3);

    /// <summary>Starts of the same request, by two clocks.</summary>
    private static readonly TimeSpan SameStart = TimeSpan.FromSeconds(5);

    /// <summary>Counts may differ by this part before it is called a mismatch.</summary>
    private const double Tolerance = 0.02;

    /// <param name="readAt">When the account's view was read.</param>
    public static ImmutableArray<Reconciled> Compare(IEnumerable<LedgerInference> ledger, IEnumerable<AccountInference> account, DateTimeOffset readAt)
    {
        var open = account.OrderBy(row => row.StartedAt).ToList();
        var byId = open.GroupBy(row => row.RequestId, StringComparer.OrdinalIgnoreCase).ToDictionary(group => group.Key, group => group.First(), StringComparer.OrdinalIgnoreCase);
        var answers = ImmutableArray.CreateBuilder<Reconciled>();
        var unmatched = new List<LedgerInference>();
        // Ids first: a row that belongs to somebody by its id must not be taken by a neighbour that only looks alike.
        foreach (var local in ledger.OrderBy(call => call.StartedAt))
        {
            if (local.RequestId is { } id && byId.Remove(id, out var row))
            {
                open.Remove(row);
                answers.Add(Judge(local, row, "request id"));
            }
            else
            {
                unmatched.Add(local);
            }
        }
        foreach (var local in unmatched)
        {
            var alike = open.Find(row => (row.StartedAt - local.StartedAt).Duration() <= SameStart && row.OutputTokens == local.OutputTokens
                && (local.Model is null || row.Model.Equals(local.Model, StringComparison.OrdinalIgnoreCase)));
            if (alike is not null)
            {
                open.Remove(alike);
                answers.Add(Judge(local, alike, "time, model and tokens"));
            }
            else if (readAt - local.StartedAt < Lateness)
            {
                answers.Add(new Reconciled(ReconciliationAnswer.NotYetShown, local, null, $"the account shows a call up to {Lateness.TotalHours:0} hours late"));
            }
            else
            {
                answers.Add(new Reconciled(ReconciliationAnswer.LocalOnly, local, null, "not in the account's record: it failed there, or went to another account"));
            }
        }
        answers.AddRange(open.Select(row => new Reconciled(ReconciliationAnswer.AccountOnly, null, row, "no entry in this ledger: it went round EditorBridge, or through another machine")));
        return answers.ToImmutable();
    }

    private static Reconciled Judge(LedgerInference local, AccountInference account, string how)
    {
        var differs = Differs(local.OutputTokens, account.OutputTokens) ? $"output {local.OutputTokens} here, {account.OutputTokens} there"
            : Differs(local.InputTokens, account.InputTokens) ? $"input {local.InputTokens} here, {account.InputTokens} there" : null;
        return new Reconciled(differs is null ? ReconciliationAnswer.Matched : ReconciliationAnswer.Mismatch, local, account, differs ?? how);
    }

    private static bool Differs(long? here, long? there) => here is { } a && there is { } b && Math.Abs(a - b) > Math.Max(1, Math.Max(a, b) * Tolerance);
}
