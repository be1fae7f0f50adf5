using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>
/// Reads one script statement by statement. Each method of the other parts reads one piece of the language at the cursor, notes what it finds in
/// the current <see cref="Draft"/>, and answers false where it meets something it does not know; what is left over then is never allowed.
/// </summary>
internal sealed partial class StatementReader
{
    /// <summary>Deeper nesting than this is refused: no person reviews it, and the stack is not endless.</summary>
    private const int MaxNesting = 50;
    private const int MaxEmbedding = 8;
    private const int MaxLiteral = 65_536;

    private readonly SqlScript _script;
    private readonly string _text;
    private readonly SqlToken[] _tokens;
    private readonly AnalysisScope _scope;
    private readonly List<string> _ctes = [];
    private Draft _draft = new();
    private int _at;
    private int _end;
    private int _nesting;
    private bool _inBlock;

    private StatementReader(SqlScript script, AnalysisScope scope)
    {
        _script = script;
        _text = script.Text;
        _tokens = script.TokenArray;
        _scope = scope;
    }

    /// <summary>The analysis of every statement of a script, in order.</summary>
    public static ImmutableArray<StatementAnalysis> Read(SqlScript script, AnalysisScope scope, bool inBlock = false)
    {
        var reader = new StatementReader(script, scope) { _inBlock = inBlock };
        var statements = ImmutableArray.CreateBuilder<StatementAnalysis>(script.Statements.Length);
        foreach (var statement in script.Statements) statements.Add(reader.Statement(statement));
        return statements.MoveToImmutable();
    }

    private StatementAnalysis Statement(SqlStatement statement)
    {
        _draft.Clear();
        _ctes.Clear();
        _nesting = 0;
        _openCases = 0;
        _at = statement.First;
        _end = statement.End;
        if ((statement.Marks & StatementMarks.OpenBlock) != 0) _draft.Flag("G6", statement.Span);
        if ((statement.Marks & StatementMarks.Asynchronous) != 0) _draft.Flag("G17", statement.Span);
        LookOver(statement.First, statement.End);
        if (HidesVerb(statement)) _draft.Flag("G2", _tokens[statement.First].Span);
        if (_script.Argument is { } argument) _draft.Flag("G26", argument);
        if ((statement.Marks & StatementMarks.ClientCommand) != 0) ClientCommand();
        else Chain();
        return _draft.ToAnalysis(statement.Span);
    }

    /// <summary>A statement, or several joined by ->>.</summary>
    private void Chain()
    {
        var end = _end;
        var flow = NextFlow(_at, end);
        if (flow < 0)
        {
            Part();
            return;
        }
        _draft.Flag("G8", _tokens[flow].Span);
        _draft.Title = "Flow chain";
        var outer = _draft;
        var first = true;
        var start = _at;
        while (start <= end)
        {
            var stop = flow < 0 ? end : flow;
            if (stop == start)
            {
                outer.Flag("G22", _tokens[Math.Min(start, end - 1)].Span);
            }
            else
            {
                _draft = new Draft();
                _at = start;
                _end = stop;
                Part();
                outer.Embed(_draft.ToAnalysis(SpanOf(start, stop)), takeClass: true);
                if (first) outer.Title = _draft.Title + " ->> …";
                first = false;
            }
            if (flow < 0) break;
            start = flow + 1;
            flow = NextFlow(start, end);
        }
        _draft = outer;
        _at = _end = end;
    }

    // A ->> inside a block belongs to a statement of the block.
    private int NextFlow(int from, int end)
    {
        for (var i = from; i < end; i++)
        {
            if (_tokens[i].Kind == TokenKind.Flow) return i;
            if (_tokens[i].Keyword is Kw.BEGIN or Kw.DECLARE && BlockFrom(i) is { } block && block > i) i = Math.Min(block, end) - 1;
        }
        return -1;
    }

