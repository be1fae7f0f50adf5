using System.Text.Json;
using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Script;

/// <summary>
/// What the scripted model does for somebody who simply talks to it: a handful of wishes, each ending in a plausible tool call,
/// and a plain statement of what it is for everything else.
/// </summary>
internal static partial class PlainLanguage
{
    private const string Introduction =
        """
        I am the sandbox model: a script that plays a model, not an AI, in a stand-in Snowflake account on this machine. Nothing you write leaves it.

        Things I can do, so that you can watch EditorBridge at work:

        - "Create a model that shows revenue per customer" — I write a .sql file.
        - "Clean up the staging table" — I write a .sql file with a DROP TABLE, which policy should hold for review.
        - "Delete the cancelled orders", "Give the reporting role access" — I write a .sql file with a DELETE, or with a GRANT.
        - "Change models/revenue_per_customer.sql" — I read the file, then edit it.
        - "Run git status" — I run a shell command.
        - "Query how many orders there are" — I ask the account through the Snowflake tools, when they are connected.
        - "Run the SQL delete from ANALYTICS.STAGING.STG_ORDERS" — I send exactly that, the same way.

        To work with a real model, start EditorBridge with your own account: npm start -- --account <org>-<account>.
        """;

    private const string DeleteCancelled =
        """
        -- Cancelled orders are kept for reporting no longer.
        delete from RAW.SHOP.ORDERS
        where status = 'cancelled';

        """;

    private const string GrantReader =
        """
        -- Lets the reporting role read every mart.
        grant select on all tables in schema ANALYTICS.MARTS to role READER;

        """;

    /// <summary>A wish, the tool it needs, and what is done about it.</summary>
    private sealed record Scene(Regex Wish, string Tool, Func<Conversation, string, Match, ModelTurn> Play);

    /// <summary>The first scene that fits is played.</summary>
    private static readonly Scene[] Scenes =
    [
        new(Sql(), "execute_sql", (conversation, tool, wish) => RunSql(conversation, tool, wish.Groups["sql"].Value)),
        new(Clean(), "Write", (conversation, tool, _) => DropTable(conversation, tool)),
        new(DeleteRows(), "Write", (conversation, tool, _) => WriteFile(conversation, tool, "changes/delete_cancelled_orders.sql", DeleteCancelled)),
        new(GiveAccess(), "Write", (conversation, tool, _) => WriteFile(conversation, tool, "changes/grant_reader.sql", GrantReader)),
        new(Edit(), "Read", (conversation, tool, wish) => ReadFirst(conversation, tool, wish.Groups["file"].Value)),
        new(Create(), "Write", (conversation, tool, _) => CreateModel(conversation, tool)),
        new(Query(), "execute_sql", (conversation, tool, _) => RunQuery(conversation, tool)),
        new(Run(), "Bash", (_, tool, wish) => RunCommand(wish, tool)),
    ];

    public static ModelTurn Answer(Conversation conversation)
    {
        if (conversation.NewestResults.Count > 0)
        {
            return AfterResults(conversation);
        }

        var prompt = ScenarioLine().Replace(conversation.Prompt, "").Trim();
        if (prompt.Length == 0)
        {
            return ModelTurn.Say(conversation.Prompt.Length == 0
                ? Introduction
                : "This is the sandbox model's ordinary answer; the scenario you named is played around it.");
        }

        if (prompt.StartsWith("CRITICAL: Respond with TEXT ONLY", StringComparison.Ordinal))
        {
            return ModelTurn.Say("Summary: the conversation so far was held with the sandbox model.");
        }

        foreach (var scene in Scenes)
        {
            if (scene.Wish.Match(prompt) is { Success: true } wish && conversation.ToolNamed(scene.Tool) is { } tool)
            {
                return scene.Play(conversation, tool, wish);
            }
        }

        return ModelTurn.Say(Greeting().IsMatch(prompt) ? Introduction : $"I cannot answer that, because I only play a few scenes.\n\n{Introduction}");
    }

    private static ModelTurn CreateModel(Conversation conversation, string tool)
    {
        var model = SampleModels.For(conversation.Prompt);
        return WriteFile(conversation, tool, model.FileName, model.Sql);
    }

    private static ModelTurn WriteFile(Conversation conversation, string tool, string file, string sql)
    {
        var path = PathFor(conversation, file);
        return Call($"I will write {path}.", tool, ("file_path", path), ("content", sql));
    }

    private static ModelTurn DropTable(Conversation conversation, string tool)
    {
        var table = TableName().Match(conversation.Prompt) is { Success: true } named && named.Value.Contains('.')
            ? named.Value.ToUpperInvariant()
            : "ANALYTICS.STAGING.STG_ORDERS";
        var path = PathFor(conversation, $"cleanup/drop_{table.Split('.')[^1].ToLowerInvariant()}.sql");
        return Call(
            $"I will write the clean-up script to {path}. It drops {table}.",
            tool,
            ("file_path", path),
            ("content", $"-- Removes the staging table, which is no longer loaded.\ndrop table if exists {table};\n"));
    }

