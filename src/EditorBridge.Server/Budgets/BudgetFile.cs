using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Hosting;
using EditorBridge.Messages;
using EditorBridge.Policies;
using YamlDotNet.RepresentationModel;

namespace EditorBridge.Budgets;

/// <summary><c>budgets.yaml</c> of the state folder, read. The format is docs/account.md and docs/budgets.schema.json.</summary>
/// <param name="Limits">Empty when there are errors: half a budget is no budget.</param>
internal sealed record BudgetFile(ImmutableArray<Limit> Limits, ImmutableArray<PolicyProblem> Problems)
{
    public const string Name = "budgets.yaml";

    /// <summary>The user's limits; none when there is no file.</summary>
    /// <exception cref="HostNotStartedException">The file is there and cannot be used: limits nobody keeps are a false comfort.</exception>
    public static ImmutableArray<Limit> Read(StateFolder state)
    {
        var path = state.In(Name);
        if (StateFolder.ReadPrivate(path) is not { } text) return [];
        var file = Parse(text, path);
        return file.Problems.Any(problem => problem.IsError)
            ? throw new HostNotStartedException($"The budgets cannot be kept:\n{string.Join('\n', file.Problems)}\nMend the file or remove it. Nothing was started.")
            : file.Limits;
    }

    /// <summary>The price table: <c>prices.json</c> of the state folder, or the one that ships.</summary>
    /// <exception cref="HostNotStartedException">The file is there and cannot be used.</exception>
    public static ModelPrices ReadPrices(StateFolder state)
    {
        var path = state.In("prices.json");
        if (StateFolder.ReadPrivate(path) is not { } text) return ModelPrices.Shipped;
        return ModelPrices.TryParse(text, out var prices, out var problem) ? prices : throw new HostNotStartedException($"{path} cannot be used: {problem} Mend it or remove it. Nothing was started.");
    }

    /// <param name="name">The file's name for messages.</param>
    public static BudgetFile Parse(string text, string name)
    {
        var cursor = new YamlCursor(name);
        if (PolicyFile.ReadYaml(text, cursor) is not { } root) return new BudgetFile([], cursor.Problems);
        var limits = ReadLimits(cursor, root);
        return new BudgetFile(cursor.HasErrors ? [] : limits, cursor.Problems);
    }

    private static ImmutableArray<Limit> ReadLimits(YamlCursor cursor, YamlNode root)
    {
        var top = cursor.Mapping(root, "the budgets", "version", "limits");
        if (!top.TryGetValue("version", out var version)) cursor.Error(root, "'version' is missing. Write 'version: 1'.");
        else if (version is not YamlScalarNode { Value: "1" }) cursor.Error(version, "'version' must be 1, the only one there is.");
        if (!top.TryGetValue("limits", out var nodes))
        {
            cursor.Error(root, "'limits' is missing. Write 'limits: []' when there are none.");
            return [];
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        return [.. cursor.Sequence(nodes, "'limits'").Select(node => ReadLimit(cursor, node, names)).OfType<Limit>()];
    }

    private static Limit? ReadLimit(YamlCursor cursor, YamlNode node, HashSet<string> names)
    {
        var keys = cursor.Mapping(node, "a limit", "name", "per", "within", "count", "models", "projects", "soft", "hard");
        foreach (var needed in (string[])["name", "per", "within", "count"])
            if (!keys.ContainsKey(needed)) cursor.Error(node, $"'{needed}' is missing in this limit.");
        var name = keys.TryGetValue("name", out var nameNode) ? cursor.Text(nameNode, "'name'") : null;
        if (name is not null && !names.Add(name)) cursor.Error(nameNode!, $"'{name}' is the name of another limit already.");
        var per = keys.TryGetValue("per", out var perNode) ? cursor.Word<LimitScope>(perNode, "'per'") : null;
        var within = keys.TryGetValue("within", out var withinNode) ? cursor.Word<LimitWindow>(withinNode, "'within'") : null;
        var count = keys.TryGetValue("count", out var countNode) ? cursor.Word<LimitMeasure>(countNode, "'count'") : null;
        var models = keys.TryGetValue("models", out var modelsNode) ? cursor.Texts(modelsNode, "'models'") : [];
        var projects = keys.TryGetValue("projects", out var projectsNode) ? cursor.Texts(projectsNode, "'projects'") : [];
        foreach (var folder in projects.Where(folder => !Path.IsPathRooted(folder))) cursor.Error(projectsNode!, $"'{folder}' is no whole path of a folder.");
        var soft = keys.TryGetValue("soft", out var softNode) ? Amount(cursor, softNode, "'soft'", count) : null;
        var hard = keys.TryGetValue("hard", out var hardNode) ? Amount(cursor, hardNode, "'hard'", count) : null;
        if (softNode is null && hardNode is null) cursor.Error(node, "This limit has neither 'soft' nor 'hard', so it limits nothing.");
        if (soft >= hard) cursor.Error(softNode!, "'soft' must be below 'hard', or nobody is ever warned.");
        return name is not null && per is { } scope && within is { } window && count is { } measure
            ? new Limit(name, (int)node.Start.Line, scope, window, measure, models, projects, soft, hard) : null;
    }

    private static decimal? Amount(YamlCursor cursor, YamlNode node, string what, LimitMeasure? count)
    {
        const NumberStyles plain = NumberStyles.AllowDecimalPoint;
        if (node is YamlScalarNode { Value: { } text } && decimal.TryParse(text, plain, CultureInfo.InvariantCulture, out var amount) && amount is > 0 and <= 1_000_000_000_000m
            && (count == LimitMeasure.Dollars || amount == decimal.Truncate(amount)))
            return amount;
        cursor.Error(node, count == LimitMeasure.Dollars ? $"{what} must be an amount above 0, such as 25 or 2.50." : $"{what} must be a whole number above 0, written without separators.");
        return null;
    }
}
