using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>
/// Cuts tokens into statements at semicolons, except inside Scripting blocks: <c>BEGIN … END</c> and <c>DECLARE … BEGIN … END</c> at the start of a
/// statement or of a <c>-&gt;&gt;</c> part, and as the body of a procedure, task or alert. <c>BEGIN</c> alone, or before TRANSACTION, WORK or NAME,
/// opens a transaction and not a block.
/// </summary>
internal ref struct StatementSplitter
{
    private readonly ReadOnlySpan<SqlToken> _tokens;
    private readonly List<Range> _blocks = [];
    private int _at;
    private bool _noBlockAhead;

    private StatementSplitter(ReadOnlySpan<SqlToken> tokens)
    {
        _tokens = tokens;
    }

    /// <summary>The statements, and the token ranges of the blocks in them, ordered by where they start.</summary>
    public static (ImmutableArray<SqlStatement> Statements, IReadOnlyList<Range> Blocks) Split(ReadOnlySpan<SqlToken> tokens)
    {
        var statements = ImmutableArray.CreateBuilder<SqlStatement>(4);
        var splitter = new StatementSplitter(tokens);
        while (splitter.Next(out var statement)) statements.Add(statement);
        splitter._blocks.Sort(static (a, b) => a.Start.Value.CompareTo(b.Start.Value));
        return (statements.DrainToImmutable(), splitter._blocks);
    }

    private bool Next(out SqlStatement statement)
    {
        while (_at < _tokens.Length && _tokens[_at].Kind == TokenKind.Semicolon) _at++;
        statement = default;
        if (_at >= _tokens.Length) return false;

        var first = _at;
        var marks = StatementMarks.None;
        if (_tokens[_at].Kind == TokenKind.ClientCommand)
        {
            _at++;
            marks = StatementMarks.ClientCommand;
        }
        else
        {
            marks = ToSemicolon();
        }
        var end = _at;
        if (end < _tokens.Length && _tokens[end].Kind == TokenKind.Semicolon)
        {
            if (_tokens[end].Length == 2) marks |= StatementMarks.Asynchronous;
            _at++;
        }
        statement = new SqlStatement(new TextSpan(_tokens[first].Start, _tokens[end - 1].End - _tokens[first].Start), first, end, marks);
        return true;
    }

    private StatementMarks ToSemicolon()
    {
        var marks = StatementMarks.None;
        var partStart = true;
        var depth = 0;
        bool mayHoldBody = false, holdsCode = false;
        for (; _at < _tokens.Length; _at++)
        {
            var token = _tokens[_at];
            if (token.Kind is TokenKind.Semicolon or TokenKind.ClientCommand) return marks;
            if (partStart)
            {
                partStart = false;
                mayHoldBody = token.Keyword is Kw.CREATE or Kw.ALTER or Kw.WITH or Kw.DEFINE;
                holdsCode = false;
                if (OpensBlock(_at))
                {
                    marks |= Block();
                    _at--;
                    continue;
                }
            }
            switch (token.Kind)
            {
                case TokenKind.OpenParen: depth++; break;
                case TokenKind.CloseParen: depth--; break;
                case TokenKind.Flow: partStart = true; break;
                case TokenKind.Word when mayHoldBody:
                    holdsCode |= NamesCode(token.Keyword);
                    // `SELECT a AS begin` in a view is an alias; only objects that hold code take a block for a body.
                    if (depth > 0 || !holdsCode || token.Keyword is not (Kw.AS or Kw.THEN or Kw.ACTION) || !OpensBlock(_at + 1)) break;
                    _at++;
                    marks |= Block();
                    _at--;
                    break;
            }
        }
        return marks;
    }

    private static bool NamesCode(Kw word) => word is Kw.PROCEDURE or Kw.TASK or Kw.FUNCTION or Kw.ALERT;

    private readonly Kw WordAt(int i) => (uint)i < (uint)_tokens.Length ? _tokens[i].Keyword : Kw.Unlisted;

    private readonly TokenKind KindAt(int i) => (uint)i < (uint)_tokens.Length ? _tokens[i].Kind : TokenKind.Semicolon;

    /// <summary>True for a DECLARE or a BEGIN that is not the start of a transaction.</summary>
    private readonly bool OpensBlock(int i) => WordAt(i) switch
    {
        Kw.DECLARE => !_noBlockAhead && KindAt(i + 1) != TokenKind.Semicolon,
        Kw.BEGIN => KindAt(i + 1) is not TokenKind.Semicolon and not TokenKind.Flow
            && !(WordAt(i + 1) is Kw.TRANSACTION or Kw.WORK && KindAt(i + 2) is not TokenKind.Assign)
            && !(WordAt(i + 1) == Kw.NAME && KindAt(i + 2) is TokenKind.Word or TokenKind.QuotedIdentifier),
        _ => false,
    };

    private enum Opener : byte
    {
        Begin,
        CaseStatement,
        CaseExpression,
        If,
        For,
        While,
        Loop,
        Repeat,
    }

    /// <summary>Moves behind the END that closes the block which starts here; to the end of the text when none does.</summary>
    private StatementMarks Block()
    {
        var open = new Stack<(Opener Kind, int Start)>();
        var start = _at;
        var parens = 0;
        bool begun = false, fresh = true, holdsCode = false;
        var declared = -1;
        for (; _at < _tokens.Length; _at++)
        {
            var token = _tokens[_at];
            var wasFresh = fresh;
            fresh = false;
            switch (token.Kind)
            {
                case TokenKind.Semicolon: fresh = true; parens = 0; holdsCode = false; continue;
                case TokenKind.OpenParen: parens++; continue;
                case TokenKind.CloseParen: parens = Math.Max(0, parens - 1); continue;
                case TokenKind.Flow: fresh = true; continue;
                case TokenKind.Word: break;
                default: continue;
            }
            if (_at > 0 && _tokens[_at - 1].Kind == TokenKind.Dot || KindAt(_at + 1) == TokenKind.Dot) continue;
            holdsCode |= NamesCode(token.Keyword);
            switch (token.Keyword)
            {
                case Kw.BEGIN when OpensBlock(_at) && (wasFresh || (holdsCode && WordAt(_at - 1) == Kw.AS)):
                    open.Push((Opener.Begin, declared >= 0 ? declared : _at));
                    declared = -1;
                    begun = true;
                    fresh = true;
                    break;
                case Kw.DECLARE when wasFresh || (holdsCode && WordAt(_at - 1) == Kw.AS):
                    if (declared < 0) declared = _at;
                    fresh = true;
                    break;
                case Kw.CASE when begun: open.Push((wasFresh && parens == 0 ? Opener.CaseStatement : Opener.CaseExpression, _at)); break;
                case Kw.IF when wasFresh && begun: open.Push((Opener.If, _at)); break;
                case Kw.FOR when wasFresh && begun: open.Push((Opener.For, _at)); break;
                case Kw.WHILE when wasFresh && begun: open.Push((Opener.While, _at)); break;
                case Kw.LOOP when wasFresh && begun: open.Push((Opener.Loop, _at)); fresh = true; break;
                case Kw.REPEAT when wasFresh && begun && KindAt(_at + 1) != TokenKind.OpenParen: open.Push((Opener.Repeat, _at)); fresh = true; break;
                case Kw.DO or Kw.LOOP: fresh = true; break;
                case Kw.THEN or Kw.ELSE when open.Count > 0 && open.Peek().Kind != Opener.CaseExpression && parens == 0: fresh = true; break;
                case Kw.EXCEPTION when wasFresh: fresh = true; break;
                case Kw.END when open.Count > 0 && (wasFresh || open.Peek().Kind is Opener.CaseExpression or Opener.Repeat || EndsHere()):
                    Close(open);
                    if (open.Count == 0)
                    {
                        _at++;
                        return StatementMarks.HoldsBlock;
                    }
                    break;
            }
        }
        if (begun || WordAt(start) == Kw.BEGIN)
        {
            foreach (var unclosed in open)
            {
                if (unclosed.Kind == Opener.Begin) _blocks.Add(unclosed.Start.._at);
            }
            return StatementMarks.HoldsBlock | StatementMarks.OpenBlock;
        }

        // DECLARE without BEGIN: nothing here is a block, so semicolons cut as always. Remembered, to stay linear.
        _noBlockAhead = true;
        _at = start + 1;
        return StatementMarks.OpenBlock;
    }

    // END after a statement without its semicolon; not the column of that name in `SELECT start, end;`.
    private readonly bool EndsHere() =>
        KindAt(_at + 1) == TokenKind.Semicolon
        && KindAt(_at - 1) is not (TokenKind.Comma or TokenKind.Operator or TokenKind.OpenParen)
        && WordAt(_at - 1) is not (Kw.AS or Kw.SELECT or Kw.BY);

    private void Close(Stack<(Opener Kind, int Start)> open)
    {
        var next = WordAt(_at + 1);
        var closing = next switch
        {
            Kw.IF => Opener.If,
            Kw.FOR => Opener.For,
            Kw.WHILE => Opener.While,
            Kw.LOOP => Opener.Loop,
            Kw.REPEAT => Opener.Repeat,
            Kw.CASE => Opener.CaseStatement,
            _ => (Opener?)null,
        };
        // END FOR may close FOR … LOOP and END LOOP may close FOR … LOOP or WHILE … LOOP: any loop matches any loop word.
        var (top, start) = open.Peek();
        if (closing is not null && (top == closing || (top is Opener.For or Opener.While or Opener.Loop && closing is Opener.For or Opener.While or Opener.Loop)))
        {
            open.Pop();
            _at++;
            return;
        }
        if (closing is Opener.CaseStatement && top == Opener.CaseExpression) _at++;
        if (top == Opener.Begin) _blocks.Add(start..(_at + 1));
        open.Pop();
    }
}
