using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge serve</c>: runs the host until it is told to stop.</summary>
internal static partial class ServeCommand
{
    public const string FromEditor = "The programmatic access token is kept by the editor (VS Code: EditorBridge: Sign In to Snowflake) and held here in memory only.";

    public static Command Build()
    {
        var host = new HostSettings();
        var state = StateOption.Build();
        var sandbox = new Option<Uri?>("--sandbox") { Description = "Use the stand-in account at this address instead of a real one.", CustomParser = Address };
        var tokenFile = new Option<FileInfo?>("--pat-file") { Description = "File (0600) holding a programmatic access token." };
        var fromEditor = new Option<bool>("--pat-from-editor") { Description = FromEditor };
        var byEditor = new Option<bool>("--started-by-editor") { Description = "Leave when no editor, stream or review has needed the host for ten minutes." };
        var log = new Option<FileInfo?>("--log-file") { Description = "Write the log here and let go of the terminal." };
        var command = new Command("serve", "Run the host: the Messages proxy, the gate and the ledger, on 127.0.0.1.")
        {
            state, sandbox, tokenFile, fromEditor, byEditor, log,
        };
        foreach (var option in host.All) command.Add(option);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            if (parsed.GetValue(log) is { } file) Detach(file);
            return await RunAsync(new ServeOptions
            {
                Port = parsed.GetValue(host.Port),
                State = StateFolder.Open(parsed.GetValue(state)),
                Sandbox = parsed.GetValue(sandbox),
                TokenFile = parsed.GetValue(tokenFile)?.FullName,
                TokenFromEditor = parsed.GetValue(fromEditor),
                Account = parsed.GetValue(host.Account),
                Upstream = parsed.GetValue(host.Upstream),
                Residency = parsed.GetValue(host.EuOnly) ? ResidencyRule.EuropeOnly : null,
                StartedByEditor = parsed.GetValue(byEditor),
                PortalUrl = parsed.GetValue(host.PortalUrl),
                ReviewLifetime = parsed.GetValue(host.ReviewSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            }, cancellationToken);
        }));
        return command;
    }

    public static Uri? Address(ArgumentResult argument)
    {
        var text = argument.Tokens.Single().Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https") return address;
        argument.AddError($"'{text}' is not an address such as http://127.0.0.1:4010.");
        return null;
    }

    private static async Task<int> RunAsync(ServeOptions options, CancellationToken cancellationToken)
    {
        await using var app = HostApplication.Build(options);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e) when (HostLog.IsPortTaken(e))
        {
            await Console.Error.WriteLineAsync(
                $"Port {options.Port} is taken{(PortOwner.Find(options.Port) is { } owner ? $" by {owner}" : "")}. Nothing was started. Stop that process, or choose another port with --port.");
            return 1;
        }

        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    private static void Detach(FileInfo log)
    {
        var stream = new FileStream(log.FullName, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        var writer = TextWriter.Synchronized(new StreamWriter(stream) { AutoFlush = true });
        Console.SetOut(writer);
        Console.SetError(writer);
        if (!OperatingSystem.IsWindows()) LeaveTerminal();
    }

    // Ctrl-C in the terminal of whoever started us is not meant for a host that others use too.
    [UnsupportedOSPlatform("windows")]
    private static void LeaveTerminal() => _ = SetSessionId();

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int SetSessionId();
}
