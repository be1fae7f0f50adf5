using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex;

/// <summary><c>POST /api/v2/cortex/inference:embed</c>: the same text always has the same vector, and each vector is nested once more.</summary>
internal sealed class EmbedEndpoint(BearerCheck bearer)
{
    private static readonly Dictionary<string, int> Dimensions = new()
    {
        ["snowflake-arctic-embed-m-v1.5"] = 768,
        ["snowflake-arctic-embed-l-v2.0"] = 1024,
    };

    public async Task HandleAsync(HttpContext context)
    {
        if (bearer.Identify(context) is { Error: { } denied })
        {
            await denied.WriteAsync(context);
            return;
        }

        var (body, unreadable) = await RequestBody.ReadAsync(context, RequestBody.CortexLimit);
        if ((unreadable ?? Refusal(body)) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        var texts = body.Property("text").Items().Select(text => text.GetString()!).ToList();
        var size = Dimensions[body.Text("model")!];
        await SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object", "list");
            writer.WriteStartArray("data");
            for (var index = 0; index < texts.Count; index++)
            {
                WriteEmbedding(writer, index, texts[index], size);
            }

            writer.WriteEndArray();
            writer.WriteString("model", body.Text("model"));
            writer.WriteStartObject("usage");
            writer.WriteNumber("total_tokens", texts.Sum(TokenCount.Of));
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private static SnowflakeError? Refusal(JsonElement body)
    {
        if (body.Text("model") is not { } model || !Dimensions.ContainsKey(model))
        {
            return new SnowflakeError(400, $"unknown model {body.Text("model")}");
        }

        if (body.EnumerateObject().Any(field => field.Name is not ("model" or "text" or "provisioned_throughput_id")))
        {
            return new SnowflakeError(400, "schema validation failed");
        }

        var texts = body.Property("text").Items().ToList();
        return texts.Count > 0 && texts.TrueForAll(text => text.ValueKind == JsonValueKind.String && text.GetString()!.Length > 0)
            ? null
            : SnowflakeError.InvalidRequest("text must be a list of non-empty strings");
    }

    private static void WriteEmbedding(Utf8JsonWriter writer, int index, string text, int size)
    {
        var seed = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        writer.WriteStartObject();
        writer.WriteString("object", "embedding");
        writer.WriteStartArray("embedding");
        writer.WriteStartArray();
        for (var position = 0; position < size; position++)
        {
            writer.WriteNumberValue(Math.Round((seed[position % seed.Length] + (position / seed.Length)) % 256 / 128.0 - 1, 4));
        }

        writer.WriteEndArray();
        writer.WriteEndArray();
        writer.WriteNumber("index", index);
        writer.WriteEndObject();
    }
}
