namespace EditorBridge.Snowflake;

/// <summary>
/// Rotates a programmatic access token. The account refuses that to a session that signed in with a token, so it takes another
/// sign-in of the same user, such as the browser's.
/// </summary>
public sealed class PatRotation(SqlApiClient sql)
{
    /// <summary>Rotates and gives the new secret to <paramref name="keep"/> before anything else happens with it.</summary>
    /// <param name="kind">The kind of the session <paramref name="name"/> is rotated with.</param>
    /// <param name="hours">How long the old secret stays good.</param>
    /// <exception cref="SignInException">It was not rotated; the message says why and gives the SQL for an administrator.</exception>
    public async Task<T> RotateAsync<T>(string name, TokenKind kind, int hours, Func<string, Task<T>> keep, CancellationToken cancellationToken)
    {
        var statement = PersonalToken.RotateSql(name).Replace("= 24", $"= {Math.Clamp(hours, 0, 24 * 30)}", StringComparison.Ordinal);
        if (kind == TokenKind.ProgrammaticAccess)
        {
            throw new SignInException($"A session signed in with an access token may not rotate one. Sign in by browser (editorbridge login) and try again, or have an administrator run: {statement}");
        }
        var outcome = await sql.ExecuteAsync(new SqlStatement { Text = statement.TrimEnd(';'), RequestId = Guid.NewGuid() }, cancellationToken);
        if (outcome is not SqlRows { Rows: [var row, ..] } rows)
        {
            throw new SignInException($"The token was not rotated: {(outcome as SqlFailure)?.Message ?? "the account answered without a row."} An administrator can run: {statement}");
        }
        var column = rows.Columns.ToList().FindIndex(found => found.Name.Equals("token_secret", StringComparison.OrdinalIgnoreCase));
        if (column < 0 || row[column] is not { Length: > 0 } secret)
        {
            throw new SignInException("The account rotated the token but did not show the new secret. The old one stays good for a while; rotate again.");
        }
        return await keep(secret);
    }
}
