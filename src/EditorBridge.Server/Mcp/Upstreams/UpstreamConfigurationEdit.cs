using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Setup;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// Adds servers to the person's file and takes them out again, with the secret files that belong to them. Every other byte of the file stays;
/// what is written is read as the host would read it first, so a server that could not be used is not added.
/// </summary>
internal sealed class UpstreamConfigurationEdit(StateFolder state)
{
    private const string Servers = "mcpServers";

    private readonly string _file = UpstreamPlaces.User(state);

    /// <summary>Where a server's secret is kept that was typed in; the configuration refers to it.</summary>
    public string SecretFile(string server, string secret) => Path.Combine(SecretFolder(), $"{server}.{secret}");

    /// <summary>What the host would make of the configuration with this server in it.</summary>
    /// <exception cref="SetupException">The file cannot be read, or holds the server already and it is not to be replaced.</exception>
    /// <exception cref="UpstreamException">An administrator's file or a mistake stands in the way; nothing was written.</exception>
    public UpstreamSettings Check(string name, JsonObject server, bool replace)
    {
        var text = Read();
        if (!replace && JsonText.Find(text, [Servers, name]) is not null)
            throw new SetupException($"There is a server '{name}' in {_file} already. Nothing was changed. Replace it with --replace, or take it out with: editorbridge mcp remove {name}");
        var managed = UpstreamConfigurationFile.Read(UpstreamPlaces.Managed, managed: true, File.Exists(UpstreamPlaces.Managed) ? File.ReadAllText(UpstreamPlaces.Managed) : null);
        var read = UpstreamConfigurationFile.Join(managed, UpstreamConfigurationFile.Read(_file, managed: false, JsonText.Set(text, [Servers, name], server)));
        if (read.Servers.FirstOrDefault(s => s.Name == name && !s.Managed) is { } settings) return settings;
        var problems = read.Problems.Where(p => p.IsError && (p.Server == name || p.Server is null)).Select(p => p.Message);
        throw new UpstreamException($"This server could not be used, so it was not added: {string.Join(" ", problems)}");
    }

    /// <summary>Writes what was checked.</summary>
    /// <exception cref="SetupException">The file cannot be written; it is as it was.</exception>
    public void Add(string name, JsonObject server, IReadOnlyDictionary<string, string> secrets)
    {
        foreach (var (file, secret) in secrets) StateFolder.WritePrivate(file, secret + "\n");
        Write(JsonText.Set(Read(), [Servers, name], server));
    }

    /// <summary>Takes a server out, with its secrets. False when the file does not have it.</summary>
    /// <exception cref="SetupException">The file cannot be read or written; it is as it was.</exception>
    public bool Remove(string name)
    {
        var text = Read();
        if (JsonText.Find(text, [Servers, name]) is null) return false;
        Write(JsonText.Remove(text, [Servers, name]));
        foreach (var file in Directory.EnumerateFiles(SecretFolder(), name + ".*")) File.Delete(file);
        return true;
    }

    private string SecretFolder()
    {
        var folder = state.In("mcp-secrets");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private string Read()
    {
        try
        {
            var text = StateFolder.ReadPrivate(_file) ?? "";
            JsonText.Parse(text);
            return text;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{_file} cannot be read: {e.Message} Nothing was changed; mend the file and run the command again.");
        }
    }

    private void Write(string text)
    {
        try
        {
            StateFolder.WritePrivate(_file, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{_file} cannot be written: {e.Message} It is as it was.");
        }
    }
}
