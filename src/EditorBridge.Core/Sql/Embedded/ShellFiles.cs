using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Finds the SQL in files that a shell command writes, where their text stands in the command: <c>cat &gt; a.sql &lt;&lt;EOF</c>, <c>echo "…" &gt;&gt; a.sql</c>, <c>tee a.sql &lt;&lt;EOF</c>.</summary>
internal static class ShellFiles
{
    public static ImmutableArray<SqlPiece> Find(string command)
    {
        if (!command.Contains('>') && !command.Contains("tee", StringComparison.Ordinal)) return [];
        var pieces = ImmutableArray.CreateBuilder<SqlPiece>();
        foreach (var invocation in ShellPrograms.Of(command).Invocations)
        {
            if (TextOf(invocation) is not { } text) continue;
            foreach (var file in FilesOf(invocation))
                foreach (var piece in EmbeddedSql.InFile(file, text.Value))
                    pieces.Add(piece with { Span = text.Span, Host = piece.Host == SqlHost.Shell ? SqlHost.Plain : piece.Host, Dynamic = piece.Dynamic || text.Dynamic, Source = file });
        }
        return pieces.DrainToImmutable();
    }

    private static IEnumerable<string> FilesOf(ShellInvocation invocation)
    {
        foreach (var redirection in invocation.Command.Redirections)
            if (redirection.WritesFile) yield return redirection.Target.Value;
        if (invocation.Name != "tee") yield break;
        foreach (var word in invocation.Arguments)
            if (!word.Value.StartsWith('-')) yield return word.Value;
    }

    /// <summary>The text that is written, as far as it stands in the command.</summary>
    private static ShellWord? TextOf(ShellInvocation invocation)
    {
        if (invocation.Command.Redirections.LastOrDefault(redirection => redirection.Operator is "<<" or "<<<") is { } document) return document.Body ?? document.Target;
        if (invocation.Name is not ("echo" or "printf")) return null;
        var words = invocation.Arguments.Where(word => word.Value is not ("-n" or "-e" or "-E" or "-ne" or "-en")).ToArray();
        if (words.Length == 0) return null;
        var text = string.Join(' ', words.Select(word => word.Value)).Replace("\\n", "\n", StringComparison.Ordinal);
        var kind = words.Any(word => word.Dynamic) ? ShellPartKind.Variable : ShellPartKind.Text;
        return new ShellWord(new TextSpan(words[0].Span.Start, words[^1].Span.End - words[0].Span.Start), [new ShellPart(kind, text, Quoted: true)]);
    }
}
