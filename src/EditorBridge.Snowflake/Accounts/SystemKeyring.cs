using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Snowflake;

/// <summary>Where secrets are kept: <c>EDITORBRIDGE_SECRETS</c>.</summary>
public enum SecretsChoice
{
    /// <summary>The operating system's store where there is one, files otherwise.</summary>
    Auto,
    /// <summary>The operating system's store or not at all.</summary>
    System,
    /// <summary>Files only: for machines without a desktop whose tools must not ask.</summary>
    File,
}

/// <summary>The operating system's store of secrets is there and does not answer: locked, without a session, or stopped.</summary>
public sealed class KeyringUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The operating system's own store of secrets. It holds one small key per folder of sign-ins, and the sign-ins are files encrypted with that key:
/// the stores differ in how much they hold at once (Windows' vault 2,560 bytes), and none of them is asked more than once per process.
/// </summary>
public abstract class SystemKeyring
{
    /// <summary>The variable that chooses: auto, system or file.</summary>
    public const string Variable = "EDITORBRIDGE_SECRETS";

    /// <summary>A person may have to type the password of their keyring.</summary>
    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>For people: <c>the keyring of your desktop session</c>, …</summary>
    public abstract string Description { get; }

    /// <summary>The key kept under a name, or null when there is none.</summary>
    /// <exception cref="KeyringUnavailableException">It cannot be said whether there is one.</exception>
    public abstract Task<string?> ReadAsync(string name, CancellationToken cancellationToken);

    /// <exception cref="KeyringUnavailableException">It was not kept.</exception>
    public abstract Task WriteAsync(string name, string key, CancellationToken cancellationToken);

    /// <summary>What <see cref="Variable"/> says.</summary>
    /// <exception cref="SignInException">It says something else.</exception>
    public static SecretsChoice Choice(IReadOnlyDictionary<string, string> environment)
    {
        var text = environment.GetValueOrDefault(Variable, "");
        return text.Length == 0 ? SecretsChoice.Auto
            : Enum.TryParse<SecretsChoice>(text, ignoreCase: true, out var choice) && Enum.IsDefined(choice) && !char.IsAsciiDigit(text[0]) ? choice
            : throw new SignInException($"{Variable} is '{text}'; it can be auto, system or file. Nothing was done.");
    }

    /// <summary>The store of the machine and session this process runs in; null when there is none.</summary>
    public static SystemKeyring? OfThisSession(IReadOnlyDictionary<string, string> environment)
    {
        if (OperatingSystem.IsWindows()) return new WindowsDataProtection();
        if (OperatingSystem.IsMacOS()) return new MacKeychain();
        return HasSessionBus(environment) && OnPath("secret-tool", environment) is { } tool ? new SecretServiceKeyring(tool) : null;
    }

    private static bool HasSessionBus(IReadOnlyDictionary<string, string> environment) =>
        environment.GetValueOrDefault("DBUS_SESSION_BUS_ADDRESS", "").Length > 0
        || (environment.GetValueOrDefault("XDG_RUNTIME_DIR", "") is { Length: > 0 } folder && File.Exists(Path.Combine(folder, "bus")));

