using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>A text with its analysis, as normalised tokens: what is equal to the server has an equal hash.</summary>
internal sealed class TokenText
{
    private readonly ulong[] _hashes;

    public TokenText(string text)
    {
        Text = text;
        Analysis = SqlAnalyzer.Analyze(text);
        Tokens = SqlScript.Read(text).Tokens.ToArray();
        _hashes = new ulong[Tokens.Length];
        for (var index = 0; index < Tokens.Length; index++) _hashes[index] = HashOf(index);
        Statements = new TokenStatement[Analysis.Statements.Length];
        var token = 0;
        var context = 0UL;
        for (var index = 0; index < Statements.Length; index++)
        {
            var analysis = Analysis.Statements[index];
            while (token < Tokens.Length && Tokens[token].Start < analysis.Span.Start) token++;
            var first = token;
            while (token < Tokens.Length && Tokens[token].End <= analysis.Span.End) token++;
            var end = token;
            while (end > first && Tokens[end - 1].Kind == TokenKind.Semicolon) end--;
            Statements[index] = new TokenStatement(this, analysis, index, first, end, Combine(first, end), context);
            if (Statements[index].SetsContext) context = Mix(context, Statements[index].Hash);
        }
    }

    public string Text { get; }
    public SqlAnalysis Analysis { get; }
    public SqlToken[] Tokens { get; }
    public TokenStatement[] Statements { get; }

    public ulong HashAt(int token) => _hashes[token];

    /// <summary>The words of some tokens with single spaces, shortened, for messages.</summary>
    public string Show(int first, int end, int length = 60)
    {
        if (end <= first) return "";
        var raw = Text.AsSpan(Tokens[first].Start, Math.Min(Tokens[end - 1].End - Tokens[first].Start, length * 3));
        var shown = string.Join(' ', raw.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return shown.Length <= length ? shown : string.Concat(shown.AsSpan(0, length - 1), "…");
    }

    private ulong Combine(int first, int end)
    {
        var hash = 14695981039346656037UL;
        for (var index = first; index < end; index++) hash = Mix(hash, _hashes[index]);
        return hash;
    }

    private ulong HashOf(int index)
    {
        var token = Tokens[index];
        var text = token.Of(Text);
        switch (token.Kind)
        {
            case TokenKind.Word:
                return Fold(text);
            case TokenKind.QuotedIdentifier when IsPlainUpper(text):
                return Fold(text[1..^1]);
            case TokenKind.Operator when text is "<>":
                return Exact("!=");
            case TokenKind.DollarString when index > 0 && Tokens[index - 1].Keyword is Kw.AS or Kw.IMMEDIATE && !IsOtherLanguage(index):
                return Body(token.Has(TokenMarks.Unterminated) || text.Length < 4 ? text.ToString() : text[2..^2].ToString());
            default:
                return Exact(text);
        }
    }

    // A reformatted body is the same body; SQL inside $$ after AS or IMMEDIATE is code, anywhere else it is data.
    private static ulong Body(string text)
    {
        var hash = 7UL;
        foreach (var token in SqlLexer.Lex(text))
        {
            if (token.IsTrivia) continue;
            hash = Mix(hash, token.Kind == TokenKind.Word ? Fold(token.Of(text)) : Exact(token.Of(text)));
        }
        return hash;
    }

    private bool IsOtherLanguage(int body)
    {
        for (var index = body - 1; index > 0 && body - index < 400 && Tokens[index].Kind != TokenKind.Semicolon; index--)
            if (Tokens[index - 1].Keyword == Kw.LANGUAGE) return !Tokens[index].Of(Text).Equals("SQL", StringComparison.OrdinalIgnoreCase);
        return false;
    }

    private static bool IsPlainUpper(ReadOnlySpan<char> quoted)
    {
        if (quoted.Length < 3 || quoted[0] != '"' || quoted[^1] != '"') return false;
        var name = quoted[1..^1];
        if (char.IsAsciiDigit(name[0]) || name[0] == '$') return false;
        foreach (var letter in name)
            if (!char.IsAsciiLetterUpper(letter) && !char.IsAsciiDigit(letter) && letter is not ('_' or '$')) return false;
        // "SELECT" is a name where SELECT is a keyword.
        return SqlLexer.KeywordOf(name) == Kw.Unlisted;
    }

    private static ulong Fold(ReadOnlySpan<char> text)
    {
        var hash = 1469598103934665603UL;
        foreach (var letter in text) hash = (hash ^ char.ToUpperInvariant(letter)) * 1099511628211UL;
        return hash;
    }

    private static ulong Exact(ReadOnlySpan<char> text)
    {
        var hash = 1099511628211UL;
        foreach (var letter in text) hash = (hash ^ letter) * 1099511628211UL;
        return hash;
    }

    private static ulong Mix(ulong hash, ulong value) => (System.Numerics.BitOperations.RotateLeft(hash, 5) ^ value) * 0x9E3779B97F4A7C15UL;
}

/// <summary>One statement as its tokens.</summary>
internal sealed class TokenStatement(TokenText source, StatementAnalysis analysis, int index, int first, int end, ulong hash, ulong context)
{
    private string? _key;

