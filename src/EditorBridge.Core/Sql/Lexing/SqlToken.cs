namespace EditorBridge.Sql;

public enum TokenKind : byte
{
    Whitespace,
    LineComment,
    BlockComment,
    /// <summary>An unquoted identifier or keyword; <see cref="SqlToken.Keyword"/> says which.</summary>
    Word,
    QuotedIdentifier,
    String,
    /// <summary><c>$$…$$</c>: no escapes, ends at the next <c>$$</c>.</summary>
    DollarString,
    Number,
    /// <summary><c>$name</c> or <c>$1</c>.</summary>
    Variable,
    /// <summary><c>?</c></summary>
    Placeholder,
    /// <summary><c>@stage/path</c>, path included.</summary>
    StagePath,
    /// <summary>An unquoted <c>file://</c> or <c>snow://</c> address.</summary>
    Uri,
    /// <summary><c>{{ }}</c>, <c>{% %}</c>, <c>{# #}</c>, <c>&lt;% %&gt;</c>, <c>%(name)s</c>: text that a template engine replaces before the server sees it.</summary>
    Template,
    /// <summary><c>&amp;name</c> or <c>&amp;{name}</c>: replaced by SnowSQL or Snowflake CLI.</summary>
    Substitution,
    /// <summary><c>!source f</c> at the start of a statement: carried out by the client, up to the end of the line.</summary>
    ClientCommand,
    Semicolon,
    Comma,
    Dot,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Colon,
    /// <summary><c>::</c></summary>
    Cast,
    /// <summary><c>:=</c></summary>
    Assign,
    /// <summary><c>-&gt;&gt;</c>: the next statement reads the result of this one.</summary>
    Flow,
    /// <summary><c>-&gt;</c></summary>
    Arrow,
    /// <summary><c>=&gt;</c></summary>
    FatArrow,
    Star,
    Bang,
    Operator,
    /// <summary>A character that no Snowflake token starts with.</summary>
    Unknown,
}

[Flags]
public enum TokenMarks : byte
{
    None = 0,
    /// <summary>A literal, comment or template that has no end.</summary>
    Unterminated = 1,
    /// <summary>Holds characters that look like others, or cannot be seen, outside a literal or comment.</summary>
    Deceptive = 2,
    /// <summary>A block comment that holds <c>/*</c>: tools that nest comments read on where the server stops.</summary>
    NestedComment = 4,
    /// <summary>A line comment that holds a lone CR, U+2028 or another character that some readers take for the end of a line.</summary>
    OddLineEnd = 8,
    /// <summary>A stage path or address that holds <c>--</c>, <c>//</c> or <c>/*</c>.</summary>
    CommentInPath = 16,
    /// <summary>A string with an escape: <c>''</c> or a backslash; a quoted identifier with <c>""</c>.</summary>
    Escaped = 32,
    /// <summary>A literal or path that holds a template or substitution.</summary>
    HoldsTemplate = 64,
    /// <summary>Holds a character that turns the direction of writing, so that the text shown differs from the text run.</summary>
    Bidi = 128,
}

/// <summary>One token: a kind and a range of the text it was read from. Together with trivia, tokens cover every character exactly once.</summary>
public readonly record struct SqlToken(TokenKind Kind, TokenMarks Flags, Kw Keyword, int Start, int Length)
{
    public int End => Start + Length;
    public TextSpan Span => new(Start, Length);
    public bool IsTrivia => Kind <= TokenKind.BlockComment;

    public bool Has(TokenMarks flag) => (Flags & flag) != 0;
    public ReadOnlySpan<char> Of(string text) => text.AsSpan(Start, Length);
}

/// <summary>Which of two readings the lexer takes where readers of Snowflake SQL differ. <see cref="Server"/> is what the server was seen to do.</summary>
[Flags]
public enum SqlReading : byte
{
    Server = 0,
    /// <summary>Block comments nest.</summary>
    NestedComments = 1,
    /// <summary>A lone CR, U+2028, U+2029 or U+0085 ends a line comment.</summary>
    OddLineEnds = 2,
    /// <summary><c>--</c>, <c>//</c> and <c>/*</c> start a comment inside an unquoted path.</summary>
    CommentsInPaths = 4,
    /// <summary>Outside literals and comments, characters that look like ASCII are read as the ASCII character they look like.</summary>
    LookAlikes = 8,
}
