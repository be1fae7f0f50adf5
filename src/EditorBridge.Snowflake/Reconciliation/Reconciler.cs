using System.Collections.Immutable;

namespace EditorBridge.Snowflake;

/// <summary>
/// Compares the ledger with the account's own record of use. Values in, values out.
/// <code>
///  1 request id or statement handle ─► 2 the call named in the query tag ─► 3 time, model and tokens ─► 4 the gateway's sums of an hour ─► 5 what is left over
/// </code>
/// Each step takes rows away from the next: a row that belongs to somebody by its id must not be taken by a neighbour that only looks alike.
/// </summary>
public sealed class Reconciler
{
    /// <summary>The views are up to 45 minutes late by their documentation; three hours leave no doubt.</summary>
    public static readonly TimeSpan Lateness = TimeSpan.FromHours(3);

    /// <summary>Both sides are read this far beyond the window, because a call at its edge has two clocks.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>Starts of the same request, by two clocks.</summary>
    private static readonly TimeSpan SameStart = TimeSpan.FromSeconds(5);

    /// <summary>Counts may differ by this part before it is called a mismatch.</summary>
    private const double Tolerance = 0.02;

    private readonly ReconciliationScope _scope;
    private readonly LocalUse[] _ledger;
    private readonly AccountUse[] _account;
    private readonly bool[] _taken;
    private readonly bool[] _found;
    private readonly List<Reconciled> _lines = [];

    private Reconciler(IEnumerable<LocalUse> ledger, IEnumerable<AccountUse> account, ReconciliationScope scope)
    {
        _scope = scope;
        _ledger = [.. ledger.OrderBy(use => use.StartedAt)];
        _account = [.. account.Where(use => !OwnQuestions.IsOne(use)).OrderBy(use => use.StartedAt)];
        _taken = new bool[_account.Length];
        _found = new bool[_ledger.Length];
    }

    public static ImmutableArray<Reconciled> Compare(IEnumerable<LocalUse> ledger, IEnumerable<AccountUse> account, ReconciliationScope scope)
    {
        var comparison = new Reconciler(ledger, account, scope);
        comparison.ById();
        comparison.ByTag();
        comparison.ByLikeness();
        comparison.BySum();
        comparison.Rest();
        return [.. comparison._lines.Where(line => line.At >= scope.From && line.At < scope.To).OrderBy(line => line.At)];
    }

    private void ById()
    {
        var byId = Rows(i => true).ToLookup(i => _account[i].Id, StringComparer.OrdinalIgnoreCase);
        for (var l = 0; l < _ledger.Length; l++)
        {
            var local = _ledger[l];
            for (var k = local.Ids.Length - 1; k >= 0; k--)
            {
                var isLast = k == local.Ids.Length - 1;
                var views = new HashSet<UsageView>();
                foreach (var i in byId[local.Ids[k]].Where(i => !_taken[i] && SameKind(local, _account[i])))
                {
                    // One request may stand in two views, and in each once.
                    Take(l, i, !views.Add(_account[i].View) ? Line(ReconciliationAnswer.Mismatch, l, i, "the account counted this request more than once")
                        : isLast ? Judge(l, i, local.IsStatement ? "statement handle" : "request id")
                        : Line(ReconciliationAnswer.Matched, l, i, "an attempt that was repeated"));
                }
            }
        }
    }

