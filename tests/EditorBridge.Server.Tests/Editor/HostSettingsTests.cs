using System.CommandLine;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EditorBridge.Cli;
using EditorBridge.Hosting;

namespace EditorBridge.Server.Tests.Editor;

/// <summary>What an editor's settings say about a host, and what the host understands.</summary>
public sealed partial class HostSettingsTests
{
    [Fact]
    public void Settings_of_the_extension_are_the_hosts_options_with_their_descriptions_values_and_bounds()
    {
        var options = new HostSettings();
        var settings = Settings();
        Assert.Equal(options.All.Select(option => option.Name).Order(), settings.Keys.Select(OptionOf).Order());
        foreach (var option in options.All)
        {
            var setting = settings.Single(each => OptionOf(each.Key) == option.Name).Value;
            Assert.StartsWith(option.Description, (string)setting["description"]!, StringComparison.Ordinal);
            var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
            Assert.Equal(type == typeof(bool) ? "boolean" : type == typeof(int) ? "integer" : "string", (string)setting["type"]!);
            if (type.IsEnum) Assert.Equal(Enum.GetNames(type), setting["enum"]!.AsArray().Select(name => (string)name!));
        }

        Assert.Equal(ServeOptions.DefaultPort, (int)settings["port"]["default"]!);
        Assert.Equal(nameof(UpstreamPath.Rest), (string)settings["upstream"]["default"]!);
        Assert.Equal((HostSettings.ShortestReview, HostSettings.LongestReview), ((int)settings["reviewSeconds"]["minimum"]!, (int)settings["reviewSeconds"]["maximum"]!));
        Assert.Equal(HostSettings.LongestReview, (int)settings["reviewSeconds"]["default"]!);
    }

    [Theory]
    [InlineData("", "--port 4100", "--port 4100")]
    [InlineData("--port 4000 --eu-only --account a", "", "--port 4000 --eu-only --account a")]
    [InlineData("--port 4000 --eu-only --portal-url u", "--port 4100", "--eu-only --portal-url u --port 4100")]
    [InlineData("--port 4000 --sandbox http://127.0.0.1:1 --pat-file f", "--account a", "--port 4000 --account a")]
    [InlineData("--port 4000 --pat-from-editor --account a", "--eu-only", "--port 4000 --pat-from-editor --account a --eu-only")]
    public void Options_said_now_stand_over_those_of_the_last_host(string last, string said, string together) =>
        Assert.Equal(Words(together), HostSettings.Over(Words(last), Words(said)));

    [Theory]
    [InlineData("--port 4100 --eu-only --review-seconds 60", "--port 4100 --eu-only --review-seconds 60")]
    [InlineData("", "")]
    public void Arguments_are_what_was_said_and_no_defaults(string line, string arguments)
    {
        var options = new HostSettings();
        var command = new Command("editor");
        foreach (var option in options.All) command.Add(option);
        Assert.Equal(Words(arguments), options.Arguments(command.Parse(Words(line))));
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string OptionOf(string setting) => "--" + Capital().Replace(setting, letter => "-" + letter.Value.ToLowerInvariant());

    private static Dictionary<string, JsonNode> Settings()
    {
        const string Section = "editorbridge.host.";
        var properties = JsonNode.Parse(File.ReadAllText(Manifest()))!["contributes"]!["configuration"]!["properties"]!.AsObject();
        return properties.Where(property => property.Key.StartsWith(Section, StringComparison.Ordinal)).ToDictionary(property => property.Key[Section.Length..], property => property.Value!);
    }

    private static string Manifest()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "extension", "package.json");
            if (File.Exists(file)) return file;
        }

        throw new FileNotFoundException("extension/package.json was not found above the test's folder.");
    }

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();
}
