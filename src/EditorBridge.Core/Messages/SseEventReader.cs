using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>One pass over an event's JSON. A member that stands twice overwrites, as it does in every client.</summary>
internal ref struct SseEventReader(bool withText)
{
    private SseEventKind _kind = SseEventKind.Other;
    private bool _hasError;
    private int _index = -1;
    private string? _blockType, _toolUseId, _toolName, _inlineInput, _deltaType, _partialJson, _text, _stopReason, _messageId, _model;
    private TokenUsage _usage;

    public SseEvent Read(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return new SseEvent { Kind = SseEventKind.Malformed, Index = -1 };
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Member(ref reader);
        }
        // Nothing may follow the object.
        if (reader.Read())
        {
            return new SseEvent { Kind = SseEventKind.Malformed, Index = -1 };
        }
        return new SseEvent
        {
            Kind = _hasError && _kind == SseEventKind.Other ? SseEventKind.Error : _kind,
            Index = _index,
            BlockType = _blockType,
            ToolUseId = _toolUseId,
            ToolName = _toolName,
            InlineInput = _inlineInput,
            DeltaType = _deltaType,
            PartialJson = _partialJson,
            Text = _text,
            StopReason = _stopReason,
            MessageId = _messageId,
            Model = _model,
            Usage = _usage,
        };
    }

    private void Member(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("type"u8))
        {
            reader.Read();
            _kind = reader.TokenType == JsonTokenType.String ? SseEvent.KindOf(Unescaped(ref reader)) : SseEventKind.Other;
            Finish(ref reader);
        }
        else if (reader.ValueTextEquals("index"u8))
        {
            reader.Read();
            _index = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var index) ? index : -1;
            Finish(ref reader);
        }
        else if (reader.ValueTextEquals("delta"u8))
        {
            Object(ref reader, Part.Delta);
        }
        else if (reader.ValueTextEquals("content_block"u8))
        {
            _blockType = _toolUseId = _toolName = _inlineInput = null;
            Object(ref reader, Part.Block);
        }
        else if (reader.ValueTextEquals("usage"u8))
        {
            Usage(ref reader);
        }
        else if (reader.ValueTextEquals("message"u8))
        {
            Object(ref reader, Part.Message);
        }
        else
        {
            _hasError |= reader.ValueTextEquals("error"u8);
            reader.Read();
            Finish(ref reader);
        }
    }

    private enum Part
    {
        Delta,
        Block,
        Message,
    }

    private void Object(ref Utf8JsonReader reader, Part part)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Finish(ref reader);
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            switch (part)
            {
                case Part.Delta: DeltaMember(ref reader); break;
                case Part.Block: BlockMember(ref reader); break;
                default: MessageMember(ref reader); break;
            }
        }
    }

    private void DeltaMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("type"u8))
        {
            _deltaType = Text(ref reader);
        }
        else if (reader.ValueTextEquals("partial_json"u8))
        {
            _partialJson = Text(ref reader);
        }
        else if (reader.ValueTextEquals("stop_reason"u8))
        {
            _stopReason = Text(ref reader);
        }
        else if (withText && reader.ValueTextEquals("text"u8))
        {
            _text = Text(ref reader);
        }
        else
        {
            Skip(ref reader);
        }
    }

    private void BlockMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("type"u8))
        {
            _blockType = Text(ref reader);
        }
        else if (reader.ValueTextEquals("id"u8))
        {
            _toolUseId = Text(ref reader);
        }
        else if (reader.ValueTextEquals("name"u8))
        {
            _toolName = Text(ref reader);
        }
        else if (reader.ValueTextEquals("input"u8))
        {
            reader.Read();
            using var input = JsonDocument.ParseValue(ref reader);
            var root = input.RootElement;
            _inlineInput = root.ValueKind == JsonValueKind.Object && root.GetPropertyCount() == 0 ? null : root.GetRawText();
        }
        else
        {
            Skip(ref reader);
        }
    }

    private void MessageMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("usage"u8))
        {
            Usage(ref reader);
        }
        else if (reader.ValueTextEquals("id"u8))
        {
            _messageId = Text(ref reader);
        }
        else if (reader.ValueTextEquals("model"u8))
        {
            _model = Text(ref reader);
        }
        else if (reader.ValueTextEquals("stop_reason"u8))
        {
            _stopReason = Text(ref reader);
        }
        else
        {
            Skip(ref reader);
        }
    }

    private void Usage(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Finish(ref reader);
            return;
        }
        using var usage = JsonDocument.ParseValue(ref reader);
        _usage = _usage.Overwrite(TokenUsage.Read(usage.RootElement));
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return WireJson.LenientText(ref reader);
        }
        Finish(ref reader);
        return null;
    }

    private static ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? System.Text.Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;

    private static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        Finish(ref reader);
    }

    private static void Finish(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            reader.Skip();
        }
    }
}
