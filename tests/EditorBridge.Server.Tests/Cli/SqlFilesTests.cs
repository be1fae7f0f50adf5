using EditorBridge.Cli;

namespace EditorBridge.Server.Tests.Cli;

public sealed class SqlFilesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-sql-");

    [Fact]
    public void Folder_gives_the_files_that_can_carry_SQL_in_order()
    {
        foreach (var path in (string[])["b.sql", "a.py", "README.md", "models/m.SQL", ".git/hook.sql", "node_modules/x.sql", "target/run.sql", "deep/er/n.ipynb", "dbt_project.yml", "other.yml"])
        {
            var file = Path.Combine(_folder.FullName, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "select 1");
        }

        Assert.Equal(["a.py", "b.sql", "dbt_project.yml", "deep/er/n.ipynb", "models/m.SQL"], SqlFiles.Under(_folder.FullName).Select(file => Path.GetRelativePath(_folder.FullName, file).Replace('\\', '/')));
    }

    [Theory]
    [InlineData("-")]
    [InlineData("no/such/file.sql")]
    public void What_is_no_folder_is_itself(string path) => Assert.Equal([path], SqlFiles.Under(path));

    public void Dispose() => _folder.Delete(recursive: true);
}
