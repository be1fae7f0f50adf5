using System.CommandLine;
using EditorBridge.Gate;
using EditorBridge.Policies;
using EditorBridge.Policy;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge policy test</c>: cases that must hold whatever is changed in a policy.</summary>
internal static class PolicyTestCommand
{
    public static Command Build()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "Files of cases (docs/policy.md).", Arity = ArgumentArity.OneOrMore };
        var options = new PolicyOptions();
        var command = new Command("test", "Run cases against the policy: exit code 1 when one does not hold, 2 when a file is broken.") { files };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            if (options.LoadOrTell(parsed) is not { } policy) return 2;
            return parsed.GetValue(files)!.Max(file => Run(policy, file));
        });
        return command;
    }

    private static int Run(PolicySet policy, FileInfo file)
    {
        if (!file.Exists)
        {
            Console.Error.WriteLine($"{file.FullName}: there is no such file.");
            return 2;
        }
        var cases = PolicyCases.Parse(File.ReadAllText(file.FullName), file.FullName);
        PolicyCommand.Print(cases.Problems);
        if (cases.Problems.Any(problem => problem.IsError)) return 2;
        var failed = 0;
        foreach (var single in cases.Cases)
        {
            var failure = Failure(policy, single);
            Console.WriteLine($"{(failure is null ? "holds" : "FAILS"),-7}{TerminalText.Line(single.Name)}{(failure is null ? "" : $" ({file.Name}:{single.Line})\n       {TerminalText.Line(failure)}")}");
            if (failure is not null) failed++;
        }
        Console.WriteLine($"{cases.Cases.Length - failed} of {cases.Cases.Length} cases hold.");
        return failed == 0 ? 0 : 1;
    }

    /// <summary>Why a case does not hold; null when it does.</summary>
    internal static string? Failure(PolicySet policy, PolicyCase single)
    {
        var decision = PolicyEvaluator.Decide(policy, single.Facts(FileText.ReadOrNull));
        if (decision.Effect != single.Expected) return $"expected {PolicyWords.Of(single.Expected!.Value)}, is {PolicyWords.Of(decision.Effect)}: {decision.Summary}";
        var missing = single.ExpectedRules.Where(id => decision.Rules.All(rule => rule.Id != id)).ToArray();
        return missing.Length == 0 ? null : $"the effect is right, but without {string.Join(", ", missing)}. Counting: {string.Join(", ", decision.Rules.Select(rule => rule.Id))}";
    }
}
