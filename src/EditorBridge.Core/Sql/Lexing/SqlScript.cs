using System.Buffers;
using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>A text of SQL under one reading: its tokens without trivia, and the statements they form.</summary>
public sealed class SqlScript
{
    private static readonly SearchValues<string> Arguments = SearchValues.Create(
        ["approved", "pre-approved", "safe to run", "safe to execute", "already reviewed", "no review", "skip review", "do not review", "do not flag", "ignore previous", "ignore the policy", "authorized by", "authorised by", "auto-approve"],
        StringComparison.OrdinalIgnoreCase);

    private readonly SqlToken[] _tokens;

    private SqlScript(string text, SqlReading reading, SqlToken[] tokens, int count, SqlReading doubts, TextSpan doubtSpan, TextSpan? bidi, TextSpan? argument)
    {
        Text = text;
        Reading = reading;
        _tokens = tokens;
        TokenCount = count;
        Doubts = doubts;
        DoubtSpan = doubtSpan;
        Bidi = bidi;
        Argument = argument;
        (Statements, Blocks) = StatementSplitter.Split(Tokens);
    }

    public string Text { get; }
    public SqlReading Reading { get; }
    /// <summary>Tokens in order, comments and white space left out.</summary>
    public ReadOnlySpan<SqlToken> Tokens => _tokens.AsSpan(0, TokenCount);
    public int TokenCount { get; }
    public ImmutableArray<SqlStatement> Statements { get; }
    /// <summary>Token ranges of the Scripting blocks, ordered by where they start.</summary>
    public IReadOnlyList<Range> Blocks { get; }
    /// <summary>The readings under which this text may be cut otherwise. Empty for almost every text.</summary>
    public SqlReading Doubts { get; }
    /// <summary>The first place two readings differ.</summary>
    public TextSpan DoubtSpan { get; }
    /// <summary>A comment that holds characters which turn the direction of writing.</summary>
    public TextSpan? Bidi { get; }

    /// <summary>A comment that speaks to a reviewer instead of explaining the code.</summary>
    public TextSpan? Argument { get; }

    internal SqlToken[] TokenArray => _tokens;

    /// <summary>Reads a text. Linear in its length; never throws.</summary>
    public static SqlScript Read(string text, SqlReading reading = SqlReading.Server)
    {
        var lexed = (reading & SqlReading.LookAlikes) != 0 ? FoldOutsideLiterals(text, reading) : text;
        var tokens = new SqlToken[text.Length / 4 + 8];
        var count = 0;
        var doubts = SqlReading.Server;
        TextSpan doubtSpan = default;
        TextSpan? bidi = null, argument = null;
        var lexer = new SqlLexer(lexed, reading);
        while (lexer.Next(out var token))
        {
            if (token.Flags != TokenMarks.None)
            {
                var doubt = DoubtOf(token);
                if (doubts == SqlReading.Server && doubt != SqlReading.Server) doubtSpan = token.Span;
                doubts |= doubt;
                if (token.IsTrivia && token.Has(TokenMarks.Bidi)) bidi ??= token.Span;
                if (token.Kind == TokenKind.BlockComment && token.Has(TokenMarks.Unterminated)) token = token with { Kind = TokenKind.Unknown };
            }
            if (token.Kind is TokenKind.LineComment or TokenKind.BlockComment && argument is null && token.Of(text).ContainsAny(Arguments)) argument = token.Span;
            if (token.IsTrivia) continue;
            if (count == tokens.Length) Array.Resize(ref tokens, count * 2);
            tokens[count++] = token;
        }
        return new SqlScript(text, reading, tokens, count, doubts & ~reading, doubtSpan, bidi, argument);
    }

    private static SqlReading DoubtOf(SqlToken token)
    {
        var doubt = SqlReading.Server;
        if (token.Has(TokenMarks.NestedComment)) doubt |= SqlReading.NestedComments;
        if (token.Has(TokenMarks.OddLineEnd)) doubt |= SqlReading.OddLineEnds;
        if (token.Has(TokenMarks.CommentInPath)) doubt |= SqlReading.CommentsInPaths;
        if (token.Has(TokenMarks.Deceptive) && token.Kind != TokenKind.QuotedIdentifier) doubt |= SqlReading.LookAlikes;
        return doubt;
    }

    // One character stays one character, so spans mean the same in the folded text.
    private static string FoldOutsideLiterals(string text, SqlReading reading)
    {
        var folded = text.ToCharArray();
        var lexer = new SqlLexer(text, reading);
        while (lexer.Next(out var token))
        {
            if (!token.Has(TokenMarks.Deceptive) || token.IsTrivia || token.Kind is TokenKind.QuotedIdentifier) continue;
            for (var i = token.Start; i < token.End; i++) folded[i] = LookAlikes.Fold(folded[i]);
        }
        return new string(folded);
    }
}

/// <summary>How a statement's text ends and what the splitter noticed.</summary>
[Flags]
public enum StatementMarks : byte
{
    None = 0,
    /// <summary>A Scripting block is part of it; semicolons inside belong to the block.</summary>
    HoldsBlock = 1,
    /// <summary>A block has no END before the text does.</summary>
    OpenBlock = 2,
    /// <summary>Ended by <c>;&gt;</c>: Snowflake CLI runs it without waiting.</summary>
    Asynchronous = 4,
    /// <summary>A command of the client, not SQL.</summary>
    ClientCommand = 8,
}

/// <summary>One statement of a script: its text without the semicolon, and its tokens <c>[First, End)</c> in <see cref="SqlScript.Tokens"/>.</summary>
public readonly record struct SqlStatement(TextSpan Span, int First, int End, StatementMarks Marks);
