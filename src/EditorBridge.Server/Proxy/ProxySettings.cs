using System.Text.Json;
using System.Text.Json.Serialization;
using EditorBridge.Hosting;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>What the proxy needs to know beside the account itself.</summary>
/// <param name="Legacy">Everything goes through Snowflake's older <c>inference:complete</c>.</param>
/// <param name="ByGateway">Everything goes through the Cortex AI Gateway, which groups its traces by headers of its own.</param>
internal sealed record ProxySettings(SanitizerRules Rules, bool IsSandbox, bool Legacy = false, bool ByGateway = false)
{
    /// <summary>How each client is kept waiting while a person decides.</summary>
    public IReadOnlyDictionary<string, KeepAliveForm> KeepAlive { get; init; } = KeepAliveProfiles.Default;
}

/// <summary>
/// The user's own settings of the proxy, in <c>proxy.json</c> of the state folder: what to do with what the account cannot take, the
/// betas that may pass, the table of model names, and how clients are kept waiting. A file that is wrong stops the start: a setting nobody reads is a false comfort.
/// </summary>
internal sealed record ProxySettingsFile
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter<UnsupportedPart>(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new JsonStringEnumConverter<KeepAliveForm>(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Tools that run at the provider: <c>refuse</c> or <c>remove</c>.</summary>
    public UnsupportedPart? ServerTools { get; init; }
    public UnsupportedPart? McpServers { get; init; }
    public UnsupportedPart? Documents { get; init; }
    public UnsupportedPart? RemoteImages { get; init; }

    /// <summary>Stands for the shipped list.</summary>
    public string[]? AllowedBetas { get; init; }

    /// <summary>Adds to the shipped table, and replaces what has the same name.</summary>
    public Dictionary<string, string>? ModelAliases { get; init; }

    /// <summary>How a client is kept waiting while a person decides, by its program's name; <c>*</c> stands for any other.</summary>
    public Dictionary<string, KeepAliveForm>? KeepAlive { get; init; }

    /// <exception cref="HostNotStartedException">The file is there and cannot be used.</exception>
    public static ProxySettings Read(StateFolder state)
    {
        var path = state.In("proxy.json");
        try
        {
            var file = (StateFolder.ReadPrivate(path) is { } text ? JsonSerializer.Deserialize<ProxySettingsFile>(text, Format) : null) ?? new ProxySettingsFile();
            return new ProxySettings(file.Rules(SanitizerRules.Default), IsSandbox: false) { KeepAlive = KeepAliveProfiles.With(file.KeepAlive ?? []) };
        }
        catch (JsonException e)
        {
            throw new HostNotStartedException($"{path} cannot be used: {e.Message} Its keys are serverTools, mcpServers, documents, remoteImages (refuse or remove), allowedBetas, modelAliases and keepAlive (emptyText, ping or messageDelta for each client). Nothing was started.");
        }
    }

    private SanitizerRules Rules(SanitizerRules rules) => rules with
    {
        ServerTools = ServerTools ?? rules.ServerTools,
        McpServers = McpServers ?? rules.McpServers,
        Documents = Documents ?? rules.Documents,
        RemoteImages = RemoteImages ?? rules.RemoteImages,
        AllowedBetas = AllowedBetas is { } betas ? System.Collections.Frozen.FrozenSet.ToFrozenSet(betas, StringComparer.Ordinal) : rules.AllowedBetas,
        ModelAliases = ModelAliases is { } aliases ? rules.ModelAliases.Concat(aliases).GroupBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Last().Value) : rules.ModelAliases,
    };
}
