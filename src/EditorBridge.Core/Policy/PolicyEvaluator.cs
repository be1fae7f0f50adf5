using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>A rule that spoke of a part.</summary>
/// <param name="Effect">What it asked for; a match that is only possible asks for a review at most.</param>
/// <param name="Certain">False when the match depends on something unknown, such as the database of an unqualified name.</param>
/// <param name="RelaxedBy">Id of the rule that switched it off here.</param>
public sealed record RuleAnswer(PolicyRule Rule, Effect Effect, bool Certain, string? RelaxedBy);

/// <summary>What policy says of one part, and every rule that spoke.</summary>
public sealed record PartDecision(ActionPart Part, Effect Effect, ImmutableArray<RuleAnswer> Answers);

/// <summary>A decision with its whole derivation.</summary>
public sealed record PolicyExplanation(Decision Decision, ImmutableArray<PartDecision> Parts);

/// <summary>
/// The door of the Policy room: facts in, decision out. An action is judged part by part (the call, each path, each program, each SQL statement);
/// in a part the strictest rule wins, of the parts the strictest decides; what no rule speaks of is reviewed.
/// </summary>
public static class PolicyEvaluator
{
    public static Decision Decide(PolicySet policy, ActionFacts facts) => Explain(policy, facts).Decision;

    /// <summary>The decision with every rule that matched, for <c>policy explain</c> and for reviewers.</summary>
    public static PolicyExplanation Explain(PolicySet policy, ActionFacts facts)
    {
        ImmutableArray<PartDecision> parts = [.. ActionPart.Of(facts).Select(part => Judge(policy, part, facts))];
        var effect = parts.Max(part => part.Effect);
        var deciding = parts.First(part => part.Effect == effect);
        var standing = parts.SelectMany(part => part.Answers).Where(answer => answer.RelaxedBy is null).ToArray();
        var obligations = ObligationsOf(standing, parts);
        var notKept = effect == Effect.Deny ? null : ObligationKeeping.WhyNot(obligations, facts, parts);
        var unattended = effect == Effect.Allow && notKept is null && ObligationKeeping.NeedsPerson(obligations);
        var decision = new Decision
        {
            Effect = notKept is not null ? Effect.Deny : unattended ? Effect.Review : effect,
            Rules = [.. Merge(standing)],
            Obligations = obligations,
            Summary = notKept ?? (unattended ? "A rule asks people for a duty with this, so a person decides." : Summarise(effect, deciding, parts)),
            Severity = SeverityOf(parts),
            PolicyVersion = policy.Version,
        };
        return new PolicyExplanation(decision, parts);
    }

    private static PartDecision Judge(PolicySet policy, ActionPart part, ActionFacts facts)
    {
        var matched = policy.Rules
            .Select(rule => (Rule: rule, Fit: RuleMatching.Match(rule, part, facts)))
            .Where(match => match.Fit != Fit.No && !(match.Rule.Effect == Effect.Allow && !match.Rule.AsAnalysed && match.Fit == Fit.Maybe))
            .ToArray();
        ImmutableArray<RuleAnswer> answers =
        [
            .. from match in matched
               let relaxing = matched.FirstOrDefault(other => other.Fit == Fit.Yes && policy.MayRelax(other.Rule, match.Rule)).Rule
               let asked = match.Rule.AsAnalysed && part.Analysed > match.Rule.Effect ? part.Analysed : match.Rule.Effect
               let effect = match.Fit == Fit.Maybe && asked == Effect.Deny ? Effect.Review : asked
               select new RuleAnswer(match.Rule, effect, match.Fit == Fit.Yes, relaxing?.Id),
        ];
        var standing = answers.Where(answer => answer.RelaxedBy is null).ToArray();
        return new PartDecision(part, standing.Length == 0 ? Unspoken(part) : standing.Max(answer => answer.Effect), answers);
    }

    // The call of the tool and SQL must be spoken of. A path or program that no rule mentions adds nothing to what is said of the call.
    private static Effect Unspoken(ActionPart part) => part.Kind is PartKind.Path or PartKind.Command ? Effect.Allow : Effect.Review;

    private static IEnumerable<MatchedRule> Merge(IEnumerable<RuleAnswer> standing) =>
        standing.GroupBy(answer => (answer.Rule.Layer, answer.Rule.Id))
            .Select(group => new MatchedRule(group.Key.Id, LayerName(group.Key.Layer), group.Max(answer => answer.Effect), group.First().Rule.Description))
            .OrderByDescending(rule => rule.Effect);

    private static Obligations ObligationsOf(IEnumerable<RuleAnswer> standing, ImmutableArray<PartDecision> parts)
    {
        var all = standing.Aggregate(Obligations.None, (sum, answer) => sum.With(answer.Rule.Obligations));
        var once = parts.Any(part => part.Part.Statement?.Class is StatementClass.Destructive or StatementClass.Privilege or StatementClass.Exfil or StatementClass.Unknown
            || part.Part.Kind == PartKind.Chain || (part.Effect != Effect.Allow && SeverityOf(part) >= Severity.High));
        return once ? all with { NoSessionGrant = true } : all;
    }

    private static Severity SeverityOf(ImmutableArray<PartDecision> parts) => parts.Max(SeverityOf);

    private static Severity SeverityOf(PartDecision part)
    {
        var ofRules = part.Answers.Where(answer => answer.RelaxedBy is null && answer.Effect != Effect.Allow).Select(answer => answer.Rule.Severity).DefaultIfEmpty().Max();
        return ofRules > part.Part.Severity ? ofRules : part.Part.Severity;
    }

    private static string Summarise(Effect effect, PartDecision deciding, ImmutableArray<PartDecision> parts)
    {
        if (effect == Effect.Allow) return "Nothing in this action needs a person.";
        var reason = ReasonFor(deciding);
        var others = parts.Count(part => part.Effect == effect) - 1;
        var subject = deciding.Part.Kind == PartKind.Tool ? "" : $"{deciding.Part.Label}: ";
        return $"{subject}{reason}{(others > 0 ? $" ({others} more {(others == 1 ? "part is" : "parts are")} {(effect == Effect.Deny ? "refused" : "to be reviewed")}.)" : "")}";
    }

    private static string ReasonFor(PartDecision deciding)
    {
        var answer = deciding.Answers.FirstOrDefault(candidate => candidate.RelaxedBy is null && candidate.Effect == deciding.Effect);
        if (answer is null) return "No rule speaks of this, so a person decides.";
        var rule = answer.Rule;
        if (rule.Layer != PolicyLayer.Default) return $"{Sentence(rule.Description)} ({LayerName(rule.Layer)} policy, rule {rule.Id}.)";
        var detail = deciding.Part.Reasons.OrderByDescending(reason => reason.Severity).Select(reason => reason.Message)
            .Concat(deciding.Part.Findings.Where(finding => rule.Match.Reasons.Any(pattern => Glob.IsMatch(pattern, finding.Id))).Select(finding => finding.Message))
            .FirstOrDefault();
        return $"{Sentence(detail ?? rule.Description)} (rule {rule.Id}.)";
    }

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";

    internal static string LayerName(PolicyLayer layer) => layer switch
    {
        PolicyLayer.Managed => "managed",
        PolicyLayer.User => "user",
        PolicyLayer.Workspace => "workspace",
        PolicyLayer.Default => "default",
        _ => throw new ArgumentOutOfRangeException(nameof(layer), layer, "A layer without a name."),
    };
}
