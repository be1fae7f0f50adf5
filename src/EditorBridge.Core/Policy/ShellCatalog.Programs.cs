using System.Buffers;
using System.Text.RegularExpressions;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>The programs whose arguments decide.</summary>
internal static partial class ShellCatalog
{
    private static ShellFinding[] OfProgram(CommandView view)
    {
        if (view.Invocation.Name is null) return [new(ShellIds.DynamicProgram, "The name of the program is known only when the command runs.")];
        if (view.IsFunction) return [];
        if (Runners.Contains(view.Name) && StartsUs(view)) return OfSelf(view);
        return view.Name switch
        {
            "editorbridge" or "editorbridge-portal" or "editorbridge-sandbox" or "EditorBridge.Server.dll" => OfSelf(view),
            "sudo" or "doas" or "su" or "runas" or "pkexec" => [new(ShellIds.Privilege, "Runs with the rights of another user.")],
            "eval" => [new(ShellIds.Unreadable, "'eval' runs text that is put together when the command runs.")],
            "rm" or "rmdir" or "unlink" or "truncate" or "srm" or "rd" or "del" => OfDelete(view),
            "find" or "fd" or "fdfind" when view.Has("-delete") => [new(ShellIds.Delete, "Deletes every file it finds.")],
            "find" when view.Has("-fprint", "-fprintf", "-fls") => [new(ShellIds.Unreadable, "'find' writes a file.")],
            "git" => OfGit(view),
            "npm" or "pnpm" or "yarn" or "bun" or "cargo" or "dotnet" or "gem" or "twine" or "poetry" or "uv" or "mvn" or "gradle" or "composer" or "nuget" => OfPackages(view),
            "curl" or "wget" or "http" or "https" or "xh" or "httpie" => OfTransfer(view),
            "rsync" when view.Operands.Any(word => RemotePath().IsMatch(word.Value)) => [new(ShellIds.Upload, "Copies files to or from another machine.")],
            "snow" => OfSnow(view),
            "snowsql" => OfSnowSql(view),
            "dbt" or "sqlmesh" => OfDbt(view),
            "env" or "printenv" or "set" or "export" or "declare" when IsListing(view) => [new(ShellIds.Secrets, "Prints environment variables, the credentials in them included.")],
            "export" or "declare" or "readonly" or "typeset" => OfExport(view),
            "script" or "expect" or "tmux" or "screen" or "parallel" or "entr" or "osascript" when view.Arguments.Any(MentionsUs) => [new(ShellIds.Self, "Hands a command of EditorBridge to another program.")],
            "env" when view.Has("-S", "--split-string") || view.Arguments.Any(argument => argument.StartsWith("-S", StringComparison.Ordinal)) => [new(ShellIds.Unreadable, "'env -S' splits its text in its own way.")],
            "xdg-open" or "open" or "start" or "explorer" when view.Operands.Any(word => word.Value.Contains("://", StringComparison.Ordinal) && !LocalUrl().IsMatch(word.Value)) => [new(ShellIds.Upload, "Opens an address, which can carry data.")],
            "sqlite3" or "duckdb" when TextsOf(view).Any(text => DatabaseShell().IsMatch(text)) => [new(ShellIds.InlineCode, "The database's shell starts programs or writes files.")],
            "python" or "python3" or "py" when view.ValueOf("-m") is "http.server" or "SimpleHTTPServer" or "smtplib" or "ftplib" or "telnetlib" or "smtpd" => [new(ShellIds.Remote, "Opens a connection to or from the network.")],
            "pkill" or "killall" or "taskkill" or "kill" when view.Arguments.Any(argument => MentionsUs(argument) || MatchesUs(argument)) => [new(ShellIds.Self, "Stops EditorBridge.")],
            "pkill" or "killall" or "taskkill" => [],
            "chmod" => OfChmod(view),
            "trap" => view.Operands.Length > 1 ? [new(ShellIds.Unreadable, "'trap' runs its text later.")] : [],
            "alias" => view.Operands.Length > 0 ? [new(ShellIds.Unreadable, "'alias' changes what later words mean.")] : [],
            var name when Shells.Contains(name) => OfShell(view),
            var name when Interpreters.Contains(name) => OfInterpreter(view),
            "awk" or "gawk" or "mawk" when view.Arguments.Any(argument => argument.Contains("system(", StringComparison.Ordinal) || argument.Contains("| getline", StringComparison.Ordinal) || argument.Contains("|getline", StringComparison.Ordinal) || AwkWrites().IsMatch(argument)) =>
                [new(ShellIds.InlineCode, "The awk program starts other programs or writes files.")],
            "sed" when view.Operands.Length > 0 && SedRuns().IsMatch(view.Operand(0)) => [new(ShellIds.InlineCode, "The sed script starts programs or writes files.")],
            "xargs" or "env" or "timeout" or "nice" or "nohup" or "watch" or "exec" or "command" => [],
            "docker" or "podman" when view.Operand(0) is "ps" or "images" or "logs" or "inspect" or "version" or "info" or "stats" => [],
            "kubectl" when view.Operand(0) is "get" or "describe" or "logs" or "version" && view.Operand(1) is not "secret" and not "secrets" => [],
            "gh" when view.Operand(0) is "pr" or "issue" or "run" or "repo" && view.Operand(1) is "view" or "list" or "diff" or "checks" or "status" => [],
            "openssl" when view.Operand(0) is "version" or "dgst" => [],
            "dig" or "nslookup" or "host" or "ping" when view.IsDynamic => [new(ShellIds.Upload, "Asks the network for a name put together when the command runs.")],
            "dig" or "nslookup" or "host" or "ping" => [],
            "brew" or "apt" or "apt-get" or "dpkg" when view.Operand(0) is "list" or "info" or "search" or "show" || view.Has("-l", "--list") => [],
            "systemctl" or "launchctl" when view.Operand(0) is "status" or "list" or "is-active" => [],
            "shutdown" or "reboot" or "halt" or "poweroff" => [new(ShellIds.System, "Stops the machine.")],
            var name when Remotes.Contains(name) => [new(ShellIds.Remote, $"'{name}' works on other machines or services.")],
            var name when SystemTools.Contains(name) || name.StartsWith("mkfs.", StringComparison.Ordinal) => [new(ShellIds.System, $"'{name}' changes the machine itself.")],
            var name when Persistence.Contains(name) => [new(ShellIds.Persist, $"'{name}' makes something run later or in the background of the system.")],
            var name when Agents.Contains(name) && !view.Has("--version", "--help", "-v", "-h") => [new(ShellIds.Agent, $"'{name}' starts another agent, which may not pass through this gate.")],
            var name when CredentialTools.Contains(name) => [new(ShellIds.Secrets, $"'{name}' works with stored credentials.")],
            var name when IsKnown(name) || IsProjectScript(view) => [],
            _ => [new(ShellIds.UnknownProgram, $"'{view.Name}' is not among the programs EditorBridge knows.")],
        };
    }

