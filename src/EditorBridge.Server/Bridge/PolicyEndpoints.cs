using EditorBridge.Ledger;
using EditorBridge.Policies;
using EditorBridge.Policy;

namespace EditorBridge.Bridge;

/// <summary>What the portal may ask about policy: which rules are in force, and what changed ones would have decided. Nothing is changed here.</summary>
internal static class PolicyEndpoints
{
    // What a person reads; the command line takes more.
    private const int MostReplayed = 5_000;

    public static void MapPolicy(this IEndpointRouteBuilder bridge)
    {
        bridge.MapGet("/policy", (string? workspace) => Results.Json(InForce(workspace)));
        bridge.MapPost("/policy/simulate", SimulateAsync);
    }

    /// <param name="workspace">The folder whose project policy counts too; null for none.</param>
    private static PolicyReply InForce(string? workspace)
    {
        var loaded = PolicyLoader.Load(PolicyPlaces.For(workspace));
        return new PolicyReply(
            loaded.Policy?.Version, [.. loaded.Problems.Select(problem => problem.ToString())], [.. loaded.Files],
            [.. (loaded.Policy?.Rules ?? []).Select(rule => new RuleReply(
                rule.Id, rule.Layer.ToString(), rule.Effect.ToString(), rule.AsAnalysed, rule.Locked, rule.Description, [.. rule.Relaxes]))]);
    }

    private static async Task<IResult> SimulateAsync(SimulateBody body, StateFolder state, CancellationToken cancellationToken)
    {
        if (!Enum.TryParse<PolicyLayer>(body.Layer, out var layer) || layer is not (PolicyLayer.Managed or PolicyLayer.User) || body.Text is null || body.To <= body.From)
            return Results.BadRequest(new { message = "A trial needs the layer Managed or User, the text of its policy file and a window of time. Nothing was replayed." });
        var loaded = PolicyLoader.Load(PolicyPlaces.For(workspace: null), layer, body.Text);
        var problems = loaded.Problems.Select(problem => problem.ToString()).ToArray();
        if (loaded.Policy is not { } policy) return Results.Json(new SimulateReply(problems, false, 0, 0, false, []));
        try
        {
            using var ledger = LedgerReader.Open(state.LedgerFolder);
            var result = await new PolicySimulation(ledger, policy, state).RunAsync(body.From, body.To, MostReplayed, cancellationToken);
            return Results.Json(new SimulateReply(
                problems, true, result.Replayed, result.NotReplayed, result.Replayed + result.NotReplayed >= MostReplayed,
                [.. result.Changes.Select(change => new ChangeReply(
                    change.Sequence, change.CallId, change.At, change.Tool, change.Subject, change.Was.ToString(), change.WouldBe.ToString(), change.Result, change.Summary, [.. change.Rules]))]));
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            return Results.Json(new { message = $"The history could not be read: {e.Message} Choose a shorter time." }, statusCode: StatusCodes.Status409Conflict);
        }
    }

    /// <param name="Version">Null when a file is broken: then nothing is released.</param>
    /// <param name="Problems">Each with file, line and column.</param>
    /// <param name="Rules">The strongest layer first, the shipped rules last.</param>
    private sealed record PolicyReply(string? Version, string[] Problems, string[] Files, RuleReply[] Rules);

    private sealed record RuleReply(string Id, string Layer, string Effect, bool AsAnalysed, bool Locked, string Description, string[] Relaxes);

    /// <param name="Layer">Managed or User: whose file would hold <paramref name="Text"/>.</param>
    private sealed record SimulateBody(string Layer, string? Text, DateTimeOffset From, DateTimeOffset To);

    /// <param name="Understood">False when the text is no policy; the problems say why.</param>
    /// <param name="Limited">True when there was more to replay than a person reads.</param>
    private sealed record SimulateReply(string[] Problems, bool Understood, int Replayed, int NotReplayed, bool Limited, ChangeReply[] Changes);

    private sealed record ChangeReply(long Sequence, string CallId, DateTimeOffset At, string? Tool, string? Subject, string Was, string WouldBe, string? Result, string Summary, string[] Rules);
}