    private static ModelTurn RunQuery(Conversation conversation, string tool)
    {
        var statement = conversation.Prompt.Contains("customer", StringComparison.OrdinalIgnoreCase)
            ? "select count(*) as customers from ANALYTICS.MARTS.CUSTOMERS"
            : "select status, count(*) as orders from RAW.SHOP.ORDERS group by status order by status";
        return RunSql(conversation, tool, statement);
    }

    private static ModelTurn RunSql(Conversation conversation, string tool, string statement) =>
        Call("I will ask the account.", tool, (conversation.RequiredInput(tool) ?? "sql", statement.Trim().Trim('`').TrimEnd(';')));

    private static ModelTurn RunCommand(Match run, string tool)
    {
        var command = run.Groups["command"].Value.Trim().Trim('`', '"', '.').Trim();
        return Call($"I will run `{command}`.", tool, ("command", command), ("description", "Run the requested command"));
    }

    private static ModelTurn ReadFirst(Conversation conversation, string tool, string file)
    {
        var path = PathFor(conversation, file);
        return Call($"I will read {path} before I change it.", tool, ("file_path", path));
    }

    /// <summary>After a read comes the edit; after anything else, a closing text that says what the tools answered.</summary>
    private static ModelTurn AfterResults(Conversation conversation)
    {
        var failed = conversation.NewestResults.Where(result => result.IsError).ToList();
        var last = conversation.CallsSincePrompt.LastOrDefault();
        if (failed.Count > 0)
        {
            return ModelTurn.Say(
                $"That was not done. The answer was: {string.Join(" · ", failed.Select(result => result.Text.Trim()))}\n\n"
                + "I leave it there and change nothing else. Tell me if you want it done differently.");
        }

        if (last is { Name: "Read" } && conversation.ToolNamed("Edit") is { } edit && FirstLine(conversation.NewestResults[^1].Text) is { } line)
        {
            var path = JsonElement.Parse(last.Input).Text("file_path")!;
            return Call(
                "Now the change.", edit, ("file_path", path), ("old_string", line), ("new_string", $"-- Changed by the sandbox model.\n{line}"));
        }

        var outcome = last?.Name switch
        {
            "Write" or "Edit" => $"Done: {JsonElement.Parse(last.Input).Text("file_path")} is saved successfully.",
            null => "Done, successfully.",
            _ => $"Done, successfully. The answer was:\n\n{Shortened(conversation.NewestResults[^1].Text)}",
        };
        return ModelTurn.Say(outcome);
    }

    /// <summary>The first line with text in a file as Claude Code's Read shows it: a number, a tab or an arrow, the line.</summary>
    private static string? FirstLine(string shown) => shown.Split('\n')
        .Select(line => NumberedLine().Match(line))
        .Where(match => match.Success && match.Groups["line"].Value.Trim().Length > 0)
        .Select(match => match.Groups["line"].Value.TrimEnd('\r'))
        .FirstOrDefault();

    private static string Shortened(string text) => text.Length <= 1000 ? text : text[..1000] + "…";

    private static string PathFor(Conversation conversation, string relative)
    {
        if (Path.IsPathRooted(relative))
        {
            return relative;
        }

        var folder = conversation.WorkingDirectory ?? "/tmp";
        return folder.Contains('\\') ? $@"{folder.TrimEnd('\\')}\{relative.Replace('/', '\\')}" : $"{folder.TrimEnd('/')}/{relative}";
    }

    private static ModelTurn Call(string before, string tool, params (string Name, string Value)[] input)
    {
        var json = System.Text.Encoding.UTF8.GetString(SandboxJson.Bytes(writer =>
        {
            writer.WriteStartObject();
            foreach (var (name, value) in input)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }));
        return new ModelTurn([new SayBlock(before), new CallBlock(BedrockId.New("toolu"), tool, json)]);
    }

    [GeneratedRegex(@"^\s*scenario:[^\r\n]*$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex ScenarioLine();

    [GeneratedRegex(@"^\s*(hi|hello|hey|help|good (morning|day|evening)|who are you|what (are|can) you)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Greeting();

    [GeneratedRegex(@"\b(clean(ing)?[ -]?up|drop|delete|remove|get rid of)\b.*\b(tables?|staging|stg\w*|schema)\b", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Clean();

    [GeneratedRegex(@"\b(delete|purge|remove)\b.*\b(orders|rows|records)\b", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex DeleteRows();

    [GeneratedRegex(@"\b(grant|give|allow)\b.*\b(access|role|rights|privileges)\b", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex GiveAccess();

    [GeneratedRegex(@"\b(?:run|execute)\s+(?:the\s+|this\s+)?(?:sql|query|statement)\s*:?\s+(?<sql>\S.*)", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Sql();

    [GeneratedRegex(@"\b(query|how many|count|show me|look up)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Query();

    [GeneratedRegex(@"\b(change|edit|modify|update|fix|refactor)\b.*?(?<file>[^\s""'`]+\.sql)\b", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Edit();

    [GeneratedRegex(@"\b(create|write|add|make|build)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Create();

    [GeneratedRegex(@"\b(?:run|execute)\s+(?:the command\s+)?(?<command>[^\r\n]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Run();

    [GeneratedRegex(@"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){1,2}\b")]
    private static partial Regex TableName();

    [GeneratedRegex(@"^\s*\d+[\t→](?<line>.*)$")]
    private static partial Regex NumberedLine();
}