    private static bool IsKnown(string name) =>
        Readers.Contains(name) || Wordy.Contains(name) || Writers.Contains(name) || Development.Contains(name) || Agents.Contains(name) || VersionedName().IsMatch(name);

    // A script of the project came into it under the same gate, as "python x.py" did.
    private static bool IsProjectScript(CommandView view)
    {
        var program = view.Invocation.Program.Value.Replace('\\', '/');
        return program.Contains('/') && view.Facts.Workspace is { } workspace
            && PathText.Of(program, workspace, view.Facts.Home).IsUnder(PathText.Of(workspace, null, view.Facts.Home));
    }

    private static readonly HashSet<string> Runners = Words("dotnet npx bunx pnpm pnpx yarn npm node bun uvx pipx");

    private static bool StartsUs(CommandView view) => view.Operands.Any(word =>
    {
        var name = LastName(word.Value.Replace('\\', '/'));
        return name.Equals("editorbridge", StringComparison.OrdinalIgnoreCase) || name.Equals("editorbridge.dll", StringComparison.OrdinalIgnoreCase) || name.Equals("editorbridge.exe", StringComparison.OrdinalIgnoreCase)
            || (view.Name == "dotnet" && view.Operand(0) is "run" or "exec" or "watch" && word.Value.Contains("EditorBridge.Server", StringComparison.OrdinalIgnoreCase));
    });

    private static readonly SearchValues<char> PatternSigns = SearchValues.Create("*+?[(|.^$");