    private void ByTag()
    {
        var byCall = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var l = 0; l < _ledger.Length; l++)
        {
            if (_ledger[l].IsStatement)
            {
                byCall.TryAdd(_ledger[l].CallId, l);
            }
        }
        foreach (var i in Rows(i => _account[i].View == UsageView.Queries))
        {
            if (OwnQuestions.CallOf(_account[i]) is { } call && byCall.TryGetValue(call, out var l))
            {
                Take(l, i, Line(ReconciliationAnswer.Matched, l, i, "query tag"));
            }
        }
    }

    private void ByLikeness()
    {
        var byModel = Rows(i => _account[i].View != UsageView.Queries).ToLookup(i => _account[i].Model ?? "", StringComparer.OrdinalIgnoreCase);
        for (var l = 0; l < _ledger.Length; l++)
        {
            var local = _ledger[l];
            if (local.IsStatement || _found[l])
            {
                continue;
            }
            // A request without a known outcome has no tokens to compare; its time and model must do.
            var candidates = (local.Model is { } model ? byModel[model] : byModel.SelectMany(group => group))
                .Where(i => !_taken[i] && (_account[i].StartedAt - local.StartedAt).Duration() <= SameStart && (!local.Answered || _account[i].OutputTokens == local.OutputTokens));
            foreach (var i in candidates.OrderBy(i => (_account[i].StartedAt - local.StartedAt).Duration()).Take(1))
            {
                Take(l, i, Judge(l, i, local.Answered ? "time, model and tokens" : "time and model"));
            }
        }
    }

    /// <summary>The gateway's record is not documented as one row a request: where the sums of an hour and model agree, the calls behind them do.</summary>
    private void BySum()
    {
        var left = Enumerable.Range(0, _ledger.Length).Where(l => !_found[l] && !_ledger[l].IsStatement && _ledger[l].Answered)
            .ToLookup(l => (Hour(_ledger[l].StartedAt), _ledger[l].Model?.ToUpperInvariant()));
        foreach (var rows in Rows(i => _account[i].View == UsageView.AiGateway).GroupBy(i => (Hour(_account[i].StartedAt), _account[i].Model?.ToUpperInvariant())).ToArray())
        {
            var locals = left[rows.Key].ToArray();
            if (locals.Length == 0 || Differs(locals.Sum(l => _ledger[l].OutputTokens ?? 0), rows.Sum(i => _account[i].OutputTokens ?? 0)))
            {
                continue;
            }
            var first = rows.First();
            foreach (var i in rows)
            {
                _taken[i] = true;
            }
            foreach (var l in locals)
            {
                _found[l] = true;
                _lines.Add(Line(ReconciliationAnswer.Matched, l, first, "the gateway's sum of the hour"));
            }
        }
    }

    private void Rest()
    {
        for (var l = 0; l < _ledger.Length; l++)
        {
            // What failed or was cut off need not be in the account's record.
            if (_found[l] || !_ledger[l].Answered || !WasRead(_ledger[l]))
            {
                continue;
            }
            _lines.Add(_scope.ReadAt - _ledger[l].StartedAt < Lateness
                ? new Reconciled(ReconciliationAnswer.NotYetDue, _ledger[l], null, $"the account shows a call up to {Lateness.TotalHours:0} hours late")
                : new Reconciled(ReconciliationAnswer.LocalOnly, _ledger[l], null, "not in the account's record although it has had time: it went to another account or user, or the record is not whole"));
        }
        foreach (var i in Rows(i => true))
        {
            _lines.Add(new Reconciled(ReconciliationAnswer.AccountOnly, null, _account[i], Unknown(_account[i])));
        }
    }

    private static string Unknown(AccountUse use) => use.View switch
    {
        UsageView.Queries when use.Tag?.Contains("editorbridge", StringComparison.OrdinalIgnoreCase) == true => "it carries EditorBridge's tag, but this ledger does not know it: another machine's, or somebody wrote the tag",
        UsageView.Queries => $"a statement of an agent ({use.AgentType}) that did not come through this EditorBridge",
        _ => "no entry in this ledger: it went round EditorBridge, or through another machine",
    };

    private Reconciled Judge(int l, int i, string how)
    {
        var (local, account) = (_ledger[l], _account[i]);
        var differs = local.IsStatement || !local.Answered ? null
            : Differs(local.OutputTokens, account.OutputTokens) ? $"output {local.OutputTokens} here, {account.OutputTokens} there"
            // Whether the account's one number holds cached tokens is not documented; either reading is agreement.
            : Differs(local.PromptTokens, account.InputTokens) && Differs(local.UncachedTokens, account.InputTokens) ? $"input {local.PromptTokens} here, {account.InputTokens} there"
            : local.Model is { } sent && account.Model is { } billed && !sent.Equals(billed, StringComparison.OrdinalIgnoreCase) ? $"model {sent} here, {billed} there" : null;
        return Line(differs is null ? ReconciliationAnswer.Matched : ReconciliationAnswer.Mismatch, l, i, differs ?? how);
    }

    private Reconciled Line(ReconciliationAnswer answer, int l, int i, string how) => new(answer, _ledger[l], _account[i], how);

    private void Take(int l, int i, Reconciled line)
    {
        _taken[i] = true;
        _found[l] = true;
        _lines.Add(line);
    }

    private IEnumerable<int> Rows(Func<int, bool> which) => Enumerable.Range(0, _account.Length).Where(i => !_taken[i] && which(i));

    private bool WasRead(LocalUse local) => local.IsStatement ? _scope.Views.Contains(UsageView.Queries) : _scope.Views.Contains(UsageView.RestApi) || _scope.Views.Contains(UsageView.AiGateway);

    private static bool SameKind(LocalUse local, AccountUse account) => local.IsStatement == (account.View == UsageView.Queries);

    private static long Hour(DateTimeOffset moment) => moment.ToUnixTimeSeconds() / 3600;

    private static bool Differs(long? here, long? there) => here is { } a && there is { } b && Math.Abs(a - b) > Math.Max(1, Math.Max(a, b) * Tolerance);
}
