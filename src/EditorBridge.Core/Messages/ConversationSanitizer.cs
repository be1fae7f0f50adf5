using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>A message as it leaves: either the client's plain string, or blocks.</summary>
internal sealed class OutMessage(bool fromUser)
{
    public bool FromUser { get; } = fromUser;

    public JsonElement? PlainText { get; set; }

    public List<OutBlock> Blocks { get; } = [];

    /// <summary>Turns a plain string into the block that means the same, so that more can follow it.</summary>
    public void ToBlocks()
    {
        if (PlainText is { } text)
        {
            Blocks.Insert(0, OutBlock.RawText(WireJson.Raw(text)[1..^1], breakpoint: false));
            PlainText = null;
        }
    }
}

/// <summary>
/// The messages of a request, in the form Cortex takes. Each message becomes the same bytes in every later turn, whatever follows
/// it: that is what the account's prompt cache lives on.
/// </summary>
internal sealed class ConversationSanitizer(SanitizerPass pass, bool secondVersion)
{
    private readonly BlockSanitizer _blocks = new(pass, secondVersion);

    // A reminder that stood between a call and its result: results come first in their turn, so what follows goes before it.
    private OutMessage? _beforeResults;

    public List<OutMessage> Messages { get; } = [];

    /// <summary>Tools that came or went between the messages, in order: a name with its definition, where one was given.</summary>
    public ToolChanges ToolChanges { get; } = new();

    public void Read(JsonElement messages)
    {
        _blocks.CountImages(messages);
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var where = $"messages[{index++}]";
            if (message.Is("role"u8, "system"u8))
            {
                FoldSystem(message, where);
            }
            else
            {
                Add(message, message.Is("role"u8, "user"u8), where);
            }
        }
    }

    /// <summary>With tools, Cortex wants the user to speak last; a client that pre-fills the answer gets a minimal turn appended.</summary>
    public void EndWithUser(bool hasTools)
    {
        if (!hasTools || Messages.Count == 0 || Messages[^1].FromUser || Messages[^1].Blocks.Any(block => block.IsToolUse))
        {
            return;
        }
        var turn = new OutMessage(fromUser: true);
        turn.Blocks.Add(OutBlock.Text("Continue from where you stopped.", breakpoint: false));
        Messages.Add(turn);
        pass.Log.Add(RemovalKind.TrailingAssistant, "assistant", $"messages[{Messages.Count - 2}]");
    }

    /// <summary>
    /// True when tool results are being answered although the assistant's turn before them holds no thinking: thinking cannot be
    /// switched on in the middle of such a turn.
    /// </summary>
    public bool OpenToolTurnWithoutThinking()
    {
        var assistant = Messages.FindLast(message => !message.FromUser);
        return assistant is not null && Messages[^1].FromUser && assistant.Blocks.Exists(block => block.IsToolUse) && !assistant.Blocks[0].IsThinking;
    }

    private void Add(JsonElement message, bool fromUser, string where)
    {
        foreach (var member in message.EnumerateObject())
        {
            if (!member.NameEquals("role"u8) && !member.NameEquals("content"u8))
            {
                pass.Log.Add(RemovalKind.UnknownField, $"message.{member.KnownName()}", where);
            }
        }
        var made = new OutMessage(fromUser);
        var content = message.GetProperty("content"u8);
        if (content.ValueKind == JsonValueKind.String)
        {
            if (!content.IsBlankText())
            {
                made.PlainText = content;
                Messages.Add(made);
                return;
            }
            pass.Log.Add(RemovalKind.EmptyText, "text", where);
        }
        else
        {
            _blocks.Sanitize(content, made.Blocks, fromUser, where, ToolChanges);
        }
        if (fromUser && made.Blocks.Count > 0 && ReferenceEquals(_beforeResults, Messages.LastOrDefault()) && _beforeResults is { } reminders)
        {
            reminders.Blocks.InsertRange(0, made.Blocks);
            _beforeResults = null;
            return;
        }
        if (made.Blocks.Count == 0)
        {
            // An answer without content says nothing and is refused; a question without content still marks the turn.
            if (!fromUser)
            {
                return;
            }
            made.Blocks.Add(OutBlock.Text(".", breakpoint: false));
        }
        Messages.Add(made);
    }

    /// <summary>
    /// A system message between the turns becomes a system-reminder at the end of the user's turn before it, which is what
    /// Claude Code itself does when an API refuses the role.
    /// </summary>
    private void FoldSystem(JsonElement message, string where)
    {
        pass.Log.Add(RemovalKind.SystemMessage, "role:system", where);
        if (message.Member("content"u8) is not { } content)
        {
            return;
        }
        if (content.ValueKind == JsonValueKind.String)
        {
            Remind(content, breakpoint: false);
            return;
        }
        foreach (var block in content.EnumerateArray())
        {
            if (block.Is("type"u8, "tool_addition"u8) || block.Is("type"u8, "tool_removal"u8))
            {
                ToolChanges.Add(block, pass, where);
            }
            else if (block.Is("type"u8, "text"u8) && block.Member("text"u8) is { ValueKind: JsonValueKind.String } text)
            {
                Remind(text, CacheControl.Read(block, pass, where));
            }
            else
            {
                pass.Log.Add(RemovalKind.UnsupportedField, $"system block {block.Text("type"u8)}", where);
            }
        }
    }

    private void Remind(JsonElement text, bool breakpoint)
    {
        if (text.IsBlankText())
        {
            return;
        }
        if (Messages.Count == 0 || !Messages[^1].FromUser)
        {
            var turn = new OutMessage(fromUser: true);
            _beforeResults = Messages.Count > 0 && Messages[^1].Blocks.Exists(block => block.IsToolUse) ? turn : null;
            Messages.Add(turn);
        }
        Messages[^1].ToBlocks();
        var raw = WireJson.Raw(text)[1..^1];
        // Claude Code 2.1.330 wraps some of its system messages itself (the tokens left); twice would read as two notes.
        var wrapped = raw.StartsWith("<system-reminder>"u8) && raw.EndsWith("</system-reminder>"u8);
        Messages[^1].Blocks.Add(OutBlock.RawText(wrapped ? [.. raw] : [.. "<system-reminder>\\n"u8, .. raw, .. "\\n</system-reminder>"u8], breakpoint));
    }
}