    /// <summary>A pattern of pkill and its kin that would find the host.</summary>
    private static bool MatchesUs(string pattern)
    {
        if (!pattern.AsSpan().ContainsAny(PatternSigns)) return false;
        try
        {
            return Regex.IsMatch("editorbridge serve", pattern, RegexOptions.NonBacktracking) || Regex.IsMatch("editorbridge", pattern, RegexOptions.NonBacktracking);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return true;
        }
    }

    private static IEnumerable<string> TextsOf(CommandView view) =>
        view.Arguments.Concat(view.Invocation.Command.Redirections.Select(redirection => redirection.Body?.Value ?? ""));

    private static ShellFinding[] OfSelf(CommandView view)
    {
        var first = (Runners.Contains(view.Name) ? view.Arguments.SkipWhile(argument => !MentionsUs(argument)).Skip(1).FirstOrDefault(argument => argument != "--") : view.Arguments.FirstOrDefault()) ?? "";
        if (OwnReading.Contains(first) || view.Has("--help", "--version") || (first == "policy" && view.Operand(1) is "check" or "test" or "explain"))
            return [new(ShellIds.SelfRead, "Runs a reading command of EditorBridge.")];
        return [new(ShellIds.Self, "Runs a command of EditorBridge that an agent may not run.")];
    }

    private static ShellFinding[] OfDelete(CommandView view)
    {
        var recursive = view.HasLetter('r') || view.HasLetter('R') || view.Has("--recursive");
        var targets = view.Operands.Select(word => word.Value).ToArray();
        if (recursive && targets.Any(target => EverythingPath().IsMatch(target))) return [new(ShellIds.DeleteAll, "Deletes everything below the root or the home folder.")];
        if (view.IsDynamic) return [new(ShellIds.Delete, "Deletes files whose names are known only when the command runs.")];
        if (view.Name == "rmdir") return [];
        var ordinary = targets.All(target => IsBuildOutput(target) || (!recursive && IsOwnFile(view, target)));
        return ordinary ? [] : [new(ShellIds.Delete, recursive ? "Deletes folders with all that is in them." : "Deletes files outside the workspace or by a pattern.")];
    }

    private static bool IsBuildOutput(string target)
    {
        var path = target.TrimEnd('/');
        if (path.StartsWith("/tmp/", StringComparison.Ordinal) && !path.Contains("..", StringComparison.Ordinal)) return true;
        if (path.StartsWith('/') || path.StartsWith('~') || path.Contains("..", StringComparison.Ordinal)) return false;
        var name = path[(path.LastIndexOf('/') + 1)..];
        return BuildFolders.Contains(name) || (name.StartsWith('*') && BuildFolders.Contains(name));
    }

    private static bool IsOwnFile(CommandView view, string target) =>
        target.AsSpan().IndexOfAny("*?[{") < 0 && view.Facts.Workspace is { } workspace
        && PathText.Of(target, workspace, view.Facts.Home).IsUnder(PathText.Of(workspace, null, view.Facts.Home));

    private static ShellFinding[] OfGit(CommandView view)
    {
        var command = GitCommand(view, out var configured);
        if (configured is not null && SensitiveGitKey().IsMatch(configured)) return [new(ShellIds.GitConfig, "Sets a git option that can start programs.")];
        var rest = view.Operands.Select(word => word.Value).SkipWhile(word => word != command).Skip(1).ToArray();
        return command switch
        {
            "push" => [new(ShellIds.Publish, "Sends commits to another repository.")],
            "send-email" or "request-pull" => [new(ShellIds.Publish, "Sends commits out of the machine.")],
            "clean" when !view.HasLetter('n') && !view.Has("--dry-run") => [new(ShellIds.Delete, "Deletes files git does not track.")],
            "reset" when view.Has("--hard", "--merge") => [new(ShellIds.History, "Throws away changes that are not committed.")],
            "checkout" or "restore" when rest.Contains(".") || view.Has("-f", "--force") => [new(ShellIds.History, "Throws away changes that are not committed.")],
            "stash" when rest.FirstOrDefault() is "drop" or "clear" => [new(ShellIds.History, "Throws away stashed changes.")],
            "branch" when view.Has("-D") => [new(ShellIds.History, "Deletes a branch that may hold unmerged work.")],
            "rebase" or "filter-branch" or "filter-repo" or "replace" or "reflog" or "gc" when command != "reflog" || rest.FirstOrDefault() is "expire" or "delete" =>
                command is "gc" ? [] : [new(ShellIds.History, "Rewrites history.")],
            "config" when IsGitConfigWrite(view, rest) => [new(ShellIds.GitConfig, "Sets a git option that can start programs or changes where git connects to.")],
            "remote" when rest.FirstOrDefault() is "add" or "set-url" => [new(ShellIds.GitConfig, "Changes where git connects to.")],
            "submodule" when rest.FirstOrDefault() is "foreach" => [new(ShellIds.Unreadable, "Runs a command in every submodule.")],
            "bisect" when rest.FirstOrDefault() == "run" => [new(ShellIds.Unreadable, "Runs a command at every step.")],
            "credential" or "credential-store" or "credential-cache" => [new(ShellIds.Secrets, "Works with stored credentials.")],
            "daemon" or "instaweb" => [new(ShellIds.Remote, "Opens the repository to the network.")],
            _ => [],
        };
    }

