using System.CommandLine;
using EditorBridge.Policies;
using EditorBridge.Policy;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge policy</c>: check, show, explain, test and simulate. None of them changes anything or needs a host.</summary>
internal static class PolicyCommand
{
    public static Command Build() => new("policy", "Check, show, explain and try out policy.")
    {
        Check(),
        Show(),
        PolicyExplainCommand.Build(),
        PolicyTestCommand.Build(),
        PolicySimulateCommand.Build(),
    };

    private static Command Check()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "Policy files. None: those in force here.", Arity = ArgumentArity.ZeroOrMore };
        var layer = new Option<PolicyLayer?>("--layer") { Description = "The layer the files are meant for: managed, user or workspace. Without it the place of a file decides." };
        var options = new PolicyOptions();
        var command = new Command("check", "Check policy files: every error with its line and column. Exit code 1 when one is broken.") { files, layer };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var given = parsed.GetValue(files) ?? [];
            return given.Length == 0 ? CheckPlaces(options.Paths(parsed)) : given.Max(file => CheckFile(file, parsed.GetValue(layer)));
        });
        return command;
    }

    private static int CheckPlaces(PolicyPaths paths)
    {
        var loaded = PolicyLoader.Load(paths);
        foreach (var (name, path) in new[] { ("managed", paths.Managed), ("user", paths.User), ("workspace", paths.Workspace) })
            if (path is not null) Console.WriteLine($"{name,-10}{path}{(loaded.Files.Contains(path) ? "" : "  (no such file)")}");
        Print(loaded.Problems);
        if (loaded.Policy is null)
        {
            Console.Error.WriteLine("The policy is broken: until it is mended, nothing an agent asks for is released.");
            return 1;
        }
        Console.WriteLine($"In force: {loaded.Policy.Rules.Count(rule => rule.Layer != PolicyLayer.Default)} rules of files, {loaded.Policy.Rules.Count(rule => rule.Layer == PolicyLayer.Default)} default rules. Version {loaded.Policy.Version}");
        return 0;
    }

    private static int CheckFile(FileInfo file, PolicyLayer? layer)
    {
        if (!file.Exists)
        {
            Console.Error.WriteLine($"{file.FullName}: there is no such file.");
            return 1;
        }
        var meant = layer ?? LayerOf(file.FullName);
        var problems = PolicyFile.Parse(File.ReadAllText(file.FullName), file.FullName, meant).Problems;
        Print(problems);
        if (problems.Any(problem => problem.IsError)) return 1;
        Console.WriteLine($"{file.FullName}: good, as a {PolicyWords.Of(meant)} policy.");
        return 0;
    }

    private static PolicyLayer LayerOf(string path) =>
        path == PolicyPlaces.Managed || Path.GetFileName(path).Contains("managed", StringComparison.OrdinalIgnoreCase) ? PolicyLayer.Managed
        : Path.GetFileName(Path.GetDirectoryName(path)) == ".editorbridge" || Path.GetFileName(path).Contains("workspace", StringComparison.OrdinalIgnoreCase) ? PolicyLayer.Workspace
        : PolicyLayer.User;

    private static Command Show()
    {
        var id = new Argument<string?>("rule") { Description = "Id of a rule, * allowed. None: all.", Arity = ArgumentArity.ZeroOrOne };
        var options = new PolicyOptions();
        var command = new Command("show", "List the rules in force, the default rules included.") { id };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            if (options.LoadOrTell(parsed) is not { } policy) return 1;
            var pattern = parsed.GetValue(id) ?? "*";
            var rules = policy.Rules.Where(rule => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, rule.Id)).ToArray();
            foreach (var rule in rules)
                Console.WriteLine($"{PolicyWords.Of(rule.Layer),-10}{rule.Id,-34}{EffectOf(rule),-20}{TerminalText.Line(rule.Description)}{(rule.Locked ? " [locked]" : "")}");
            if (rules.Length > 0) return 0;
            Console.Error.WriteLine($"No rule in force is called '{pattern}'. List them with: editorbridge policy show");
            return 1;
        });
        return command;
    }

    private static string EffectOf(PolicyRule rule) => rule.AsAnalysed
        ? rule.Effect == Sql.Effect.Allow ? "as analysed" : $"analysed, ≥ {PolicyWords.Of(rule.Effect)}"
        : PolicyWords.Of(rule.Effect);

    internal static void Print(IEnumerable<PolicyProblem> problems)
    {
        foreach (var problem in problems) Console.Error.WriteLine((problem.IsError ? "error: " : "warning: ") + TerminalText.Line(problem.ToString()));
    }
}

/// <summary>The options that say which policy files count.</summary>
internal sealed class PolicyOptions
{
    private readonly Option<DirectoryInfo?> _workspace = new("--workspace") { Description = "The folder the agent works in (default: this one)." };
    private readonly Option<FileInfo?> _managed = new("--managed") { Description = $"Managed policy file (default: {PolicyPlaces.Managed})." };
    private readonly Option<FileInfo?> _user = new("--user") { Description = $"User policy file (default: {PolicyPlaces.User})." };
    private readonly Option<bool> _defaults = new("--defaults-only") { Description = "Leave all policy files out: the default rules alone." };

    public void AddTo(Command command)
    {
        command.Add(_workspace);
        command.Add(_managed);
        command.Add(_user);
        command.Add(_defaults);
    }

    public string Workspace(ParseResult parsed) => parsed.GetValue(_workspace)?.FullName ?? Directory.GetCurrentDirectory();

    public PolicyPaths Paths(ParseResult parsed)
    {
        if (parsed.GetValue(_defaults)) return new PolicyPaths(null, null, null);
        return PolicyPlaces.For(Workspace(parsed)) with
        {
            Managed = parsed.GetValue(_managed)?.FullName ?? PolicyPlaces.Managed,
            User = parsed.GetValue(_user)?.FullName ?? PolicyPlaces.User,
        };
    }

    /// <summary>The policy, or null after the errors were printed. A file that was named must exist.</summary>
    public PolicySet? LoadOrTell(ParseResult parsed)
    {
        foreach (var named in new[] { parsed.GetValue(_managed), parsed.GetValue(_user) })
        {
            if (named is null or { Exists: true }) continue;
            Console.Error.WriteLine($"{named.FullName}: there is no such file.");
            return null;
        }
        var loaded = PolicyLoader.Load(Paths(parsed));
        PolicyCommand.Print(loaded.Problems);
        return loaded.Policy;
    }
}
