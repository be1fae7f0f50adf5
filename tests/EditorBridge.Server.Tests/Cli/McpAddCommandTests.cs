using EditorBridge.Cli;
using EditorBridge.Setup;

namespace EditorBridge.Server.Tests.Cli;

public sealed class McpAddCommandTests
{
    [Theory]
    [InlineData("https://alice:hunter22@mcp.example.com/mcp", "hunter22", "a name and password")]
    [InlineData("https://mcp.example.com/mcp?api_key=opensesame", "opensesame", "(api_key)")]
    [InlineData("https://mcp.example.com/mcp?team=a&accessToken=opensesame", "opensesame", "(accessToken)")]
    [InlineData("https://mcp.example.com/mcp?API-TOKEN=opensesame", "opensesame", "(API-TOKEN)")]
    [InlineData("https://mcp.example.com/mcp?u=ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_0123456789abcdefghijABCDEFGHIJ012345", "(u)")]
    public void Address_that_carries_a_secret_is_refused_without_showing_it(string address, string secret, string what)
    {
        var refused = Assert.Throws<SetupException>(() => McpAddCommand.RefuseSecretsInAddress(address));

        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://mcp.example.com/mcp")]
    [InlineData("https://mcp.example.com/mcp?team=sales&monkey=1&token=")]
    [InlineData("http://127.0.0.1:8080/mcp?readonly=true")]
    public void Address_without_a_secret_is_taken(string address) => McpAddCommand.RefuseSecretsInAddress(address);
}