    /// <summary>git's own command, after its global options; and what <c>-c</c> sets.</summary>
    private static string GitCommand(CommandView view, out string? configured)
    {
        configured = null;
        for (var at = 0; at < view.Arguments.Length; at++)
        {
            var argument = view.Arguments[at];
            if (argument is "-c" or "--config-env")
            {
                configured = string.Concat(configured, " ", at + 1 < view.Arguments.Length ? view.Arguments[++at] : "");
            }
            else if (argument is "-C" or "--git-dir" or "--work-tree" or "--namespace" or "--exec-path")
            {
                at++;
            }
            else if (!argument.StartsWith('-'))
            {
                return argument;
            }
        }
        return "";
    }

    private static bool IsGitConfigWrite(CommandView view, string[] rest)
    {
        if (view.Has("--get", "--get-all", "--list", "-l", "--get-regexp", "--show-origin") || rest.FirstOrDefault() is "get" or "list") return false;
        var key = rest.FirstOrDefault(word => word.Contains('.')) ?? "";
        return rest.Length > 1 && SensitiveGitKey().IsMatch(key);
    }

    private static ShellFinding[] OfPackages(CommandView view)
    {
        var first = view.Operand(0);
        if (first is "publish" or "upload" or "deploy" or "unpublish" || (first == "nuget" && view.Operand(1) == "push") || (view.Name is "nuget" or "gem" && first == "push"))
            return [new(ShellIds.Publish, "Publishes a package.")];
        if (first is "login" or "adduser" or "token" or "signin") return [new(ShellIds.Secrets, "Signs in to a registry.")];
        if (first is "config" && view.Operand(1) is "set" && view.Arguments.Any(argument => argument.Contains("registry", StringComparison.OrdinalIgnoreCase) || argument.Contains("script-shell", StringComparison.Ordinal)))
            return [new(ShellIds.Environment, "Changes where packages come from.")];
        return [];
    }

    private static ShellFinding[] OfTransfer(CommandView view)
    {
        var sends = view.Has("-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--json", "-F", "--form", "--form-string", "-T", "--upload-file", "--post-data", "--post-file", "--body-data", "--body-file", "--method")
            || view.Arguments.Any(argument => argument.Length > 2 && (argument.StartsWith("-d", StringComparison.Ordinal) || argument.StartsWith("-F", StringComparison.Ordinal) || argument.StartsWith("-T", StringComparison.Ordinal)) && argument[1] != '-')
            || view.ValueOf("-X", "--request") is { } method && method.ToUpperInvariant() is not ("GET" or "HEAD" or "OPTIONS")
            || view.Arguments.Any(argument => argument.Length > 2 && argument.StartsWith("-X", StringComparison.Ordinal) && argument[2..] is not ("GET" or "HEAD"));
        var local = view.Operands.Length > 0 && view.Operands.All(word => !word.Value.Contains("://", StringComparison.Ordinal) || LocalUrl().IsMatch(word.Value)) && view.Operands.Any(word => LocalUrl().IsMatch(word.Value));
        if (view.Has("-K", "--config", "-i", "--input-file") && view.Name is "curl" && view.Has("-K", "--config")) return [new(ShellIds.Upload, "Takes its options from a file.")];
        if (local) return [];
        if (sends) return [new(ShellIds.Upload, "Sends data to another machine.")];
        if (view.IsDynamic) return [new(ShellIds.Upload, "Asks another machine for an address put together when the command runs, which can carry data.")];
        return [];
    }

