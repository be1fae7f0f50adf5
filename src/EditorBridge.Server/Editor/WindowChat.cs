using EditorBridge.Snowflake;
using StreamJsonRpc;

namespace EditorBridge.Editor;

/// <summary>The part of a window's contract that is about the account's models in the editor's own chat.</summary>
internal sealed class WindowChat(EditorWindow window, EditorChat chat)
{
    // One per window: the ledger shows a chat's questions together, and a session grant ends with the window.
    private readonly string _session = "chat-" + Guid.CreateVersion7().ToString("N");

    [JsonRpcMethod(EditorMethods.ChatModels)]
    public async Task<ChatModelsResult> ModelsAsync(CancellationToken cancellationToken)
    {
        window.RequireIntroduction();
        try
        {
            return await chat.ModelsAsync(cancellationToken);
        }
        catch (Exception e) when (e is CortexException or SignInException)
        {
            throw EditorWire.Error(EditorErrors.Refused, $"The account did not list its models. {e.Message}");
        }
    }

    [JsonRpcMethod(EditorMethods.AskChat, UseSingleObjectParameterDeserialization = true)]
    public async Task<ChatAnswer> AskAsync(ChatParams asked, CancellationToken cancellationToken)
    {
        window.RequireIntroduction();
        try
        {
            return await chat.AskAsync(asked, window.Client, _session, part => window.TellAsync(EditorMethods.ChatPart, new ChatPartParams(asked.Id, part)), cancellationToken);
        }
        catch (ChatException e)
        {
            throw EditorWire.Error(EditorErrors.Refused, e.Message);
        }
    }

    [JsonRpcMethod(EditorMethods.CountChat, UseSingleObjectParameterDeserialization = true)]
    public CountResult Count(CountParams counted)
    {
        window.RequireIntroduction();
        return EditorChat.Count(counted);
    }
}
