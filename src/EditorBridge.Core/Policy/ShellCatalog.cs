using System.Text.RegularExpressions;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>
/// What is known of programs that agents start. A program that is listed as ordinary has no finding; one that is not listed at all is
/// <see cref="ShellIds.UnknownProgram"/>. The lists are judgement, kept so that daily work runs without questions and what leaves the machine,
/// widens rights, destroys, or touches the guard itself does not.
/// </summary>
internal static partial class ShellCatalog
{
    /// <summary>Read or compute only; their operands are files that are read.</summary>
    private static readonly HashSet<string> Readers = Words(
        "ls ll la dir cat bat head tail less more grep egrep fgrep rg ag ack wc stat file diff cmp comm find fd fdfind tree du df sort uniq cut tr paste column jq yq xq " +
        "md5sum sha1sum sha256sum sha512sum shasum cksum od xxd hexdump strings nl tac rev fold expand realpath readlink basename dirname test [ [[ (( cd pushd popd " +
        "mktemp pwd dirs cloc tokei scc sqlfluff sqlfmt shellcheck hadolint yamllint jsonlint markdownlint vale which whereis type id whoami hostname uname date cal uptime " +
        "nproc free ps pgrep lsof top jobs locale tput tty getconf sysctl sw_vers lscpu lsblk arch nm ldd objdump readelf otool zcat zgrep gunzip-l look join bc expr factor numfmt " +
        "claude-md pygmentize glow csvlook csvstat");

    /// <summary>Have no operands that are files.</summary>
    private static readonly HashSet<string> Wordy = Words(
        "echo printf true false : exit return break continue shift wait sleep seq yes set unset export declare local readonly typeset alias unalias shopt trap ulimit umask " +
        "hash getopts read mapfile readarray let for case function select clear reset help man info tldr kill disown bg fg history times test-all");

    /// <summary>Create or change files without destroying others: every operand is written.</summary>
    private static readonly HashSet<string> Writers = Words("touch mkdir tee cp mv ln install rsync patch split csplit zip unzip tar gzip gunzip bzip2 xz zstd chmod dos2unix unix2dos");

    /// <summary>Builders, test runners, formatters and interpreters. What they run was written under the same gate.</summary>
    private static readonly HashSet<string> Development = Words(
        "npm pnpm yarn bun bunx npx node deno tsc tsx ts-node eslint prettier vitest jest mocha playwright vite webpack rollup esbuild next nuxt astro turbo nx lerna biome " +
        "python python2 python3 py pip pip3 pipx poetry uv uvx pdm hatch pipenv conda mamba pytest tox nox mypy pyright ruff black isort flake8 pylint coverage jupyter ipython streamlit virtualenv pre-commit " +
        "dotnet msbuild nuget csc fsi go gofmt golangci-lint cargo rustc rustfmt rustup clippy-driver java javac mvn mvnw gradle gradlew ant kotlinc scala sbt ruby gem bundle rake rspec rubocop " +
        "php composer perl lua luajit elixir mix erl iex ghc stack cabal swift xcodebuild clang clang++ clang-format gcc g++ cc c++ make cmake ninja meson bazel buck just task ctest " +
        "protoc buf sass less-css sqlite3 duckdb dbt sqlmesh awk gawk mawk sed xargs ed ex code open xdg-open act dune ocaml opam zig nim crystal dart flutter R Rscript julia mkdocs sphinx-build hugo jekyll " +
        "sh bash zsh dash ksh source . env time timeout nice nohup command builtin exec watch caffeinate");

    private static readonly HashSet<string> Interpreters = Words("python python2 python3 py node deno bun perl ruby php lua luajit Rscript julia ipython elixir sh bash zsh dash ksh ash fish source . tsx ts-node go osascript pwsh powershell");

    private static readonly HashSet<string> Shells = Words("sh bash zsh dash ksh ash fish");

    private static readonly HashSet<string> Remotes = Words(
        "ssh scp sftp ftp lftp nc ncat netcat socat telnet rclone aws az gcloud gsutil bq kubectl helm terraform tofu pulumi ansible ansible-playbook docker docker-compose podman nerdctl " +
        "doctl heroku vercel netlify flyctl fly wrangler firebase supabase databricks psql mysql mongosh redis-cli gh glab hub mail mailx sendmail mutt ngrok cloudflared tailscale openssl dig nslookup host ping traceroute");

    private static readonly HashSet<string> SystemTools = Words(
        "apt apt-get dpkg yum dnf rpm pacman apk zypper brew port snap flatpak choco winget scoop chown chgrp mount umount mkfs fdisk parted dd shred wipefs iptables nft ufw useradd userdel usermod " +
        "groupadd passwd chpasswd visudo setcap setfacl chattr insmod modprobe shutdown reboot halt poweroff init update-alternatives reg regedit netsh gdb strace ltrace ptrace nsenter unshare chroot");

