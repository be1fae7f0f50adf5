namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    /// <summary>Objects in tokens that no rule has read: names behind FROM, JOIN, INTO, UPDATE and TABLE. Marked incomplete by the caller, never silent.</summary>
    private void ScanForObjects(int first, int end)
    {
        var (at, saved) = (_at, _end);
        for (var i = Math.Max(first - 1, 0); i + 1 < end; i++)
        {
            if (_tokens[i].Kind == TokenKind.StagePath && i >= first) _draft.Object(StageName(_tokens[i].Of(_text)), "STAGE", ObjectAccess.Read, _tokens[i].Span);
            if (_tokens[i].Keyword is not (Kw.FROM or Kw.JOIN or Kw.INTO or Kw.UPDATE or Kw.TABLE) || _tokens[i + 1].Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Template)) continue;
            if (_tokens[i + 1].Keyword is Kw.IF or Kw.SELECT or Kw.LATERAL or Kw.TABLE or Kw.VALUES or Kw.FLATTEN or Kw.SET || i > 0 && _tokens[i - 1].Kind == TokenKind.Dot) continue;
            _at = i + 1;
            _end = end;
            if (!Name(out var name) || Kind() == TokenKind.OpenParen || name.Parts == 1 && _ctes.Contains(name.Text)) continue;
            _draft.Object(name.Text, "TABLE", _tokens[i].Keyword is Kw.INTO or Kw.UPDATE ? ObjectAccess.Write : ObjectAccess.Read, name.Span);
            SensitiveName(name);
        }
        if (end > first && _tokens[end - 1].Kind == TokenKind.StagePath) _draft.Object(StageName(_tokens[end - 1].Of(_text)), "STAGE", ObjectAccess.Read, _tokens[end - 1].Span);
        (_at, _end) = (at, saved);
    }

    /// <summary>
    /// A verb that acts, in tokens that were not understood, decides the judgement: <c>SELECT 1 FROM t DROP TABLE u</c> is judged as the DROP it may become
    /// for a reader that cuts the text elsewhere.
    /// </summary>
    private void ScanForVerbs(int start, int first, int end)
    {
        for (var i = first; i < end; i++)
        {
            if (i == start || i > 0 && _tokens[i - 1].Kind == TokenKind.Dot || i + 1 >= end || _tokens[i + 1].Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier)) continue;
            switch (_tokens[i].Keyword)
            {
                case Kw.DROP or Kw.TRUNCATE when CommandTable.NounPhrases.Match(_text, _tokens.AsSpan(i + 1, end - i - 1), out _) is { } noun:
                    _draft.Raise(noun.DropReason, noun.Drop is { Effect: Effect.Deny } ? Effect.Deny : Effect.Review, Severity.High, _tokens[i].Span, _draft.Class == StatementClass.Unknown ? null : StatementClass.Destructive);
                    break;
                case Kw.GRANT or Kw.REVOKE:
                    _draft.Raise("P1", Effect.Review, Severity.High, _tokens[i].Span);
                    break;
                case Kw.DELETE when _tokens[i + 1].Keyword == Kw.FROM:
                    _draft.Raise("D1", Effect.Review, Severity.Medium, _tokens[i].Span);
                    break;
            }
        }
    }
}
