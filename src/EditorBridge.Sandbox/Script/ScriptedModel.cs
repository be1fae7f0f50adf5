using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Script;

/// <summary>
/// The model of the sandbox account. It is a script: a request that asks for structured output gets the smallest fitting JSON,
/// a prompt that holds a script gets exactly that script, and any other prompt gets the plain-language behaviour.
/// </summary>
internal static class ScriptedModel
{
    public static ModelTurn Answer(Conversation conversation)
    {
        if (conversation.AnswerSchema is { } schema)
        {
            return ModelTurn.Say(JsonSerializer.Serialize(SchemaSample.Of(schema, conversation.Prompt), SandboxJson.Options));
        }

        if (SandboxScript.Turn(conversation.Prompt, conversation.TurnsSincePrompt) is not { } scripted)
        {
            return PlainLanguage.Answer(conversation);
        }

        // No model can call a tool in a request that offers none; such requests are a client's side errands, such as a title.
        return conversation.Tools.Count == 0 && scripted.Blocks.OfType<CallBlock>().FirstOrDefault() is { } call
            ? ModelTurn.Say($"The script asks for the tool {call.Name}, but this request offers no tools.")
            : scripted;
    }
}