    private static readonly HashSet<string> Persistence = Words("crontab at batch systemctl service launchctl schtasks sc update-rc.d loginctl");
    private static readonly HashSet<string> Agents = Words("claude codex aider gemini cursor-agent cursor copilot goose opencode cline amp cortex");
    private static readonly HashSet<string> CredentialTools = Words("security secret-tool keyctl pass op bw gpg gpg2 ssh-add ssh-keygen keytool cmdkey vault");

    /// <summary>Commands of EditorBridge that only read what they are given.</summary>
    private static readonly string[] OwnReading = ["sql", "--version", "--help", "-h", "-?", "help", "version", "doctor"];

    private static readonly HashSet<string> BuildFolders = Words(
        "node_modules dist build out target bin obj .venv venv __pycache__ .pytest_cache .mypy_cache .ruff_cache .tox .next .nuxt .turbo .cache .parcel-cache coverage htmlcov .nyc_output tmp temp logs dbt_packages dbt_modules TestResults artifacts publish .ipynb_checkpoints *.egg-info *.log *.pyc *.tmp *.tsbuildinfo");

    private static readonly string[] RiskyCode =
    [
        "os.system", "subprocess", "pty.", "popen", "exec(", "eval(", "compile(", "__import__", "importlib", "child_process", "execSync", "spawn", "socket", "urllib", "requests", "httpx", "aiohttp",
        "http.client", "http.request", "https.", "fetch(", "smtplib", "ftplib", "paramiko", "snowflake", "snowpark", "shutil.rmtree", "os.remove", "os.unlink", "rmSync", "unlink", "rmdir", "base64",
        "ctypes", "os.environ", "process.env", "getenv", "keyring", "system(", "backtick", "qx(", "`", "IO.popen", "Process.", "Net::", "open-uri", "LWP", "DBI",
        "write_text", "write_bytes", "writeFile", "createWriteStream", "File.write", "'w'", "\"w\"", "'a'", "\"a\"", "'wb'", "\"wb\"", "'w+'", "\"w+\"",
        ".claude", ".mcp.json", ".ssh", ".snowflake", ".snowsql", "connections.toml", "editorbridge", "EDITORBRIDGE", ".vscode", ".git/", "managed-settings", ".bashrc", ".zshrc", ".profile", "4000", "4080",
    ];

    public static bool RunsSql(ShellInvocation invocation) =>
        invocation.Name is "snowsql" or "snow"
        && (invocation.Name == "snowsql" || FirstOperand(invocation) == "sql")
        && !invocation.Arguments.Any(word => word.Value is "--help" or "-h" or "-?" or "--version" or "-v" or "--info" or "--upgrade");

    public static bool IsSensitiveVariable(string name) =>
        name.StartsWith("ANTHROPIC_", StringComparison.Ordinal) || name.StartsWith("CLAUDE_", StringComparison.Ordinal) || name.StartsWith("EDITORBRIDGE_", StringComparison.Ordinal)
        || name.StartsWith("LD_", StringComparison.Ordinal) || name.StartsWith("DYLD_", StringComparison.Ordinal)
        || name is "BASH_ENV" or "ENV" or "PROMPT_COMMAND" or "IFS" or "GIT_SSH" or "GIT_SSH_COMMAND" or "GIT_EXTERNAL_DIFF" or "GIT_PAGER" or "PAGER" or "EDITOR" or "VISUAL"
            or "HTTP_PROXY" or "HTTPS_PROXY" or "http_proxy" or "https_proxy" or "ALL_PROXY" or "NODE_EXTRA_CA_CERTS" or "SSL_CERT_FILE" or "PATH";

    /// <summary>Programs whose arguments and input are shown, searched or stored, never connected to or run.</summary>
    public static bool TreatsArgumentsAsText(CommandView view) =>
        view.Name is "git" or "sed" or "awk" || Wordy.Contains(view.Name) || Readers.Contains(view.Name) || Writers.Contains(view.Name);

    public static bool MentionsOwnPort(string text, IEnumerable<int> ports)
    {
        if (!text.Contains(':') && !text.Contains('/')) return false;
        foreach (Match match in LoopbackAddress().Matches(text))
            if (int.TryParse(match.Groups["port"].ValueSpan, out var port) && ports.Contains(port)) return true;
        return false;
    }

    /// <summary>Looks for who listens on one of our ports, as one does before killing it.</summary>
    public static bool LooksForOwnPort(ShellInvocation invocation, IEnumerable<int> ports) =>
        invocation.Name is "lsof" or "fuser" or "ss" or "netstat" or "npx" && invocation.Arguments.Any(word => ports.Any(port => word.Value.Contains(port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)));

    public static bool Kills(ShellInvocation invocation) =>
        invocation.Name is "kill" or "pkill" or "killall" or "taskkill" or "skill" or "fuser" || invocation.Arguments.Any(word => word.Value == "kill-port");

