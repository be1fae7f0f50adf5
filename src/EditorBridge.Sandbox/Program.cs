using System.CommandLine;
using System.Text.Json;
using EditorBridge.Sandbox;

var port = new Option<int>("--port") { Description = "Loopback port; 0 takes a free one.", DefaultValueFactory = _ => 0 };
var patFile = new Option<string?>("--pat-file") { Description = "Write the account's PAT to this file, readable by you only." };
var adminPatFile = new Option<string?>("--admin-pat-file") { Description = "Write a PAT of the administrator to this file." };
var oauthLife = new Option<double>("--oauth-life") { Description = "Seconds an OAuth access token lives.", DefaultValueFactory = _ => 600 };
var usageDelay = new Option<double>("--usage-delay")
{
    Description = "Seconds before a usage row becomes visible (a real account takes up to 45 minutes).",
    DefaultValueFactory = _ => 0,
};
var slowGap = new Option<double>("--slow-gap")
{
    Description = "Seconds of one gap in the scenario 'slow'.",
    DefaultValueFactory = _ => 3,
};
var root = new RootCommand("A strict stand-in for a Snowflake account, on this machine only. Its model is a script; see the README beside it.")
{
    port, patFile, adminPatFile, oauthLife, usageDelay, slowGap,
};
root.SetAction(async (parsed, cancellationToken) =>
{
    var options = new SandboxOptions
    {
        Port = parsed.GetValue(port),
        PatFile = parsed.GetValue(patFile),
        AdminPatFile = parsed.GetValue(adminPatFile),
        OAuthAccessLife = TimeSpan.FromSeconds(parsed.GetValue(oauthLife)),
        UsageDelay = TimeSpan.FromSeconds(parsed.GetValue(usageDelay)),
        SlowGap = TimeSpan.FromSeconds(parsed.GetValue(slowGap)),
    };
    try
    {
        await using var server = await SandboxServer.StartAsync(options, cancellationToken);
        // One line for the program that started this one: where the account is, and where its PAT lies.
        Console.Out.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["event"] = "ready",
            ["url"] = server.BaseAddress.ToString().TrimEnd('/'),
            ["pid"] = Environment.ProcessId,
            ["pat_file"] = options.PatFile is null ? null : Path.GetFullPath(options.PatFile),
        }));
        await server.WaitForShutdownAsync(cancellationToken);
        return 0;
    }
    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"The sandbox did not start: {error.Message} Nothing was changed; choose another --port or --pat-file.");
        return 1;
    }
});
return await root.Parse(args).InvokeAsync();
