using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Policies;
using EditorBridge.Policy;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge policy explain</c>: what policy says of one action, with every rule that matched and why.</summary>
internal static class PolicyExplainCommand
{
    public static Command Build()
    {
        var tool = new Argument<string>("tool") { Description = "The tool: Bash, Write, Edit, mcp__editorbridge__execute_sql, …", Arity = ArgumentArity.ZeroOrOne };
        var input = new Option<string?>("--input") { Description = "The tool's input as JSON; - reads it from standard input." };
        var shell = new Option<string?>("--command") { Description = "A shell command; the tool is then Bash." };
        var sql = new Option<string?>("--sql") { Description = "A SQL text; the tool is then mcp__editorbridge__execute_sql." };
        var file = new Option<string?>("--file") { Description = "A file to be written; the tool is then Write. Its new text is read from standard input when that is given, else from the file." };
        var role = new Option<string?>("--role") { Description = "The Snowflake role in use." };
        var warehouse = new Option<string?>("--warehouse") { Description = "The warehouse in use." };
        var door = new Option<Door>("--door") { Description = "Where the action comes in.", DefaultValueFactory = _ => Door.Hook };
        var at = new Option<DateTimeOffset?>("--at") { Description = "The time of the action (default: now)." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var options = new PolicyOptions();
        var command = new Command("explain", "Show what policy says of one action, and every rule that matched.") { tool, input, shell, sql, file, role, warehouse, door, at, json };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            if (options.LoadOrTell(parsed) is not { } policy) return 1;
            var action = Action(parsed.GetValue(tool), parsed.GetValue(input), parsed.GetValue(shell), parsed.GetValue(sql), parsed.GetValue(file));
            if (action is null) return 2;
            var facts = new PolicyCase
            {
                Name = "explain",
                Tool = action.Value.Tool,
                Input = action.Value.Input,
                Workspace = options.Workspace(parsed),
                Door = parsed.GetValue(door),
                Role = parsed.GetValue(role),
                Warehouse = parsed.GetValue(warehouse),
                At = parsed.GetValue(at),
                StateFolder = StateFolder.Usual,
            }.Facts(FileText.ReadOrNull);
            var explanation = PolicyEvaluator.Explain(policy, facts);
            Console.WriteLine(parsed.GetValue(json) ? Json(explanation) : Describe(explanation));
            return 0;
        });
        return command;
    }

    private static (string Tool, JsonElement Input)? Action(string? tool, string? input, string? shell, string? sql, string? file)
    {
        try
        {
            if (shell is not null) return ("Bash", JsonSerializer.SerializeToElement(new { command = shell }));
            if (sql is not null) return (tool ?? "mcp__editorbridge__execute_sql", JsonSerializer.SerializeToElement(new { sql }));
            if (file is not null) return (tool ?? "Write", JsonSerializer.SerializeToElement(new { file_path = Path.GetFullPath(file), content = NewText(file) ?? throw new FileNotFoundException($"{file} could not be read, and no text was given on standard input. Nothing was judged.") }));
            if (tool is not null) return (tool, JsonDocument.Parse(input is null ? "{}" : input == "-" ? Console.In.ReadToEnd() : input).RootElement);
            Console.Error.WriteLine("Name a tool, or give --command, --sql or --file. For example: editorbridge policy explain --command \"git push\"");
        }
        catch (FileNotFoundException e)
        {
            Console.Error.WriteLine(e.Message);
        }
        catch (JsonException e)
        {
            Console.Error.WriteLine($"--input is not JSON: {e.Message}");
        }
        return null;
    }

    // In scripts standard input is often redirected from nothing: an empty text there is none.
    private static string? NewText(string file) => Console.IsInputRedirected && Console.In.ReadToEnd() is { Length: > 0 } given ? given : FileText.ReadOrNull(file);

    private static string Describe(PolicyExplanation explanation)
    {
        var text = new StringBuilder();
        var decision = explanation.Decision;
        text.AppendLine(CultureInfo.InvariantCulture, $"{PolicyWords.Of(decision.Effect)}: {TerminalText.Line(decision.Summary)}");
        if (decision.Obligations != Obligations.None) text.AppendLine(CultureInfo.InvariantCulture, $"obligations: {Duties(decision.Obligations)}");
        foreach (var part in explanation.Parts)
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{PolicyWords.Of(part.Effect),-8}{TerminalText.Line(part.Part.Label)}");
            foreach (var finding in part.Part.Findings) text.AppendLine(CultureInfo.InvariantCulture, $"          {finding.Id}: {TerminalText.Line(finding.Message)}");
            foreach (var reason in part.Part.Statement?.Reasons ?? []) text.AppendLine(CultureInfo.InvariantCulture, $"          {reason.Id}: {TerminalText.Line(reason.Message)}");
            foreach (var answer in part.Answers.Where(answer => Says(part.Part, answer)))
                text.AppendLine(CultureInfo.InvariantCulture, $"    {PolicyWords.Of(answer.Effect),-8}{answer.Rule.Id} ({PolicyWords.Of(answer.Rule.Layer)}){Note(answer)}: {TerminalText.Line(answer.Rule.Description)}");
            if (part.Answers.IsEmpty) text.AppendLine("    no rule speaks of this part");
        }
        return text.Append(CultureInfo.InvariantCulture, $"\npolicy {decision.PolicyVersion}").ToString();
    }

    // What allows the tool as such matches every part; repeating it says nothing about the part.
    private static bool Says(ActionPart part, RuleAnswer answer) =>
        part.Kind == PartKind.Tool || answer.Effect != Sql.Effect.Allow || answer.RelaxedBy is not null || answer.Rule.AsAnalysed || !answer.Rule.Relaxes.IsEmpty;

    private static string Note(RuleAnswer answer) =>
        answer.RelaxedBy is { } relaxing ? $", relaxed here by {relaxing}" : answer.Certain ? "" : ", may match: something it asks for is not known";

    private static string Duties(Obligations duties) => string.Join(", ", new[]
    {
        duties.ReasonRequired ? "a reason" : null,
        duties.TwoPeople ? "two people" : null,
        duties.ExplainFirst ? "EXPLAIN first" : null,
        duties.RowLimit is { } rows ? $"at most {rows} rows" : null,
        duties.GrantLifetime is { } lifetime ? $"used within {lifetime.TotalMinutes:0} minutes" : null,
        duties.NoSessionGrant ? "not for the whole session" : null,
    }.OfType<string>());

    private static string Json(PolicyExplanation explanation) => new JsonObject
    {
        ["effect"] = PolicyWords.Of(explanation.Decision.Effect),
        ["severity"] = PolicyWords.Of(explanation.Decision.Severity),
        ["summary"] = explanation.Decision.Summary,
        ["policyVersion"] = explanation.Decision.PolicyVersion,
        ["obligations"] = JsonSerializer.SerializeToNode(explanation.Decision.Obligations, GateEntries.Wire),
        ["parts"] = new JsonArray([.. explanation.Parts.Select(part => (JsonNode)new JsonObject
        {
            ["kind"] = PolicyWords.Of(part.Part.Kind),
            ["label"] = part.Part.Label,
            ["effect"] = PolicyWords.Of(part.Effect),
            ["findings"] = new JsonArray([.. part.Part.Findings.Select(finding => (JsonNode)new JsonObject { ["id"] = finding.Id, ["message"] = finding.Message })]),
            ["rules"] = new JsonArray([.. part.Answers.Select(answer => (JsonNode)new JsonObject
            {
                ["id"] = answer.Rule.Id,
                ["layer"] = PolicyWords.Of(answer.Rule.Layer),
                ["effect"] = PolicyWords.Of(answer.Effect),
                ["certain"] = answer.Certain,
                ["relaxedBy"] = answer.RelaxedBy,
                ["description"] = answer.Rule.Description,
            })]),
        })]),
    }.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
}