    private static string? OnPath(string program, IReadOnlyDictionary<string, string> environment) =>
        environment.GetValueOrDefault("PATH", "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}

/// <summary>One call of a tool of the operating system. Only what may stand in a process list is an argument; the key goes through standard input.</summary>
internal sealed record KeyringCall(string Program, ImmutableArray<string> Arguments, string? Input);

/// <summary>Linux: the Secret Service (GNOME Keyring, KWallet, KeePassXC) by libsecret's <c>secret-tool</c>.</summary>
internal sealed class SecretServiceKeyring(string tool) : SystemKeyring
{
    public override string Description => "the keyring of your desktop session";

    public static KeyringCall Lookup(string tool, string name) => new(tool, ["lookup", "application", "editorbridge", "folder", name], null);

    // secret-tool takes standard input as it is, without a line end, when that is no terminal.
    public static KeyringCall Store(string tool, string name, string key) =>
        new(tool, ["store", "--label=EditorBridge: key of the sign-ins", "application", "editorbridge", "folder", name], key);

    public override async Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await KeyringTools.RunAsync(Lookup(tool, name), Patience, cancellationToken);
        // Without words it is not there; with words it could not be asked.
        return answer.ExitCode == 0 && answer.Output.Length > 0 ? answer.Output
            : answer.Error.Trim().Length == 0 ? null
            : throw KeyringTools.Failed(Description, answer);
    }

    public override async Task WriteAsync(string name, string key, CancellationToken cancellationToken)
    {
        var answer = await KeyringTools.RunAsync(Store(tool, name, key), Patience, cancellationToken);
        if (answer.ExitCode != 0) throw KeyringTools.Failed(Description, answer);
    }
}

/// <summary>macOS: the login keychain by <c>security</c>, whose commands are given on standard input because its arguments would show the key.</summary>
internal sealed class MacKeychain : SystemKeyring
{
    private const string Tool = "/usr/bin/security";

    /// <summary>errSecItemNotFound, as the tool's exit code gives it.</summary>
    private const int NotFound = 44;

    public override string Description => "your login keychain";

    public static KeyringCall Lookup(string name) => new(Tool, ["find-generic-password", "-s", "EditorBridge", "-a", name, "-w"], null);

    // Names and keys are hexadecimal or Base64: nothing in them ends a quoted word.
    public static KeyringCall Store(string name, string key) => new(Tool, ["-i"], $"add-generic-password -U -s \"EditorBridge\" -a \"{name}\" -w \"{key}\"\n");

    public override async Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await KeyringTools.RunAsync(Lookup(name), Patience, cancellationToken);
        return answer.ExitCode == 0 ? answer.Output.Trim() : answer.ExitCode == NotFound ? null : throw KeyringTools.Failed(Description, answer);
    }

    public override async Task WriteAsync(string name, string key, CancellationToken cancellationToken)
    {
        var answer = await KeyringTools.RunAsync(Store(name, key), Patience, cancellationToken);
        // In this mode the tool ends with 0 whatever happened inside.
        if (answer.ExitCode != 0 || await ReadAsync(name, cancellationToken) != key) throw KeyringTools.Failed(Description, answer);
    }
}

/// <summary>Windows: the Data Protection API encrypts the key for this user; the encrypted key is a file beside the sign-ins.</summary>
internal sealed class WindowsDataProtection : SystemKeyring
{
    public override string Description => "Windows' data protection for your user";

    public override Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows()) throw new PlatformNotSupportedException();
        try
        {
            var path = PathOf(name);
            return Task.FromResult(File.Exists(path) ? Encoding.UTF8.GetString(ProtectedData.Unprotect(File.ReadAllBytes(path), null, DataProtectionScope.CurrentUser)) : null);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new KeyringUnavailableException($"{Description} did not give the key: {exception.Message}", exception);
        }
    }

    public override Task WriteAsync(string name, string key, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows()) throw new PlatformNotSupportedException();
        try
        {
            var path = PathOf(name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, ProtectedData.Protect(Encoding.UTF8.GetBytes(key), null, DataProtectionScope.CurrentUser));
            return Task.CompletedTask;
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new KeyringUnavailableException($"{Description} did not keep the key: {exception.Message}", exception);
        }
    }

    private static string PathOf(string name) => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "EditorBridge", "keys", name);
}

internal static class KeyringTools
{
    /// <exception cref="KeyringUnavailableException">The tool could not be run.</exception>
    public static async Task<ProgramAnswer> RunAsync(KeyringCall call, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await ProgramRun.RunAsync(call.Program, call.Arguments, call.Input, patience, cancellationToken);
        }
        catch (ProgramRunException exception)
        {
            throw new KeyringUnavailableException(exception.Message, exception);
        }
    }

    public static KeyringUnavailableException Failed(string description, ProgramAnswer answer)
    {
        var said = answer.Error.Trim();
        return new($"{description} did not answer: {(said.Length == 0 ? $"exit code {answer.ExitCode}" : said.Length > 200 ? said[..200] : said)}");
    }
}
