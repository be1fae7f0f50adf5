using EditorBridge.Portal;
using EditorBridge.Portal.Security;

var options = PortalOptions.Parse(args);
if (options.ShowHelp)
{
    Console.WriteLine(PortalOptions.Usage);
    return 0;
}

if (options.Problem is not null)
{
    Console.Error.WriteLine(options.Problem);
    Console.Error.WriteLine(PortalOptions.Usage);
    return 2;
}

try
{
    var state = PortalState.Open(options.State);
    if (options.LinkOnly)
    {
        var code = new SignInLinks(state, TimeProvider.System).Mint(options.Person, options.Roles);
        Console.WriteLine(PortalApplication.Link($"http://127.0.0.1:{options.Port}", code));
        return 0;
    }

    await using var app = PortalApplication.Build(options, state);
    await app.StartAsync();
    PortalApplication.Announce(app, options, Console.Out);
    await app.WaitForShutdownAsync();
    return 0;
}
catch (PortalStateException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
{
    Console.Error.WriteLine($"Port {options.Port} on 127.0.0.1 is in use, perhaps by another portal. Nothing was started. Stop that one, or choose another port with --port.");
    return 1;
}
