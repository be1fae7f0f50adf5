using System.Globalization;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal;

/// <summary>What the command line asks for. <see cref="Problem"/> is set instead of throwing, so that the caller prints it beside the usage.</summary>
public sealed record PortalOptions
{
    public const int DefaultPort = 4080;

    public const string Usage = """
        Usage: editorbridge-portal [--state FOLDER] [--port N]
               editorbridge-portal link [--state FOLDER] [--port N] [--person NAME] [--role ROLES]

          --state FOLDER  the state folder of the host; default: EDITORBRIDGE_HOME
          --port N        the port on 127.0.0.1; default 4080, 0 for any free one
          --person NAME   who signs in with the link; default: your user name
          --role ROLES    developer, approver, auditor, policy-admin, system-admin, separated by commas,
                          or owner for all of them; default: owner

        The first form runs the portal and prints a sign-in link. The second prints another link for a portal that runs already.
        A link is good once and for ten minutes.
        """;

    public string State { get; init; } = "";
    /// <summary>The port on 127.0.0.1; 0 lets the system choose.</summary>
    public int Port { get; init; } = DefaultPort;
    public string Person { get; init; } = Environment.UserName;
    public string Roles { get; init; } = RoleNames.Owner;
    /// <summary>Only print a new sign-in link.</summary>
    public bool LinkOnly { get; init; }
    public bool ShowHelp { get; init; }
    public string? Problem { get; init; }

    public static PortalOptions Parse(IReadOnlyList<string> args)
    {
        var options = new PortalOptions { State = Environment.GetEnvironmentVariable("EDITORBRIDGE_HOME") ?? "" };
        for (var i = 0; i < args.Count; i++)
        {
            var name = args[i];
            if (name is "link" && i == 0)
            {
                options = options with { LinkOnly = true };
                continue;
            }

            if (name is "--help" or "-h") return options with { ShowHelp = true };
            if (i + 1 == args.Count) return options with { Problem = $"{name} needs a value, or is not an option." };
            options = With(options, name, args[++i]);
            if (options.Problem is not null) return options;
        }

        if (options.State.Length == 0)
            return options with { Problem = "No state folder is named. Give --state FOLDER or set EDITORBRIDGE_HOME." };
        return options;
    }

    private static PortalOptions With(PortalOptions options, string name, string value) => name switch
    {
        "--state" => options with { State = Path.GetFullPath(value) },
        "--port" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue
            => options with { Port = port },
        "--port" => options with { Problem = $"--port needs a number from 0 to 65535, not '{value}'." },
        "--person" => options with { Person = value },
        "--role" when RoleNames.Parse(value).Length > 0 => options with { Roles = value },
        "--role" => options with { Problem = $"--role does not know '{value}'. Known: {RoleNames.All}." },
        _ => options with { Problem = $"{name} is not an option." },
    };
}
