using System.Collections.Immutable;
using EditorBridge.Sql;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace EditorBridge.Dbt;

/// <summary>
/// What a dbt project's own files say about the names its models use: <c>ref</c>, <c>source</c> and <c>var</c>. Nothing is run and no profile is read, so a
/// model's database and schema stay open; a name the files do not explain stays opaque and its model is reviewed.
/// </summary>
internal static class DbtProject
{
    private const string ProjectFile = "dbt_project.yml";

    /// <summary>A project of more files than this is read in part; what is not read stays opaque.</summary>
    private const int MostFiles = 20_000;

    /// <summary>What is known for a file; empty when it stands in no dbt project.</summary>
    public static SqlContext ContextFor(string path)
    {
        try
        {
            if (FolderOf(path) is not { } folder) return SqlContext.Empty;
            var models = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            foreach (var file in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).Take(MostFiles))
            {
                var relative = Path.GetRelativePath(folder, file);
                if (relative.StartsWith("target" + Path.DirectorySeparatorChar, StringComparison.Ordinal) || relative.StartsWith('.')) continue;
                if (Path.GetExtension(file) is ".sql" or ".csv" or ".py") models[Path.GetFileNameWithoutExtension(file)] = Path.GetFileNameWithoutExtension(file);
                else if (Path.GetExtension(file) is ".yml" or ".yaml") AddSources(file, models);
            }

            models["this"] = Path.GetFileNameWithoutExtension(path);
            return new SqlContext { Models = models.ToImmutable(), TemplateVariables = Variables(Path.Combine(folder, ProjectFile)) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return SqlContext.Empty;
        }
    }

    private static string? FolderOf(string path)
    {
        for (var folder = Path.IsPathRooted(path) ? Path.GetDirectoryName(path) : null; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, ProjectFile))) return folder;
        return null;
    }

    // sources: [{name, database?, schema?, tables: [{name, identifier?}]}]
    private static void AddSources(string file, ImmutableDictionary<string, string>.Builder models)
    {
        if (Read(file) is not { } root || Child(root, "sources") is not YamlSequenceNode sources) return;
        foreach (var source in sources.OfType<YamlMappingNode>())
        {
            if (Text(source, "name") is not { } name || Child(source, "tables") is not YamlSequenceNode tables) continue;
            string?[] place = [Text(source, "database"), Text(source, "schema") ?? name];
            foreach (var table in tables.OfType<YamlMappingNode>())
                if (Text(table, "name") is { } tableName)
                    models[$"{name}.{tableName}"] = string.Join('.', place.Append(Text(table, "identifier") ?? tableName).Where(part => part is not null));
        }
    }

    private static ImmutableDictionary<string, string> Variables(string projectFile)
    {
        var variables = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (Read(projectFile) is { } root && Child(root, "vars") is YamlMappingNode vars)
        {
            foreach (var (key, value) in vars.Children)
            {
                if (value is YamlScalarNode scalar) variables[key.ToString()] = scalar.Value ?? "";
                // One level down: variables of one package.
                else if (value is YamlMappingNode package)
                    foreach (var (name, inner) in package.Children)
                        if (inner is YamlScalarNode text) variables[name.ToString()] = text.Value ?? "";
            }
        }

        return variables.ToImmutable();
    }

    private static YamlMappingNode? Read(string file)
    {
        try
        {
            var yaml = new YamlStream();
            using var reader = File.OpenText(file);
            yaml.Load(reader);
            return yaml.Documents.Count > 0 ? yaml.Documents[0].RootNode as YamlMappingNode : null;
        }
        catch (Exception e) when (e is YamlException or IOException or UnauthorizedAccessException)
        {
            // A file that cannot be read explains no names; what would have needed it stays opaque.
            return null;
        }
    }

    private static YamlNode? Child(YamlMappingNode node, string name) => node.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    private static string? Text(YamlMappingNode node, string name) => (Child(node, name) as YamlScalarNode)?.Value;
}
