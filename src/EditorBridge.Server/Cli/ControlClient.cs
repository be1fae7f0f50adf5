using EditorBridge.Editor;
using EditorBridge.Hosting;
using StreamJsonRpc;

namespace EditorBridge.Cli;

/// <summary>The command line's own connection to the host's control socket: the same contract editors speak.</summary>
internal sealed class ControlClient : IDisposable
{
    /// <summary>The name a terminal introduces itself with; the host then asks for a terminal outside any agent's family before it takes a verdict.</summary>
    public const string Name = "terminal";

    private readonly JsonRpc _rpc;

    private ControlClient(JsonRpc rpc) => _rpc = rpc;

    /// <exception cref="HostNotStartedException">No host runs for this state folder.</exception>
    public static async Task<ControlClient> ConnectAsync(StateFolder state, CancellationToken cancellationToken)
    {
        var host = await HostFinder.FindAsync(state, cancellationToken)
            ?? throw new HostNotStartedException($"No host runs for the state folder {state.Path}, and this needs one. Nothing was done. Start one with: editorbridge serve");
        Stream stream;
        try
        {
            stream = await ControlChannel.ConnectAsync(state, cancellationToken);
        }
        catch (IOException e)
        {
            throw new HostNotStartedException($"The host (process {host.Pid}) does not take commands: {e.Message}");
        }

        var rpc = EditorWire.Over(stream, stream);
        rpc.StartListening();
        var client = new ControlClient(rpc);
        await client.AskAsync<InitializeResult>(
            EditorMethods.Initialize,
            new InitializeParams(Name, HostApplication.Version, EditorMethods.ProtocolVersion, Environment.ProcessId, []),
            cancellationToken);
        return client;
    }

    public async Task<T> AskAsync<T>(string method, object parameters, CancellationToken cancellationToken)
    {
        try
        {
            return await _rpc.InvokeWithParameterObjectAsync<T>(method, parameters, cancellationToken);
        }
        catch (RemoteInvocationException e)
        {
            throw new HostNotStartedException("The host refused: " + e.Message);
        }
        catch (ConnectionLostException)
        {
            throw new HostNotStartedException("The host ended the connection. Nothing was decided; see its log (host.log in the state folder, or the terminal it runs in).");
        }
    }

    public void Dispose() => _rpc.Dispose();
}
