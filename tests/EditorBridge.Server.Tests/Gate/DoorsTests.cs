using System.Reflection;
using EditorBridge.Accounts;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Hooks;
using EditorBridge.Ide;
using EditorBridge.Mcp;
using EditorBridge.Policy;
using EditorBridge.Proxy;
using EditorBridge.Server.Tests.Accounts;
using EditorBridge.Server.Tests.Editor;
using EditorBridge.Server.Tests.Hosting;
using EditorBridge.Server.Tests.Ide;
using EditorBridge.Server.Tests.Mcp;
using EditorBridge.Server.Tests.Proxy;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>
/// Every door ends in the gate. The doors are found in the compiled code, so a new one without a proof here fails; the proofs are tests that see the gate hold and refuse.
/// </summary>
public sealed class DoorsTests
{
    // A caller of ActionGate.AdmitAsync, the door it is, and the test that proves that what comes in there is held.
    private static readonly (Type Caller, Door Door, Type Test, string Name)[] Proofs =
    [
        (typeof(ClaudeHookEndpoint), Door.Hook, typeof(HostTests), nameof(HostTests.Edit_by_a_reviewer_reaches_the_hook_as_a_new_input_and_is_told)),
        (typeof(StreamGate), Door.Stream, typeof(StreamGateTests), nameof(StreamGateTests.Rejected_tool_becomes_text_and_the_turn_ends)),
        (typeof(StreamGate), Door.Stream, typeof(HostTests), nameof(HostTests.Whole_answer_is_held_like_a_stream)),
        (typeof(ClientAdmissions), Door.Mcp, typeof(HostTests), nameof(HostTests.Mcp_statement_that_changes_data_waits_and_a_rejection_is_a_result)),
        (typeof(ClientAdmissions), Door.Mcp, typeof(UpstreamGateTests), nameof(UpstreamGateTests.Upstream_call_waits_for_a_person_and_runs_only_when_approved)),
        (typeof(WindowReviews), Door.Editor, typeof(WindowReviewsTests), nameof(WindowReviewsTests.Review_a_person_asks_for_is_held_and_its_end_is_told_and_recorded)),
        (typeof(RoleSetup), Door.Editor, typeof(RoleSetupTests), nameof(RoleSetupTests.Script_runs_after_one_review_and_not_without_it)),
        (typeof(IdeDiffs), Door.OpenDiff, typeof(IdeDoorTests), nameof(IdeDoorTests.Diff_is_answered_from_the_review)),
    ];

    [Fact]
    public void Doors_that_call_the_gate_are_the_ones_with_a_proof() =>
        Assert.Equal(Proofs.Select(proof => proof.Caller.FullName).Distinct().Order(), CallersOfTheGate().Select(type => type.FullName).Order());

    [Fact]
    public void Each_door_has_a_proof() =>
        Assert.Equal(Enum.GetValues<Door>().Order(), Proofs.Select(proof => proof.Door).Distinct().Order());

    [Fact]
    public void Each_proof_is_a_test() => Assert.All(Proofs, proof =>
        Assert.True(proof.Test.GetMethod(proof.Name)?.GetCustomAttributes().Any(attribute => attribute is FactAttribute) == true, $"{proof.Test.Name}.{proof.Name} is not a test."));

    private static IEnumerable<Type> CallersOfTheGate()
    {
        var admit = typeof(ActionGate).GetMethod(nameof(ActionGate.AdmitAsync))!;
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return typeof(ActionGate).Assembly.GetTypes()
            .Where(type => type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)).Any(method => Calls(method, admit)))
            .Select(Outermost).Where(type => type != typeof(ActionGate)).Distinct();
    }

    // call and callvirt are one byte and the method's token; bytes that only look like one do not resolve to the gate.
    private static bool Calls(MethodBase method, MethodInfo wanted)
    {
        const byte Call = 0x28, CallVirtual = 0x6F;
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code) return false;
        for (var at = 0; at + 4 < code.Length; at++)
            if (code[at] is Call or CallVirtual && BitConverter.ToInt32(code, at + 1) == wanted.MetadataToken) return true;
        return false;
    }

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
