namespace EditorBridge.Sandbox.Http;

/// <summary>The two headers every answer carries: Snowflake's request id, and the mark that says this is no real account.</summary>
internal static class RequestMark
{
    public const string RequestIdHeader = "X-Snowflake-Request-ID";
    public const string SandboxHeader = "X-EditorBridge-Sandbox";

    public static void Apply(HttpContext context)
    {
        var id = Guid.NewGuid().ToString();
        context.Items[RequestIdHeader] = id;
        context.Response.Headers[RequestIdHeader] = id;
        context.Response.Headers[SandboxHeader] = "1";
    }

    public static string IdOf(HttpContext context) => (string)context.Items[RequestIdHeader]!;
}