    /// <summary>The file a program fetches from another machine; null when it fetches none.</summary>
    public static string? FetchedFile(ShellInvocation invocation)
    {
        if (invocation.Name is not ("curl" or "wget")) return null;
        for (var at = 0; at + 1 < invocation.Arguments.Length; at++)
            if (invocation.Arguments[at].Value is "-o" or "--output" or "--output-document" || (invocation.Name == "wget" && invocation.Arguments[at].Value == "-O"))
                return LastName(invocation.Arguments[at + 1].Value);
        return invocation.Arguments.Where(word => !word.Value.StartsWith('-')).Select(word => LastName(word.Value)).LastOrDefault();
    }

    /// <summary>True when a program, or the script an interpreter is given, has this file's name.</summary>
    public static bool Starts(ShellInvocation invocation, string file) =>
        LastName(invocation.Program.Value) == file
        || (invocation.Name is { } name && Interpreters.Contains(name) && invocation.Arguments.FirstOrDefault(word => !word.Value.StartsWith('-')) is { } script && LastName(script.Value) == file);

    private static string LastName(string path) => path[(path.LastIndexOf('/') + 1)..];

    public static bool MentionsCredentialVariable(string text) => text.Contains('$') && CredentialVariable().IsMatch(text);

    /// <summary>What is remarkable about starting this program. Empty for ordinary work.</summary>
    public static IEnumerable<ShellFinding> Findings(CommandView view)
    {
        if (view.Invocation.Via.Any(via => via is "sudo" or "doas"))
            yield return new(ShellIds.Privilege, "Runs with the rights of another user.");
        foreach (var finding in OfProgram(view)) yield return finding;
        if (IsPortArgument(view)) yield return new(ShellIds.Self, "Connects to a port of EditorBridge.");
        if (view.Arguments.Any(argument => argument.StartsWith("/dev/tcp/", StringComparison.Ordinal) || argument.StartsWith("/dev/udp/", StringComparison.Ordinal)))
            yield return new(ShellIds.Remote, "Opens a network connection from the shell.");
    }

    /// <summary>The operands of a program that are files, with what happens to them; null where that is not known.</summary>
    public static IEnumerable<(ShellWord Word, PathAccess? Access)> Paths(CommandView view)
    {
        if (Wordy.Contains(view.Name) || view.IsFunction || view.Name is "editorbridge") yield break;
        var words = view.Invocation.Arguments.Where(word => !word.Value.StartsWith('-') || word.Value.Contains('=')).ToArray();
        for (var index = 0; index < words.Length; index++)
        {
            yield return (words[index], AccessOf(view, index, words.Length));
        }
    }

    private static PathAccess? AccessOf(CommandView view, int index, int count) => view.Name switch
    {
        "cp" or "rsync" or "install" => index == count - 1 || view.Has("-t", "--target-directory") ? PathAccess.Write : PathAccess.Read,
        "ln" => null,
        "tar" or "zip" or "unzip" => null,
        "sed" or "perl" => view.HasLetter('i') || view.Has("--in-place") ? PathAccess.Write : PathAccess.Read,
        "find" or "fd" or "fdfind" when view.Has("-delete") => PathAccess.Write,
        "git" => view.Operand(0) is "checkout" or "restore" or "rm" or "mv" or "clean" or "apply" or "stash" ? PathAccess.Write : PathAccess.Read,
        "rm" or "rmdir" or "unlink" or "truncate" => PathAccess.Write,
        "awk" or "gawk" or "mawk" or "dbt" or "snow" or "snowsql" => PathAccess.Read,
        "pytest" or "jest" or "vitest" or "mypy" or "ruff" or "eslint" or "tsc" => PathAccess.Read,
        var name when Readers.Contains(name) => PathAccess.Read,
        var name when Writers.Contains(name) => PathAccess.Write,
        var name when Interpreters.Contains(name) && index == 0 => PathAccess.Read,
        _ => null,
    };

    private static string FirstOperand(ShellInvocation invocation) => invocation.Arguments.FirstOrDefault(word => !word.Value.StartsWith('-'))?.Value ?? "";

    private static bool IsPortArgument(CommandView view) =>
        view.Name is "nc" or "ncat" or "netcat" or "telnet" or "socat" && view.Arguments.Any(argument => view.Facts.OwnPorts.Any(port => argument == port.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    private static HashSet<string> Words(string list) => new(list.Split(' ', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);

    [GeneratedRegex(@"(?:localhost|ip6-localhost|127(?:\.\d{1,3}){1,3}|0(?:\.0){0,3}|\[::1?\]|\[::ffff:127[^\]]*\]|2130706433|0x7f[0-9a-f]*|/dev/(?:tcp|udp)/[^/]+)[:/](?<port>\d{2,5})", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex LoopbackAddress();

    [GeneratedRegex(@"\$\{?(?:ANTHROPIC_(?:AUTH_TOKEN|API_KEY)|EDITORBRIDGE_\w+|SNOWFLAKE_(?:PASSWORD|TOKEN|PRIVATE_KEY\w*|PASSPHRASE)|SNOWSQL_PWD|PRIVATE_KEY_PASSPHRASE|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|GITHUB_TOKEN|GH_TOKEN|NPM_TOKEN|\w*_PAT)\b", RegexOptions.NonBacktracking)]
    private static partial Regex CredentialVariable();
}