    private static ShellFinding[] OfSnow(CommandView view)
    {
        var group = view.Operand(0);
        var command = view.Operand(1);
        if (group is "" or "sql" or "--help" || view.Has("--help", "--version")) return [];
        var reads = command is "list" or "describe" or "status" or "test" or "logs" or "get-logs" or "show" or "validate" or "dry-run" or "plan"
            || (group == "helpers") || (group == "object" && command is "list" or "describe") || (group == "init");
        if (group == "connection" && command is "generate-jwt" or "add") return [new(ShellIds.Secrets, "Works with the credentials of a connection.")];
        return reads ? [] : [new(ShellIds.Snowflake, "Changes something in the Snowflake account, or moves files into or out of it.")];
    }

    private static ShellFinding[] OfSnowSql(CommandView view) =>
        view.Has("-o", "--option", "--variable-substitution") && view.Arguments.Any(argument => argument.Contains("output_file", StringComparison.OrdinalIgnoreCase))
            ? [new(ShellIds.Snowflake, "Writes query results to a file.")]
            : [];

    private static ShellFinding[] OfDbt(CommandView view)
    {
        if (view.Operands.Length == 0 || view.Has("--help", "--version", "-h")) return [];
        var command = view.Operands.Select(word => word.Value).FirstOrDefault(DbtCommands.Contains) ?? "";
        return command switch
        {
            "compile" or "parse" or "ls" or "list" or "deps" or "debug" or "docs" or "test" or "source" or "clean" or "init" or "lint" or "format" or "audit" or "render" or "info" => [],
            "run-operation" => [new(ShellIds.SqlRun, "Runs a macro, which can run any SQL.")],
            "" => [new(ShellIds.UnknownProgram, $"This command of {view.Name} is not known.")],
            _ => [new(ShellIds.SqlRun, "Builds tables and views in the account from the project's models.")],
        };
    }

    private static readonly HashSet<string> DbtCommands = Words(
        "compile parse ls list deps debug docs test source clean init lint format audit render info run build seed snapshot run-operation show clone retry plan apply migrate invalidate");

    private static bool IsListing(CommandView view) => view.Name switch
    {
        "env" or "printenv" => view.Operands.Length == 0 || view.Operands.All(word => CredentialName().IsMatch(word.Value)),
        "set" => view.Arguments.Length == 0,
        _ => view.Operands.Length == 0,
    };

    private static ShellFinding[] OfExport(CommandView view) =>
        view.Operands.Any(word => word.Value.IndexOf('=') is var equals and > 0 && IsSensitiveVariable(word.Value[..equals]))
            ? [new(ShellIds.Environment, "Changes where programs connect to or what they load.")]
            : [];

    private static ShellFinding[] OfChmod(CommandView view) =>
        view.Operand(0) is var mode && (mode.Contains('s') || (mode.Length == 4 && mode[0] is >= '2' and <= '7'))
            ? [new(ShellIds.Privilege, "Lets others run a program with the owner's rights.")]
            : [];

    private static ShellFinding[] OfShell(CommandView view)
    {
        if (view.Has("--version", "--help")) return [];
        if (view.Operands.Length > 0 && view.Operand(0) != "-" && !view.Has("-s")) return OfScript(view);
        return [new(ShellIds.PipeToInterpreter, "A shell runs whatever it is given as input.")];
    }