    public TokenText Source { get; } = source;
    public StatementAnalysis Analysis { get; } = analysis;
    public int Index { get; } = index;
    public int First { get; } = first;
    public int End { get; } = end;
    public ulong Hash { get; } = hash;
    /// <summary>Stands for every USE, SET, transaction and session statement before this one.</summary>
    public ulong Context { get; } = context;

    /// <summary>The statement read by itself; null when its text is not at hand or holds no single statement.</summary>
    public static TokenStatement? Of(string text, StatementAnalysis analysis)
    {
        var span = analysis.Span;
        if (span.Start < 0 || span.Length <= 0 || span.End > text.Length) return null;
        var read = new TokenText(text.Substring(span.Start, span.Length));
        return read.Statements is [{ Length: > 0 } only] ? only : null;
    }

    public int Length => End - First;
    public Kw Verb => Length == 0 ? Kw.Unlisted : Source.Tokens[First].Keyword;

    public bool SetsContext => Verb is Kw.USE or Kw.SET or Kw.UNSET or Kw.COMMIT or Kw.ROLLBACK
        || (Verb is Kw.BEGIN or Kw.START && Length <= 4) || (Verb == Kw.ALTER && Length > 1 && Source.Tokens[First + 1].Keyword == Kw.SESSION);

    /// <summary>What makes two versions the same statement: verb, kind and name of the main object.</summary>
    public string Key => _key ??= MakeKey();

    public SqlToken TokenAt(int offset) => Source.Tokens[First + offset];

    public ReadOnlySpan<char> TextAt(int offset) => Source.Tokens[First + offset].Of(Source.Text);

    public bool Is(int offset, string word) => offset >= 0 && offset < Length && TokenAt(offset).Kind == TokenKind.Word && TextAt(offset).Equals(word, StringComparison.OrdinalIgnoreCase);

    public int Find(string word, int from = 0)
    {
        for (var offset = from; offset < Length; offset++)
            if (Is(offset, word)) return offset;
        return -1;
    }

    /// <summary>The words one after another, anywhere in the statement.</summary>
    public bool Has(params ReadOnlySpan<string> words)
    {
        for (var offset = 0; offset + words.Length <= Length; offset++)
        {
            var same = 0;
            while (same < words.Length && Is(offset + same, words[same])) same++;
            if (same == words.Length) return true;
        }
        return false;
    }

    public string Show(int first, int end, int length = 60) => Source.Show(First + first, First + end, length);

    /// <summary>The text of some tokens as written, what stands between them included.</summary>
    public string Raw(int first, int end) => end > first ? Source.Text[TokenAt(first).Start..TokenAt(end - 1).End] : "";

    private string MakeKey()
    {
        if (Length == 0) return "";
        var verb = Verb == Kw.WITH ? "SELECT" : TextAt(0).ToString().ToUpperInvariant();
        var from = verb switch { "GRANT" or "REVOKE" => Find("ON"), "SELECT" => Find("FROM"), _ => 0 } + 1;
        var kind = "";
        for (var offset = Math.Max(1, from); offset < Math.Min(Length, from + 12); offset++)
        {
            var token = TokenAt(offset);
            var isName = token.Kind is TokenKind.QuotedIdentifier or TokenKind.StagePath or TokenKind.Variable || (token.Kind == TokenKind.Word && token.Keyword == Kw.Unlisted);
            if (isName || (offset + 1 < Length && token.Kind == TokenKind.Word && TokenAt(offset + 1).Kind == TokenKind.Dot)) return $"{verb} {kind} {NameAt(offset)}";
            if (token.Kind == TokenKind.Word && token.Keyword is not (Kw.OR or Kw.REPLACE or Kw.ALTER or Kw.IF or Kw.NOT or Kw.EXISTS or Kw.TEMP or Kw.TEMPORARY or Kw.TRANSIENT or Kw.SECURE or Kw.INTO or Kw.FROM or Kw.OVERWRITE))
                kind += TextAt(offset).ToString().ToUpperInvariant();
        }
        return $"{verb} {kind}";
    }

    /// <summary>A dotted name from a token on, unquoted parts in upper case.</summary>
    public string NameAt(int offset)
    {
        var name = "";
        for (var at = offset; at < Length; at += 2)
        {
            name += TokenAt(at).Kind == TokenKind.Word ? TextAt(at).ToString().ToUpperInvariant() : TextAt(at).ToString();
            if (at + 2 >= Length || TokenAt(at + 1).Kind != TokenKind.Dot) break;
            name += ".";
        }
        return name;
    }
}
