using System.Text;
using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Snowflake;

namespace EditorBridge.Mcp;

/// <summary>
/// A new file in the workspace that takes a result whole. It is made before the statement runs, so that a result never has nowhere to go; an existing
/// file is never touched, and one that was not finished is removed.
/// </summary>
internal sealed class ResultFile : IAsyncDisposable
{
    /// <summary>Bytes one result file holds at most.</summary>
    public const long ByteLimit = 1L << 30;

    private readonly FileStream _stream;
    private readonly bool _lines;
    private string[]? _members;
    private bool _finished;

    private ResultFile(FileStream stream, string path, bool lines)
    {
        _stream = stream;
        Path = path;
        _lines = lines;
    }

    /// <summary>The whole path, for the answer.</summary>
    public string Path { get; }

    public long Rows { get; private set; }

    public long Bytes => _stream.Position;

    /// <summary>Makes the file. Where it may be is decided on the real folders: a link that leads out of the workspace does not help.</summary>
    /// <param name="workspace">The folder the agent works in; null when its client did not say.</param>
    /// <returns>The file, or a sentence saying why there is none.</returns>
    public static (ResultFile? File, string? Problem) Create(string? workspace, string wanted)
    {
        const string NothingRan = " Nothing was run.";
        if (workspace is null || !Directory.Exists(workspace))
            return (null, "This client did not say which folder it works in, so no file can be written. Connect with 'editorbridge mcp' from the folder, or send the folder in the X-EditorBridge-Workspace header." + NothingRan);
        var lines = System.IO.Path.GetExtension(wanted).ToUpperInvariant();
        if (lines is not (".CSV" or ".JSONL")) return (null, "A result is saved as .csv or .jsonl; the file's name must end in one of them." + NothingRan);
        var path = System.IO.Path.GetFullPath(wanted, workspace);
        try
        {
            var folder = RealFolder(System.IO.Path.GetDirectoryName(path)!);
            if (folder is null) return (null, $"The folder of {path} does not exist. Make it first, or choose another." + NothingRan);
            var root = RealFolder(workspace)!;
            if (folder != root && !folder.StartsWith(root + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal))
                return (null, $"Results are saved inside the workspace {workspace} only, and {path} is not in it." + NothingRan);
            // The real folder, so that a link put there meanwhile does not lead elsewhere.
            path = System.IO.Path.Combine(folder, System.IO.Path.GetFileName(path));
            return (new ResultFile(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read), path, lines == ".JSONL"), null);
        }
        catch (IOException) when (File.Exists(path))
        {
            return (null, $"{path} exists, and a result never overwrites a file. Choose another name, or have the file removed first." + NothingRan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"{path} cannot be written: {e.Message}" + NothingRan);
        }
    }

    /// <summary>Writes rows; false when the file would get larger than <see cref="ByteLimit"/>.</summary>
    public async Task<bool> WriteAsync(IReadOnlyList<SqlColumn> columns, IEnumerable<IReadOnlyList<string?>> rows, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        _members ??= Members(columns);
        if (Rows == 0 && !_lines && Bytes == 0) buffer.Write(Encoding.UTF8.GetBytes(Csv(columns.Select(c => (string?)c.Name)) + "\n"));
        foreach (var row in rows)
        {
            if (_lines) WriteLine(buffer, columns, row);
            else buffer.Write(Encoding.UTF8.GetBytes(Csv(row.Select((cell, i) => SqlValue.Text(columns[i], cell))) + "\n"));
            Rows++;
        }

        if (Bytes + buffer.Length > ByteLimit) return false;
        await _stream.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), cancellationToken);
        return true;
    }

    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await _stream.FlushAsync(cancellationToken);
        _finished = true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        if (!_finished) File.Delete(Path);
    }

    // A statement may name two columns alike; a line that named a member twice would be read with one of them.
    private static string[] Members(IReadOnlyList<SqlColumn> columns)
    {
        var taken = columns.Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        var given = new HashSet<string>(StringComparer.Ordinal);
        return [.. columns.Select(column =>
        {
            if (given.Add(column.Name)) return column.Name;
            var next = 2;
            while (!taken.Add($"{column.Name}_{next}")) next++;
            return $"{column.Name}_{next}";
        })];
    }

    private void WriteLine(Stream buffer, IReadOnlyList<SqlColumn> columns, IReadOnlyList<string?> row)
    {
        using (var json = new Utf8JsonWriter(buffer, SnowflakeAnswers.Plain))
        {
            json.WriteStartObject();
            for (var i = 0; i < columns.Count; i++)
            {
                json.WritePropertyName(_members![i]);
                SqlValue.Write(json, columns[i], row[i]);
            }

            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
    }

    // RFC 4180, and a cell that a spreadsheet would read as a formula is written so that it stays text.
    private static string Csv(IEnumerable<string?> cells) => string.Join(',', cells.Select(cell => cell switch
    {
        null => "",
        "" => "\"\"",
        _ when cell.AsSpan().IndexOfAny(",\"\r\n") >= 0 || IsFormula(cell) => $"\"{(IsFormula(cell) ? "'" : "")}{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
        _ => cell,
    }));

    private static bool IsFormula(string cell) => cell[0] is '=' or '@' or '\t' or '\r' || (cell[0] is '+' or '-' && !decimal.TryParse(cell, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out _));

    // The folder with every link in it followed; null when it is not there.
    private static string? RealFolder(string folder) => Directory.Exists(folder) ? LinkedPath.Follow(folder) : null;
}
