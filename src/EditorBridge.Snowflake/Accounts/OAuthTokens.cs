using System.Text.Json;

namespace EditorBridge.Snowflake;

/// <summary>What a browser sign-in gave. Kept in the secrets store as JSON.</summary>
/// <param name="IssuedAt">By this machine's clock, so that a wrong clock elsewhere changes nothing.</param>
/// <param name="ExpiresAt">End of the access token's life.</param>
internal sealed record OAuthTokens(string AccessToken, string? RefreshToken, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, string? User, string? Scope)
{
    /// <summary>From here on a new token is fetched in the background: four fifths of the life.</summary>
    public DateTimeOffset RefreshFrom => IssuedAt + ((ExpiresAt - IssuedAt) * 0.8);

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    public static OAuthTokens? FromJson(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize<OAuthTokens>(json, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public override string ToString() => $"[OAuth tokens of {User}]";
}