    /// <summary>The end of the block that starts at token <paramref name="first"/>; null when none does.</summary>
    private int? BlockFrom(int first)
    {
        var blocks = _script.Blocks;
        int low = 0, high = blocks.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var start = blocks[middle].Start.Value;
            if (start == first) return blocks[middle].End.Value;
            if (start < first) low = middle + 1;
            else high = middle - 1;
        }
        return null;
    }

    /// <summary>One statement without ->>. Whatever is not consumed keeps it from being allowed.</summary>
    private void Part()
    {
        var start = _at;
        var understood = Verb();
        if (_draft.Title.Length == 0) _draft.Title = Excerpt(start, _end);
        if (understood && _at >= _end) return;
        if (_draft.Effect == Effect.Allow || _draft.Class == StatementClass.Unknown || !understood)
        {
            var rest = SpanOf(Math.Min(_at, _end - 1), _end);
            var prefix = _tokens[start].Keyword is Kw.SHOW or Kw.DESC or Kw.DESCRIBE or Kw.EXPLAIN or Kw.LIST or Kw.LS;
            _draft.Doubt(Confidence.Opaque);
            _draft.Raise(prefix ? "G24" : "G22", Effect.Review, Severity.Medium, rest, null, $"Not understood from here on: {Excerpt(Math.Min(_at, _end - 1), _end)}");
        }
        ScanForObjects(_at, _end);
        ScanForFunctions(_at, _end);
        ScanForVerbs(start, _at, _end);
        _at = _end;
    }

    /// <summary>True for a word that starts a statement.</summary>
    internal static bool IsVerb(Kw word) => word is
        Kw.SELECT or Kw.WITH or Kw.VALUES or Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.MERGE or Kw.TRUNCATE or Kw.CREATE or Kw.ALTER or Kw.DROP or Kw.UNDROP or Kw.COMMENT or Kw.DEFINE
        or Kw.GRANT or Kw.REVOKE or Kw.USE or Kw.SET or Kw.UNSET or Kw.BEGIN or Kw.DECLARE or Kw.START or Kw.COMMIT or Kw.ROLLBACK or Kw.SHOW or Kw.DESC or Kw.DESCRIBE or Kw.EXPLAIN
        or Kw.LIST or Kw.LS or Kw.REMOVE or Kw.RM or Kw.PUT or Kw.GET or Kw.COPY or Kw.CALL or Kw.EXECUTE;

    private bool Verb()
    {
        while (_at < _end && _tokens[_at].Kind == TokenKind.Template) _at++;
        if (_at >= _end) return Unknown();
        switch (Word())
        {
            case Kw.SELECT or Kw.WITH or Kw.VALUES: return QueryStatement();
            case Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.MERGE or Kw.TRUNCATE: return DataStatement();
            case Kw.CREATE: return Create();
            case Kw.ALTER: return Alter();
            case Kw.DROP or Kw.UNDROP: return Drop();
            case Kw.COMMENT: return Comment();
            case Kw.DEFINE: return Define();
            case Kw.GRANT or Kw.REVOKE: return Grant();
            case Kw.USE: return Use();
            case Kw.SET: return SetVariable();
            case Kw.UNSET: return UnsetVariable();
            case Kw.BEGIN or Kw.DECLARE or Kw.START or Kw.COMMIT or Kw.ROLLBACK: return BlockOrTransaction();
            case Kw.SHOW: return Show();
            case Kw.DESC or Kw.DESCRIBE: return Describe();
            case Kw.EXPLAIN: return Explain();
            case Kw.LIST or Kw.LS or Kw.REMOVE or Kw.RM or Kw.PUT or Kw.GET or Kw.COPY: return Files();
            case Kw.CALL: return Call();
            case Kw.EXECUTE: return Execute();
        }
        if (Kind() == TokenKind.OpenParen) return QueryStatement();
        return Unknown();
    }

    private bool Unknown()
    {
        _draft.Base(StatementClass.Unknown, Effect.Review, Severity.Medium);
        _draft.Doubt(Confidence.Opaque);
        return false;
    }

    /// <summary>What the tokens show before anything is read: characters that deceive, templates, literals without end or beyond review.</summary>
    private void LookOver(int first, int end)
    {
        for (var i = first; i < end; i++)
        {
            var token = _tokens[i];
            switch (token.Kind)
            {
                case TokenKind.Template or TokenKind.Substitution: Template(token); break;
                // `;>` inside a block: the client's terminator, which the server does not know.
                case TokenKind.Semicolon when token.Length == 2: _draft.Flag("G17", token.Span); break;
                case TokenKind.String or TokenKind.DollarString when token.Length > MaxLiteral: _draft.Flag("G23", token.Span); break;
            }
            if (MisleadsQuotes(token)) _draft.Raise("G4", Effect.Allow, Severity.None, token.Span);
            if (token.Flags == TokenMarks.None) continue;
            if (token.Has(TokenMarks.Unterminated)) _draft.Flag("G6", token.Span);
            if (token.Has(TokenMarks.Deceptive | TokenMarks.Bidi)) _draft.Flag("G7", token.Span);
            if (token.Has(TokenMarks.HoldsTemplate) && token.Kind != TokenKind.DollarString) Template(token);
        }
    }

    /// <summary>A comment right before the verb on its line, or between the verb and the word behind it.</summary>
    private bool HidesVerb(SqlStatement statement)
    {
        var verb = _tokens[statement.First];
        var before = _text.AsSpan(0, verb.Start).TrimEnd(" \t");
        if (before.EndsWith("*/", StringComparison.Ordinal)) return true;
        return statement.First + 1 < statement.End && _text.AsSpan(verb.End, _tokens[statement.First + 1].Start - verb.End).Trim().Length > 0;
    }

    /// <summary>True for a token that readers with simpler rules for quotes lose track in.</summary>
    private bool MisleadsQuotes(SqlToken token) => token.Kind switch
    {
        TokenKind.Word => token.Length > 3 && token.Of(_text).Contains("$$", StringComparison.Ordinal),
        TokenKind.String => token.Has(TokenMarks.Escaped) && token.Of(_text).Contains("\\'", StringComparison.Ordinal),
        TokenKind.QuotedIdentifier => token.Length > 2 && _text[token.End - 2] == '\\',
        TokenKind.DollarString => token.Of(_text).Count('\'') % 2 == 1,
        _ => false,
    };

    private void Template(SqlToken token)
    {
        _draft.Doubt(Confidence.Opaque);
        _draft.Flag("G18", token.Span);
    }

    // --- the cursor ---

    private Kw Word(int ahead = 0) => _at + ahead < _end ? _tokens[_at + ahead].Keyword : Kw.Unlisted;

    private TokenKind Kind(int ahead = 0) => _at + ahead < _end ? _tokens[_at + ahead].Kind : TokenKind.Semicolon;

    private SqlToken Token(int ahead = 0) => _at + ahead < _end ? _tokens[_at + ahead] : default;

    private ReadOnlySpan<char> TextOf(int ahead = 0) => _at + ahead < _end ? _tokens[_at + ahead].Of(_text) : default;

    private bool Is(int ahead, string word) => TextOf(ahead).Equals(word, StringComparison.OrdinalIgnoreCase);

    private bool Eat(Kw word)
    {
        if (Word() != word || Kind() != TokenKind.Word) return false;
        _at++;
        return true;
    }

    private bool Eat(TokenKind kind)
    {
        if (Kind() != kind) return false;
        _at++;
        return true;
    }

    private bool Eat(string word)
    {
        if (Kind() != TokenKind.Word || !Is(0, word)) return false;
        _at++;
        return true;
    }

    private bool EatOperator(char c)
    {
        if (Kind() != TokenKind.Operator || Token().Length != 1 || TextOf()[0] != c) return false;
        _at++;
        return true;
    }

    private TextSpan Here => SpanOf(Math.Min(_at, _end - 1), Math.Min(_at, _end - 1) + 1);

    private TextSpan SpanOf(int first, int end)
    {
        if (end <= first || first >= _script.TokenCount) return default;
        var start = _tokens[first].Start;
        return new TextSpan(start, _tokens[Math.Min(end, _script.TokenCount) - 1].End - start);
    }

    /// <summary>The index behind the parenthesis that closes the one at <paramref name="open"/>, or the end.</summary>
    private int BehindParen(int open)
    {
        var depth = 0;
        for (var i = open; i < _end; i++)
        {
            if (_tokens[i].Kind == TokenKind.OpenParen) depth++;
            else if (_tokens[i].Kind == TokenKind.CloseParen && --depth == 0) return i + 1;
        }
        return _end;
    }

    private void SkipParens()
    {
        if (Kind() == TokenKind.OpenParen) _at = BehindParen(_at);
    }

    /// <summary>Up to a dozen words for a title or a message. Literals are left out: they may hold secrets.</summary>
    private string Excerpt(int first, int end)
    {
        var words = new System.Text.StringBuilder();
        for (var i = first; i < end && words.Length < 60; i++)
        {
            var token = _tokens[i];
            if (i > first && _tokens[i - 1].End < token.Start) words.Append(' ');
            words.Append(token.Kind is TokenKind.String or TokenKind.DollarString ? "'…'" : token.Length > 40 ? string.Concat(token.Of(_text)[..40], "…") : token.Of(_text));
            if (i + 1 < end && words.Length >= 60) words.Append(" …");
        }
        return words.ToString();
    }

    private bool Enter()
    {
        if (++_nesting <= MaxNesting) return true;
        _draft.Flag("G23", Here);
        return false;
    }

    private bool Leave(bool result)
    {
        _nesting--;
        return result;
    }
}
