using System.Reflection;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal.Security;

/// <summary>
/// What a circuit can ask for beyond lists and counts, each with the right it needs, tried by every role. A page that offers no button is no protection:
/// the call itself asks.
/// </summary>
public sealed class CircuitCallTests
{
    private static readonly Dictionary<string, PortalRight> Rights = new()
    {
        ["HostConnection.GiveVerdictAsync"] = PortalRight.GiveVerdict,
        ["HostConnection.RevokeAsync"] = PortalRight.GiveVerdict,
        ["HostConnection.DecidePinsAsync"] = PortalRight.GiveVerdict,
        ["HostConnection.MakeEvidenceAsync"] = PortalRight.Export,
        ["HostConnection.CompareAsync"] = PortalRight.VerifyLedger,
        ["HostConnection.SimulateAsync"] = PortalRight.TryPolicy,
        ["HostConnection.LookAtAccountAsync"] = PortalRight.ReadSettings,
        ["LedgerWindow.ChangesAsync"] = PortalRight.ReadChanges,
        ["LedgerWindow.ReachAsync"] = PortalRight.ReadChanges,
        ["LedgerWindow.RevealAsync"] = PortalRight.RevealPayload,
        ["LedgerCheck.StartAsync"] = PortalRight.VerifyLedger,
        ["LedgerCheck.Stop"] = PortalRight.VerifyLedger,
        ["AccountComparison.Start"] = PortalRight.VerifyLedger,
    };

    /// <summary>They write down who looked; whoever may look is recorded.</summary>
    private static readonly string[] Recording = ["AccessRecorder.TryNoteAsync", "AccessRecorder.RecordAsync"];

    private static IEnumerable<MethodInfo> AskingCalls => typeof(Viewer).Assembly.GetTypes()
        .Where(type => type.Namespace is "EditorBridge.Portal.Host" or "EditorBridge.Portal.Reading")
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
        .Where(method => !method.IsPrivate && method.GetParameters() is [{ ParameterType: var first }, ..] && first == typeof(Viewer));

    [Fact]
    public void Every_call_that_takes_a_viewer_stands_in_the_table() =>
        Assert.Equal(Rights.Keys.Concat(Recording).Order(StringComparer.Ordinal), AskingCalls.Select(NameOf).Order(StringComparer.Ordinal));

    [Fact]
    public void What_posts_to_the_host_takes_a_viewer()
    {
        // An access entry carries its viewer inside; a look at what the host knows changes nothing.
        string[] without = ["RecordAsync", "ProbeAsync", "GrantsAsync", "PinsAsync", "BudgetsAsync", "AccountAsync", "PolicyAsync"];
        var calls = typeof(HostConnection).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => method.GetParameters() is not [{ ParameterType: var first }, ..] || first != typeof(Viewer)).Select(method => method.Name);
        Assert.Equal(without.Order(StringComparer.Ordinal), calls.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(PortalRole.Developer)]
    [InlineData(PortalRole.Approver)]
    [InlineData(PortalRole.Auditor)]
    [InlineData(PortalRole.PolicyAdmin)]
    [InlineData(PortalRole.SystemAdmin)]
    public async Task A_role_without_the_right_is_refused_before_anything_is_read_or_sent(PortalRole role)
    {
        await using var ledger = SampleLedger.Create();
        await ledger.History.HeldAsync("s");
        // No host runs: a call that went out would fail otherwise than by being refused.
        await using var portal = new PortalContext(ledger, role.WireName());
        var viewer = new Viewer("x", [role]);
        var story = await portal.Services.GetRequiredService<LedgerWindow>().StoryAsync("act-000001", CancellationToken.None);
        foreach (var call in AskingCalls.Where(call => Rights.TryGetValue(NameOf(call), out var right) && !role.Allows(right)))
        {
            var refused = await Assert.ThrowsAsync<NotAllowedException>(() => AskAsync(portal.Services, call, viewer, story!));
            Assert.Contains("Nothing was read or changed", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_pack_with_texts_needs_the_right_to_reveal_them() => Assert.All(
        Enum.GetValues<PortalRole>().Where(role => role.Allows(PortalRight.Export)), role => Assert.True(role.Allows(PortalRight.RevealPayload)));

    private static async Task AskAsync(IServiceProvider services, MethodInfo call, Viewer viewer, CallStory story)
    {
        var asked = services.GetRequiredService(call.DeclaringType!);
        object?[] arguments = [.. call.GetParameters().Select(parameter => Argument(parameter, viewer, story))];
        object? answer;
        try
        {
            answer = call.Invoke(asked, arguments);
        }
        catch (TargetInvocationException e) when (e.InnerException is NotAllowedException refused)
        {
            throw refused;
        }

        switch (answer)
        {
            case Task task: await task; break;
            case IAsyncEnumerable<ComparisonLine> lines: await foreach (var _ in lines) { } break;
        }
    }

    private static object? Argument(ParameterInfo parameter, Viewer viewer, CallStory story) => parameter.ParameterType switch
    {
        var type when type == typeof(Viewer) => viewer,
        var type when type == typeof(CallStory) => story,
        var type when type == typeof(AuditEntry) => story.Entries[0],
        var type when type == typeof(string) => "x",
        var type when type == typeof(IEnumerable<PinBody>) => Array.Empty<PinBody>(),
        var type when type == typeof(ComparisonBody) => new ComparisonBody(default, default, "x", "portal", null, false, null, []),
        var type when type == typeof(SimulateBody) => new SimulateBody("user", "", default, default),
        var type => type.IsValueType ? Activator.CreateInstance(type) : null,
    };

    private static string NameOf(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";
}
