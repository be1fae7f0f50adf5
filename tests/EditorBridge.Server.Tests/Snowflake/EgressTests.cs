using System.Net;
using System.Net.Sockets;
using System.Text;
using EditorBridge.Messages;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Snowflake;

/// <summary>Where a credential may go, and where nothing goes.</summary>
public sealed class EgressTests
{
    [Theory]
    [InlineData("https://myorg-myaccount.snowflakecomputing.com", false, true)]
    [InlineData("https://xy12345.cn-north-1.snowflakecomputing.cn", false, true)]
    [InlineData("https://x.privatelink.snowflakecomputing.com", false, true)]
    [InlineData("https://private.example.com", false, true)]
    [InlineData("http://myorg-myaccount.snowflakecomputing.com", false, false)]
    [InlineData("https://snowflakecomputing.com", false, false)]
    [InlineData("https://snowflakecomputing.com.evil.example", false, false)]
    [InlineData("https://evilsnowflakecomputing.com", false, false)]
    [InlineData("https://user@myorg.snowflakecomputing.com", false, false)]
    [InlineData("https://127.0.0.1", false, false)]
    [InlineData("http://127.0.0.1:4321", true, true)]
    [InlineData("http://[::1]:4321", true, true)]
    [InlineData("http://10.0.0.1:4321", true, false)]
    [InlineData("https://myorg-myaccount.snowflakecomputing.com", true, false)]
    public void Credential_goes_only_to_the_account(string address, bool sandbox, bool expected)
    {
        Assert.Equal(expected, SnowflakeHosts.MayHoldCredential(new Uri(address), sandbox, ["private.example.com"]));
        if (!expected)
        {
            Assert.Throws<ArgumentException>(() => new CortexClient(
                new SnowflakeAccount("a", new Uri(address), sandbox), ProgrammaticAccessToken.FromValue("secret"), new HttpMessageInvoker(new SocketsHttpHandler()),
                new CortexOptions(), TimeProvider.System, NullLogger<CortexClient>.Instance));
        }
    }

    [Theory]
    [InlineData("myorg-my_Account", "myorg-my-account.snowflakecomputing.com")]
    [InlineData("myorg.myaccount", "myorg-myaccount.snowflakecomputing.com")]
    [InlineData("xy12345", "xy12345.snowflakecomputing.com")]
    [InlineData("xy12345.eu-central-1", "xy12345.eu-central-1.snowflakecomputing.com")]
    [InlineData("xy12345.east-us-2.azure", "xy12345.east-us-2.azure.snowflakecomputing.com")]
    [InlineData("xy12345.us-central1.gcp", "xy12345.us-central1.gcp.snowflakecomputing.com")]
    [InlineData("xy12345.cn-north-1", "xy12345.cn-north-1.snowflakecomputing.cn")]
    [InlineData("myorg-myaccount.privatelink", "myorg-myaccount.privatelink.snowflakecomputing.com")]
    [InlineData("https://app.snowflake.com/myorg/my_account/#/worksheets", "myorg-my-account.snowflakecomputing.com")]
    [InlineData("https://myorg-myaccount.snowflakecomputing.com/console", "myorg-myaccount.snowflakecomputing.com")]
    [InlineData("MYORG-MYACCOUNT.snowflakecomputing.com", "myorg-myaccount.snowflakecomputing.com")]
    public void Host_follows_from_whatever_people_write(string account, string expected)
    {
        Assert.True(SnowflakeHosts.TryDerive(account, out var host, out _));
        Assert.Equal(expected, host);
    }

    [Theory]
    [InlineData("")]
    [InlineData("my org")]
    [InlineData("evil.example/path")]
    [InlineData("a@b")]
    public void Text_that_is_no_account_is_refused_with_the_form_to_write(string account)
    {
        Assert.False(SnowflakeHosts.TryDerive(account, out _, out var problem));
        Assert.Contains("myorg-myaccount", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_target_is_refused_told_and_never_reached()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var told = new List<string>();
        var target = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/v1?token=secret");
        using var http = new HttpMessageInvoker(new EgressHandler(EgressHandler.Sockets(), [new Uri("https://a.snowflakecomputing.com")], (uri, why) => told.Add($"{uri} {why}")));
        await Assert.ThrowsAsync<EgressRefusedException>(() => http.SendAsync(new HttpRequestMessage(HttpMethod.Get, target), default));
        Assert.DoesNotContain("secret", Assert.Single(told), StringComparison.Ordinal);
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task Redirect_is_an_error_and_not_followed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        var serving = ServeOnceAsync(listener, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/stolen\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        var client = new CortexClient(
            new SnowflakeAccount("s", address, IsSandbox: true), ProgrammaticAccessToken.FromValue("canary-secret"),
            new HttpMessageInvoker(new EgressHandler(EgressHandler.Sockets(), [address])), new CortexOptions(), TimeProvider.System, NullLogger<CortexClient>.Instance);
        await using var response = await client.SendMessagesAsync("{}"u8.ToArray(), [], default);
        Assert.Equal((302, UpstreamCause.NotUnderstood), (response.Status, response.Failure!.Cause));
        var request = await serving;
        Assert.Contains("Authorization: Bearer canary-secret", request, StringComparison.Ordinal);
        Assert.Contains("X-Snowflake-Authorization-Token-Type: PROGRAMMATIC_ACCESS_TOKEN", request, StringComparison.Ordinal);
        Assert.Contains("User-Agent: EditorBridge/", request, StringComparison.Ordinal);
        Assert.DoesNotContain("x-api-key", request, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(TokenKind.OAuth, "Bearer s", "OAUTH")]
    [InlineData(TokenKind.ProgrammaticAccess, "Bearer s", "PROGRAMMATIC_ACCESS_TOKEN")]
    [InlineData(TokenKind.KeyPairJwt, "Bearer s", "KEYPAIR_JWT")]
    [InlineData(TokenKind.Session, "Snowflake Token=\"s\"", null)]
    public void Token_is_shown_in_the_form_of_its_kind_and_never_printed(TokenKind kind, string authorization, string? type)
    {
        var token = new AccessToken("s", kind, null);
        using var request = new HttpRequestMessage();
        token.AttachTo(request.Headers);
        Assert.Equal(authorization, request.Headers.Authorization!.ToString());
        Assert.Equal(type, request.Headers.TryGetValues("X-Snowflake-Authorization-Token-Type", out var values) ? values.Single() : null);
        Assert.Equal($"[{kind} token]", token.ToString());
    }

    private static async Task<string> ServeOnceAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().EndsWith("{}", StringComparison.Ordinal))
        {
            request.Append(Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        }
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
        return request.ToString();
    }
}
