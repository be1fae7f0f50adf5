using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Hosting;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StreamJsonRpc;

namespace EditorBridge.Ide;

/// <summary>One client at an editor window's door: an MCP server on its WebSocket.</summary>
internal sealed partial class IdeSession(IdeDiffs diffs, IdeContext context, ILoggerFactory logging) : IDisposable
{
    // The client writes the second text to the file.
    private const string FileSaved = "FILE_SAVED";
    private const string DiffRejected = "DIFF_REJECTED";

    // Never TAB_CLOSED, which the client takes for a yes (measured on 2.1.112, 2.1.197 and 2.1.330): a closed tab answers nothing.
    private const string Closed = "CLOSED";

    private readonly CancellationTokenSource _gone = new();
    private readonly ILogger _logger = logging.CreateLogger<IdeSession>();
    private McpServer? _server;

    /// <summary>Serves the client until it goes away. A question of its that is still open stays open.</summary>
    public async Task RunAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        await using var transport = new WebSocketTransport(socket, logging);
        await using var server = McpServer.Create(transport, Options(), logging);
        _server = server;
        // It ends with the transport, and with nothing else.
        var serving = server.RunAsync(CancellationToken.None);
        await transport.RunAsync(_gone, cancellationToken);
        await serving;
    }

    /// <summary>Tells the client something about the editor; a client that is going away is told nothing.</summary>
    public async Task TellAsync(string notification, JsonObject parameters)
    {
        if (_server is not { } server || _gone.IsCancellationRequested) return;
        try
        {
            await server.SendNotificationAsync(notification, parameters, serializerOptions: null, _gone.Token);
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or ObjectDisposedException or OperationCanceledException)
        {
            LogNotTold(notification, e);
        }
    }

    public void Dispose() => _gone.Dispose();

    private McpServerOptions Options() => new()
    {
        ServerInfo = new Implementation { Name = "editorbridge", Title = IdeLockFile.IdeName, Version = HostApplication.Version },
        Capabilities = new ServerCapabilities { Tools = new ToolsCapability { ListChanged = false } },
        Handlers = new McpServerHandlers
        {
            ListToolsHandler = (_, _) => ValueTask.FromResult(new ListToolsResult { Tools = [.. IdeTools.All] }),
            CallToolHandler = async (request, cancellationToken) => await CallAsync(request, cancellationToken),
        },
    };

    private async Task<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var arguments = JsonSerializer.SerializeToElement(request.Params.Arguments ?? new Dictionary<string, JsonElement>());
        LogCall(request.Params.Name);
        try
        {
            return request.Params.Name switch
            {
                IdeTools.OpenDiff => await OpenDiffAsync(arguments, request.Server.ClientInfo, cancellationToken),
                IdeTools.CloseTab => CloseTab(arguments),
                IdeTools.CloseAllDiffTabs => Said($"CLOSED_{diffs.TakeAllBack()}_DIFF_TABS"),
                IdeTools.OpenFile => await OpenFileAsync(arguments, cancellationToken),
                IdeTools.GetDiagnostics => Said((await context.DiagnosticsAsync(ToolInput.Text(arguments, "uri"), cancellationToken)).ToJsonString()),
                IdeTools.GetOpenEditors => Said((await context.OpenEditorsAsync(cancellationToken)).ToJsonString()),
                IdeTools.GetWorkspaceFolders => Said(context.Folders().ToJsonString()),
                IdeTools.GetCurrentSelection or IdeTools.GetLatestSelection => Said((await context.SelectionAsync()).ToJsonString()),
                IdeTools.CheckDocumentDirty => await DocumentAsync(arguments, save: false, cancellationToken),
                IdeTools.SaveDocument => await DocumentAsync(arguments, save: true, cancellationToken),
                IdeTools.ExecuteCode => Refused("EditorBridge runs no code in the editor. Nothing was executed."),
                _ => Refused($"There is no tool {request.Params.Name}. tools/list names those there are."),
            };
        }
        catch (Exception e) when (e is RemoteInvocationException or ConnectionLostException or ObjectDisposedException)
        {
            return Refused($"The editor window did not answer: {e.Message}");
        }
    }

    private async Task<CallToolResult> OpenDiffAsync(JsonElement arguments, Implementation? client, CancellationToken takenBack)
    {
        try
        {
            var answer = await diffs.AskAsync(arguments, client, takenBack, _gone.Token);
            LogDiff(answer.Text is null ? DiffRejected : FileSaved, answer.Reason);
            return answer.Text is { } text ? Said(FileSaved, text) : Said(DiffRejected, ToolInput.Text(arguments, "tab_name") ?? "");
        }
        catch (OperationCanceledException)
        {
            return Refused("The client went away while a person was asked. Nothing was decided.");
        }
    }

    private CallToolResult CloseTab(JsonElement arguments)
    {
        if (ToolInput.Text(arguments, "tab_name") is { } tab) diffs.TakeBack(tab);
        return Said(Closed);
    }

    private async Task<CallToolResult> OpenFileAsync(JsonElement arguments, CancellationToken cancellationToken)
    {
        if (ToolInput.Text(arguments, "filePath") is not { } path || !File.Exists(path)) return Refused("There is no such file.");
        var preview = arguments.TryGetProperty("preview", out var wanted) && wanted.ValueKind == JsonValueKind.True;
        var problem = await context.OpenFileAsync(new OpenFileParams(path, ToolInput.Text(arguments, "startText"), ToolInput.Text(arguments, "endText"), preview), cancellationToken);
        return problem is null ? Said($"Opened file: {path}") : Refused(problem);
    }

    private async Task<CallToolResult> DocumentAsync(JsonElement arguments, bool save, CancellationToken cancellationToken) =>
        ToolInput.Text(arguments, "filePath") is { } path
            ? Said((await context.DocumentAsync(path, save, cancellationToken)).ToJsonString())
            : Refused("The input needs 'filePath'.");

    private static CallToolResult Said(params string[] texts) => new() { Content = [.. texts.Select(text => new TextContentBlock { Text = text })] };

    private static CallToolResult Refused(string reason) => new() { IsError = true, Content = [new TextContentBlock { Text = reason }] };

    [LoggerMessage(LogLevel.Debug, "The client calls {Tool}")]
    private partial void LogCall(string tool);

    [LoggerMessage(LogLevel.Debug, "A diff is answered with {Answer}: {Reason}")]
    private partial void LogDiff(string answer, string reason);

    [LoggerMessage(LogLevel.Debug, "{Notification} could not be told")]
    private partial void LogNotTold(string notification, Exception exception);
}
