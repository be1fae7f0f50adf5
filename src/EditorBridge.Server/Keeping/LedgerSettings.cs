using System.Text.Json;
using System.Text.Json.Serialization;
using EditorBridge.Hosting;
using EditorBridge.Ledger;

namespace EditorBridge.Keeping;

/// <summary>
/// What the ledger keeps and for how long: <c>ledger.json</c> of the state folder, or the administrator's file, which wins key by key.
/// A file that is wrong stops the start: a retention nobody reads is a false comfort.
/// </summary>
internal sealed record LedgerSettings
{
    private const int Longest = 36_500;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        NumberHandling = JsonNumberHandling.Strict,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter<ContentMode>(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>How much of the payload texts is kept.</summary>
    public ContentMode? Content { get; init; }

    /// <summary>Payload texts are dropped after this many days; null keeps them until somebody prunes. Entries are never dropped.</summary>
    public int? KeepPayloadDays { get; init; }

    /// <summary>Payload texts may not be dropped sooner than this, by schedule or by hand: the floor that a law or a contract sets.</summary>
    public int? KeepPayloadDaysAtLeast { get; init; }

    /// <summary>The administrator's file, beside the managed policy.</summary>
    public static string ManagedPath => Path.Combine(Path.GetDirectoryName(Policies.PolicyPlaces.Managed)!, "ledger.json");

    /// <exception cref="HostNotStartedException">A file is there and cannot be used.</exception>
    public static LedgerSettings Read(StateFolder state, string? managedPath = null)
    {
        var user = Parse(state.In("ledger.json"), StateFolder.ReadPrivate(state.In("ledger.json")));
        var path = managedPath ?? ManagedPath;
        var managed = Parse(path, File.Exists(path) ? File.ReadAllText(path) : null);
        var settings = new LedgerSettings
        {
            Content = managed.Content ?? user.Content,
            KeepPayloadDays = managed.KeepPayloadDays ?? user.KeepPayloadDays,
            KeepPayloadDaysAtLeast = managed.KeepPayloadDaysAtLeast ?? user.KeepPayloadDaysAtLeast,
        };
        if (settings is { KeepPayloadDays: { } days, KeepPayloadDaysAtLeast: { } least } && days < least)
            throw new HostNotStartedException($"keepPayloadDays is {days}, and keepPayloadDaysAtLeast asks for {least}. Raise the first in ledger.json. Nothing was started, and nothing was dropped.");
        return settings;
    }

    private static LedgerSettings Parse(string path, string? text)
    {
        if (text is null) return new LedgerSettings();
        try
        {
            var settings = JsonSerializer.Deserialize<LedgerSettings>(text, Format) ?? new LedgerSettings();
            if (settings.KeepPayloadDays is < 1 or > Longest || settings.KeepPayloadDaysAtLeast is < 1 or > Longest)
                throw new HostNotStartedException($"{path} cannot be used: days are a whole number from 1 to {Longest}. Nothing was started, and nothing was dropped.");
            return settings;
        }
        catch (JsonException e)
        {
            throw new HostNotStartedException($"{path} cannot be used: {e.Message} Its keys are content (full, digestsOnly or none), keepPayloadDays and keepPayloadDaysAtLeast. Nothing was started.");
        }
    }
}