    private static ShellFinding[] OfInterpreter(CommandView view)
    {
        var code = view.Name is "python" or "python2" or "python3" or "py" or "ipython" or "pwsh" or "powershell" ? view.ValueOf("-c", "-Command", "-EncodedCommand")
            : view.Name is "node" or "deno" or "bun" or "perl" or "ruby" or "php" or "lua" or "Rscript" or "julia" or "elixir" or "tsx" or "ts-node" or "osascript"
                ? view.ValueOf("-e", "-E", "-r", "-p", "-pe", "-ne", "--eval", "--print", "-ane", "-lane", "-pi", "-i") ?? view.Arguments.SkipWhile(argument => argument != "eval").Skip(1).FirstOrDefault()
                : null;
        if (code is null)
        {
            var document = view.Invocation.Command.Redirections.LastOrDefault(redirection => redirection.Operator is "<<" or "<<<");
            if (document is not null && view.Operands.All(word => word.Value == "-")) code = document.Body?.Value ?? document.Target.Value;
            else if (view.ReadsPipe && view.Operands.All(word => word.Value == "-") && view.Arguments.All(argument => argument is "-" or "-u" or "-s"))
                return [new(ShellIds.PipeToInterpreter, $"'{view.Name}' runs whatever it is given as input.")];
        }
        if (code is null) return OfScript(view);
        var joined = string.Join('\n', view.Arguments.Append(code));
        return RiskyCode.Any(risky => joined.Contains(risky, StringComparison.OrdinalIgnoreCase))
            ? [new(ShellIds.InlineCode, "Code in the command starts programs, uses the network or credentials, or deletes files.")]
            : [];
    }

    /// <summary>A script file was written under the same gate; a script that another program makes was not.</summary>
    private static ShellFinding[] OfScript(CommandView view)
    {
        if (view.Operands.Length == 0 || !view.Operands[0].Dynamic) return [];
        return view.Operands[0].Parts.Any(part => part.Kind == ShellPartKind.Substitution)
            ? [new(ShellIds.PipeToInterpreter, "Runs text that another program makes.")]
            : [new(ShellIds.DynamicProgram, "Which script runs is known only when the command runs.")];
    }

    private static bool MentionsUs(string text) => text.Contains("editorbridge", StringComparison.OrdinalIgnoreCase) || text.Contains("EditorBridge", StringComparison.Ordinal);

    [GeneratedRegex(@"(?:^|\n)\s*\.(?:shell|system|output|once|excel|load|save|backup|dump|log|read|import)\b", RegexOptions.NonBacktracking)]
    private static partial Regex DatabaseShell();

    [GeneratedRegex(@">\s*""", RegexOptions.NonBacktracking)]
    private static partial Regex AwkWrites();

    [GeneratedRegex(@"^(?:[\w.-]+@)?[\w.-]{2,}:", RegexOptions.NonBacktracking)]
    private static partial Regex RemotePath();

    [GeneratedRegex(@"^(?:/|/\*|~|~/|~/\*|\$HOME/?\*?|\$\{HOME\}/?\*?|/(?:home|Users|etc|usr|var|bin|lib|opt|root|boot)/?\*?|[a-zA-Z]:[/\\]*\*?|\.\./?|\.\./\*)$", RegexOptions.NonBacktracking)]
    private static partial Regex EverythingPath();

    [GeneratedRegex(@"(?:^|\s)(?:core\.(?:hookspath|sshcommand|pager|editor|fsmonitor|askpass|gitproxy|attributesfile|worktree)|alias\.|credential|url\.|http\.|remote\.|include|diff\.external|diff\.[^.]+\.(?:command|textconv)|filter\.|merge\.[^.]+\.driver|gpg\.|sequence\.editor|protocol\.|init\.templatedir|uploadpack|receive\.)", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex SensitiveGitKey();

    [GeneratedRegex(@"^(?:https?://)?(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?#]|$)", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex LocalUrl();

    [GeneratedRegex("(?i)(?:TOKEN|SECRET|PASSWORD|PASSPHRASE|PWD|API_?KEY|CREDENTIAL|PRIVATE)", RegexOptions.NonBacktracking)]
    private static partial Regex CredentialName();

    [GeneratedRegex(@"(?:^|[;}/0-9$!]\s*)[eEwW](?:\s|$)|/[gpiImM0-9]*[ew][gpiImM0-9]*(?:\s|$)", RegexOptions.NonBacktracking)]
    private static partial Regex SedRuns();

    [GeneratedRegex(@"^(?:python|pip|node|ruby|php|perl|lua|gcc|g\+\+|clang|clang\+\+|java|go)-?\d[\d.]*$", RegexOptions.NonBacktracking)]
    private static partial Regex VersionedName();
}
