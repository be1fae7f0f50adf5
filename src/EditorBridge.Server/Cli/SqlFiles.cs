namespace EditorBridge.Cli;

/// <summary>The files <c>sql analyze</c> reads of a folder: those that can carry SQL, without hidden folders and those that tools fill.</summary>
internal static class SqlFiles
{
    private static readonly string[] Extensions = [".sql", ".ddl", ".dml", ".snowsql", ".sqlx", ".j2", ".jinja", ".jinja2", ".py", ".ipynb", ".sh", ".bash", ".zsh"];
    private static readonly string[] Names = ["dbt_project.yml", "dbt_project.yaml", "Makefile", "justfile"];
    private static readonly string[] Filled = ["node_modules", "target", "dbt_packages", "venv", "__pycache__", "bin", "obj"];

    /// <summary>For people.</summary>
    public static string Kinds => string.Join(' ', Extensions.Concat(Names));

    /// <summary>The file itself, or those of a folder in the order of their names.</summary>
    public static IEnumerable<string> Under(string path) => path != "-" && Directory.Exists(path) ? InFolder(path).Order(StringComparer.Ordinal) : [path];

    private static IEnumerable<string> InFolder(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
            if (Names.Contains(Path.GetFileName(file)) || Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)) yield return file;
        foreach (var inner in new DirectoryInfo(folder).EnumerateDirectories())
        {
            // A link may lead back up, and a hidden folder is not the project's text.
            if (inner.LinkTarget is not null || inner.Name.StartsWith('.') || Filled.Contains(inner.Name)) continue;
            foreach (var file in InFolder(Path.Combine(folder, inner.Name))) yield return file;
        }
    }
}
