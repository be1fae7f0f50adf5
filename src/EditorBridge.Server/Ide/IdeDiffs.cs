using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Policy;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Ide;

/// <summary>
/// The IDE protocol's door: a client that shows a change and waits is asking a person, so it goes to the gate and is answered from the review.
/// It is a surface, not the enforcement: the client asks in its terminal at the same time, and the first answer counts there. What policy wants held is held by the hook or the stream before.
/// </summary>
internal sealed class IdeDiffs(ActionGate gate, ReviewDesk desk, AdmittedCalls admitted, AgentSessions sessions, EditorWindow window)
{
    // More questions at once than a person can look at come from a client gone wrong.
    private const int MostOpen = 64;

    // It leaves out the last line end of a file it makes (measured: of 2.1.112 and 2.1.330 only the former does).
    private static readonly Version LastToDropALineEnd = new(2, 1, 112);

    private readonly ConcurrentDictionary<string, ActionRequest> _open = new(StringComparer.Ordinal);

    /// <summary>What became of a change: the text that may be written, or null when it may not.</summary>
    /// <param name="Reason">For logs and people; the protocol has no place for it.</param>
    public sealed record Answer(string? Text, string Reason);

    /// <summary>Asks about one change and waits.</summary>
    /// <param name="arguments">openDiff's own: the file's path and its whole new text.</param>
    /// <param name="takenBack">Fires when the client cancels its call: it was answered elsewhere.</param>
    /// <param name="connectionGone">Fires when the client is gone; the question then stays open.</param>
    /// <exception cref="OperationCanceledException">One of the two fired. Nothing was decided.</exception>
    public async Task<Answer> AskAsync(JsonElement arguments, Implementation? client, CancellationToken takenBack, CancellationToken connectionGone)
    {
        if (ToolInput.Text(arguments, "new_file_path") is not { } path || !Path.IsPathFullyQualified(path) || ToolInput.Text(arguments, "new_file_contents") is not { } proposed)
            return new(null, "A diff needs new_file_path, an absolute path, and new_file_contents. Nothing was asked.");
        if (_open.Count >= MostOpen) return new(null, $"{MostOpen} changes are open already. Nothing was asked.");
        var tab = ToolInput.Text(arguments, "tab_name") ?? path;
        var before = FileText.ReadOrNull(path);
        var text = WithLineEndsOf(before, proposed);
        if (CanonicalJson.TryCanonicalize(new JsonObject { ["file_path"] = path, ["content"] = text }.ToJsonString(), out var input, out var problem) is false)
            return new(null, $"The change has no canonical form ({problem}). Nothing was asked.");

        var call = admitted.CallThatWrites(path, text);
        var request = new ActionRequest
        {
            Door = Door.OpenDiff,
            Tool = "Write",
            Input = input!,
            SessionId = call?.SessionId,
            // The tab's name is new for each question, so a question can be found again to be taken back.
            ToolUseId = call?.ToolUseId ?? tab,
            Actor = call?.Actor ?? "agent:" + (client is null ? "ide" : $"{client.Name}/{client.Version}"),
            Workspace = call?.Workspace ?? window.Folders.FirstOrDefault(folder => ReviewRouting.IsWithin(path, folder)) ?? window.Folders.FirstOrDefault(),
            AsksPerson = true,
        };
        _open[tab] = request;
        using var back = takenBack.Register(() =>
        {
            if (!connectionGone.IsCancellationRequested) TakeBack(tab);
        });
        try
        {
            var admission = await gate.AdmitAsync(request, connectionGone);
            return admission.Kind switch
            {
                // The client's own text unchanged, which is how it knows that it was not changed.
                AdmissionKind.Released => new(AsWritten(before, proposed, client), admission.Reason),
                AdmissionKind.ReleasedEdited => new(AsWritten(before, ContentOf(admission), client), admission.Reason),
                _ => Rejected(path, request, admission),
            };
        }
        finally
        {
            _open.TryRemove(KeyValuePair.Create(tab, request));
        }
    }

    /// <summary>Takes back a question the client does not ask any more. False when there is none, or it is being decided right now.</summary>
    public bool TakeBack(string tab)
    {
        if (!_open.TryGetValue(tab, out var request)) return false;
        var digest = CanonicalJson.Digest(request.Input);
        var item = desk.Pending.FirstOrDefault(i => i.Door == Door.OpenDiff && i.ToolUseId == request.ToolUseId && i.InputDigest == digest);
        return item is not null && desk.Withdraw(item.Id);
    }

    public int TakeAllBack() => _open.Keys.Count(TakeBack);

    // The protocol has no place for a reason and ends the turn; the next prompt carries it to the model.
    private Answer Rejected(string path, ActionRequest request, Admission admission)
    {
        if (request.SessionId is { } session && admission.Person is not null) sessions.TellWithNextPrompt(session, $"{path}: {admission.Reason}");
        return new(null, admission.Reason);
    }

    // The client hands over every text with bare line feeds and writes the file's own line ends (measured on 2.1.112 and 2.1.330): a person compares the file with what it will be.
    private static string WithLineEndsOf(string? before, string text)
    {
        var inBefore = before?.AsSpan().Count('\n') ?? 0;
        return inBefore > 0 && before!.AsSpan().Count("\r\n") == inBefore && !text.Contains('\r', StringComparison.Ordinal) ? text.Replace("\n", "\r\n", StringComparison.Ordinal) : text;
    }

    private static string? AsWritten(string? before, string? text, Implementation? client) =>
        before is null && text is not null && text.EndsWith('\n') && Version.TryParse(client?.Version, out var version) && version <= LastToDropALineEnd ? text + "\n" : text;

    private static string? ContentOf(Admission admission)
    {
        using var released = JsonDocument.Parse(admission.Input);
        return ToolInput.Text(released.RootElement, "content");
    }
}
