using System.Text.Json;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Cortex;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Usage;

namespace EditorBridge.Sandbox.Faults;

/// <summary>
/// <c>POST /_sandbox/control</c>: sets what no request can name by itself. Takes any PAT of the account, also while everything else is
/// refused.
/// </summary>
internal sealed class ControlEndpoint(SandboxAccount account)
{
    private const int BodyLimit = 1024 * 1024;

    public async Task HandleAsync(HttpContext context)
    {
        if (!account.Bearer.HoldsPat(context))
        {
            await new SnowflakeError(401, "The control path takes a PAT of this sandbox.", "390101").WriteAsync(context);
            return;
        }

        var (body, error) = await RequestBody.ReadAsync(context, BodyLimit);
        if (error is not null)
        {
            await error.WriteAsync(context);
            return;
        }

        foreach (var setting in body.EnumerateObject())
        {
            if (!Apply(setting.Name, setting.Value))
            {
                await SnowflakeError.InvalidPayload($"Unknown or malformed setting '{setting.Name}'.").WriteAsync(context);
                return;
            }
        }

        await SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("fault", account.Control.Fault);
            writer.WriteString("oauth_error", account.Control.OAuthError);
            writer.WriteBoolean("oauth_form", account.Control.OAuthForm);
            writer.WriteBoolean("network_blocked", account.Control.NetworkBlocked);
            writer.WriteBoolean("pat_needs_network_policy", account.Control.PatNeedsNetworkPolicy);
            writer.WriteEndObject();
        });
    }

    private bool Apply(string name, JsonElement value)
    {
        switch (name)
        {
            case "oauth_error" when value.ValueKind is JsonValueKind.String or JsonValueKind.Null:
                account.Control.OAuthError = value.GetString();
                return true;
            case "fault" when value.ValueKind is JsonValueKind.String or JsonValueKind.Null:
                account.Control.Fault = value.GetString();
                return true;
            case "oauth_form" when IsFlag(value):
                account.Control.OAuthForm = value.GetBoolean();
                return true;
            case "network_blocked" when IsFlag(value):
                account.Control.NetworkBlocked = value.GetBoolean();
                return true;
            case "pat_needs_network_policy" when IsFlag(value):
                account.Control.PatNeedsNetworkPolicy = value.GetBoolean();
                return true;
            case "revoke_oauth" when value.ValueKind == JsonValueKind.True:
                account.OAuth.Clear();
                return true;
            case "expire_sessions" when value.ValueKind == JsonValueKind.True:
                account.Sessions.ExpireAll();
                return true;
            case "foreign_inference" when value.ValueKind == JsonValueKind.Array:
                foreach (var row in value.EnumerateArray())
                {
                    account.Usage.Add(Foreign(row));
                }

                return true;
            case "foreign_statements" when value.ValueKind == JsonValueKind.Array:
                foreach (var row in value.EnumerateArray())
                {
                    account.Usage.Add(ForeignStatement(row));
                }

                return true;
            default:
                return false;
        }
    }

    /// <summary>A call that did not come through this sandbox's own paths: what reconciliation must find.</summary>
    private InferenceRow Foreign(JsonElement row)
    {
        var start = Start(row);
        var usage = new ModelUsage(row.Int("input") ?? 100, 0, 0, row.Int("output") ?? 10);
        return new InferenceRow(
            row.Text("request_id") ?? Guid.NewGuid().ToString(), start, start.AddSeconds(1), row.Text("model") ?? "claude-sonnet-4-6", usage,
            row.Text("user") ?? "DEVELOPER", "ANALYST", row.Bool("gateway") ?? false, row.Text("region") ?? account.Rights.Region);
    }

    /// <summary>A statement of another client: a person's own, another agent's, or one with a tag that only looks like ours.</summary>
    private StatementRow ForeignStatement(JsonElement row)
    {
        var start = Start(row);
        return new StatementRow(
            row.Text("query_id") ?? Guid.NewGuid().ToString(), row.Text("text") ?? "SELECT 1", row.Text("tag"), row.Text("type") ?? "SELECT", row.Text("user") ?? "DEVELOPER", "ANALYST",
            AccountDirectory.Warehouse, null, null, null, null, start, start.AddSeconds(1), 0, row.Text("agent_type"));
    }

    private DateTimeOffset Start(JsonElement row) => row.Text("start") is { } text
        ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal)
        : account.Options.Clock.GetUtcNow();

    private static bool IsFlag(JsonElement value) => value.ValueKind is JsonValueKind.True or JsonValueKind.False;
}
