using System.Text.Json;
using EditorBridge.Compatibility;

// Driven by tests/e2e/sdk/programs.mjs: a line of JSON in is one thing to do, and each is answered by a line of JSON.
var address = Environment.GetEnvironmentVariable("EB_URL");
var token = Environment.GetEnvironmentVariable("EB_TOKEN");
if (address is null || token is null)
{
    Console.Error.WriteLine("EB_URL and EB_TOKEN name the proxy and the token for it.");
    return 2;
}

using var application = new Application(address, token, Console.Out);
var running = new List<Task>();
while (await Console.In.ReadLineAsync() is { } line)
{
    var request = JsonElement.Parse(line);
    if (request.GetProperty("op").GetString() == "abort") application.Abort(request.GetProperty("params").GetProperty("id").GetInt32());
    else running.Add(application.RunAsync(request));
}

await Task.WhenAll(running);
return 0;
