using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EditorBridge.Portal.Security;
using EditorBridge.Review;

namespace EditorBridge.Portal.Host;

/// <summary>
/// The portal's only way to change something: loopback HTTP to the host with the portal's own token.
/// Address and token are read from the state folder at every call, because a host that restarts may have another address.
/// </summary>
public sealed class HostConnection(PortalState state, HttpClient http)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A pack of a year reads and zips every entry of it before its first byte.</summary>
    private static readonly TimeSpan PackPatience = TimeSpan.FromMinutes(10);

    /// <summary>Some thousand actions are read and judged again.</summary>
    private static readonly TimeSpan TrialPatience = TimeSpan.FromMinutes(2);

    /// <summary>A look at the account is some ten questions.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromMinutes(2);

    /// <summary>A client that follows no redirect and uses no proxy: the token must not travel.</summary>
    public static HttpClient CreateClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(3),
    });

    /// <summary>Null when the host answers; else why it does not, in one sentence.</summary>
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(HttpMethod.Get, "bridge/status", null, cancellationToken);
            if (!response.IsSuccessStatusCode) return await ProblemAsync(response, cancellationToken);
            var status = await response.Content.ReadFromJsonAsync(HostJson.Default.StatusReply, cancellationToken);
            return status is { Recording: false } ? $"The host cannot record: {status.Problem} Nothing is released meanwhile." : null;
        }
        catch (JsonException)
        {
            return "What answers at the host's address is not the host.";
        }
        catch (HostUnreachableException e)
        {
            return e.Message;
        }
    }

    /// <exception cref="NotAllowedException">The viewer is no approver.</exception>
    /// <exception cref="HostUnreachableException">The verdict did not reach the host, or it is not known whether it did.</exception>
    public async Task<(VerdictResult Result, string Message)> GiveVerdictAsync(
        Viewer viewer, string reviewId, VerdictKind kind, string? reason, string? text, CancellationToken cancellationToken, bool againForSession = false)
    {
        viewer.Require(PortalRight.GiveVerdict);
        var body = JsonContent.Create(new VerdictBody(kind.WireName(), viewer.Person, reason, text, againForSession), HostJson.Default.VerdictBody);
        using var response = await SendAsync(HttpMethod.Post, $"bridge/reviews/{Uri.EscapeDataString(reviewId)}/verdict", body, cancellationToken);
        VerdictReply? reply = null;
        try
        {
            reply = await response.Content.ReadFromJsonAsync(HostJson.Default.VerdictReply, cancellationToken);
        }
        catch (JsonException)
        {
            // Not a verdict's answer; the status below says what it was.
        }

        if (reply is not null && HostWire.ParseResult(reply.Result) is { } result) return (result, reply.Message);
        throw new HostUnreachableException(reply is { Message.Length: > 0 } ? reply.Message : await ProblemAsync(response, cancellationToken));
    }

    /// <summary>What runs again without a question.</summary>
    /// <exception cref="HostUnreachableException">The host did not say.</exception>
    public async Task<IReadOnlyList<GrantBody>> GrantsAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, "bridge/grants", null, cancellationToken);
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
        return (await response.Content.ReadFromJsonAsync(HostJson.Default.GrantsReply, cancellationToken))?.Grants ?? [];
    }

    /// <exception cref="NotAllowedException">The viewer is no approver.</exception>
    /// <exception cref="HostUnreachableException">It is not known whether the grant was taken back.</exception>
    public async Task RevokeAsync(Viewer viewer, string grantId, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.GiveVerdict);
        using var response = await SendAsync(
            HttpMethod.Post, $"bridge/grants/{Uri.EscapeDataString(grantId)}/revoke", JsonContent.Create(new RevokeBody(viewer.Person), HostJson.Default.RevokeBody), cancellationToken);
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
    }

    /// <summary>What MCP servers offer, as it was accepted, and what waits.</summary>
    /// <exception cref="HostUnreachableException">The host did not say.</exception>
    public async Task<PinsReply> PinsAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, "bridge/mcp/pins", null, cancellationToken);
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
        return await response.Content.ReadFromJsonAsync(HostJson.Default.PinsReply, cancellationToken) ?? new PinsReply([], null);
    }

    /// <exception cref="NotAllowedException">The viewer is no approver.</exception>
    /// <exception cref="HostUnreachableException">It is not known whether it was decided.</exception>
    public async Task<PinReply> DecidePinsAsync(Viewer viewer, string server, IEnumerable<PinBody> pins, bool accept, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.GiveVerdict);
        var decision = new PinDecision(server, [.. pins.Select(pin => new PinChoice(pin.Kind, pin.Name, pin.Fingerprint))], accept, Reason: null);
        using var response = await SendAsync(HttpMethod.Post, "bridge/mcp/pins/decision", JsonContent.Create(new PinDecisionBody(viewer.Person, decision), HostJson.Default.PinDecisionBody), cancellationToken);
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
        return await response.Content.ReadFromJsonAsync(HostJson.Default.PinReply, cancellationToken) ?? throw new HostUnreachableException("The host's answer was empty.");
    }

    /// <summary>Writes an access entry. When this throws, what was asked for must not be shown.</summary>
    /// <exception cref="HostUnreachableException">There is no record.</exception>
    public async Task RecordAsync(AccessBody access, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, "bridge/records", JsonContent.Create(access, HostJson.Default.AccessBody), cancellationToken);
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
    }

    /// <summary>Has the host make an evidence pack: it alone holds the signing key. The caller disposes the answer, whose body is the zip.</summary>
    /// <exception cref="NotAllowedException">The viewer may not export, or asks for texts without the right to reveal them.</exception>
    /// <exception cref="HostUnreachableException">There is no pack.</exception>
    public async Task<HttpResponseMessage> MakeEvidenceAsync(
        Viewer viewer, DateTimeOffset from, DateTimeOffset to, string reason, bool payloads, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.Export);
        if (payloads) viewer.Require(PortalRight.RevealPayload);
        var body = JsonContent.Create(
            new EvidenceBody(from, to, viewer.Person, string.Join(',', viewer.Roles.Select(role => role.WireName())), reason, payloads), HostJson.Default.EvidenceBody);
        var response = await SendAsync(HttpMethod.Post, "bridge/evidence", body, cancellationToken, PackPatience, HttpCompletionOption.ResponseHeadersRead);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
    }

    /// <summary>The limits and what is used of them, as the host counts them now.</summary>
    /// <exception cref="HostUnreachableException">The host did not say.</exception>
    public async Task<BudgetsReply> BudgetsAsync(CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, "bridge/budgets", null, cancellationToken);
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
        try
        {
            return await response.Content.ReadFromJsonAsync(HostJson.Default.BudgetsReply, cancellationToken) ?? throw new HostUnreachableException("The host gave no answer about the budgets.");
        }
        catch (JsonException e)
        {
            throw new HostUnreachableException("The host's answer about the budgets could not be read; the portal and the host may have different versions.", e);
        }
    }

    /// <summary>What the host found when it last looked at the account.</summary>
    /// <exception cref="HostUnreachableException">The host did not say.</exception>
    public Task<AccountReply> AccountAsync(CancellationToken cancellationToken) => AccountAsync(anew: false, cancellationToken);

    /// <summary>Has the host look at the account now.</summary>
    /// <exception cref="NotAllowedException">The viewer may not read the settings.</exception>
    /// <exception cref="HostUnreachableException">The host did not say.</exception>
    public Task<AccountReply> LookAtAccountAsync(Viewer viewer, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.ReadSettings);
        return AccountAsync(anew: true, cancellationToken);
    }

    private async Task<AccountReply> AccountAsync(bool anew, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(anew ? HttpMethod.Post : HttpMethod.Get, "bridge/account", null, cancellationToken, anew ? LookPatience : null);
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
        try
        {
            return await response.Content.ReadFromJsonAsync(HostJson.Default.AccountReply, cancellationToken) ?? throw new HostUnreachableException("The host gave no answer about the account.");
        }
        catch (JsonException e)
        {
            throw new HostUnreachableException("The host's answer about the account could not be read; the portal and the host may have different versions.", e);
        }
    }

    /// <summary>Has the host compare the ledger with the account's own record. The lines come as the host gets on; the last one is the report or the reason why there is none.</summary>
    /// <exception cref="NotAllowedException">The viewer may not verify.</exception>
    /// <exception cref="HostUnreachableException">The host was not asked, or broke off; what it had found may still stand in the ledger.</exception>
    public async IAsyncEnumerable<ComparisonLine> CompareAsync(Viewer viewer, ComparisonBody comparison, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.VerifyLedger);
        var body = JsonContent.Create(comparison, HostJson.Default.ComparisonBody);
        using var response = await SendAsync(HttpMethod.Post, "bridge/reconciliation", body, cancellationToken, PackPatience, HttpCompletionOption.ResponseHeadersRead);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await NextAsync(lines, cancellationToken) is { } line) yield return line;
    }

    private static async Task<ComparisonLine?> NextAsync(StreamReader lines, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadLineAsync(cancellationToken) is { } text ? JsonSerializer.Deserialize(text, HostJson.Default.ComparisonLine) : null;
        }
        catch (Exception e) when (e is IOException or JsonException or HttpRequestException)
        {
            throw new HostUnreachableException("The host broke off the comparison. What it had found stands in the ledger; start it again for the rest.", e);
        }
    }

    /// <summary>The rules in force for actions outside any project, or in a project's folder.</summary>
    /// <exception cref="HostUnreachableException">The host did not say.</exception>
    public async Task<PolicyReply> PolicyAsync(string? workspace, CancellationToken cancellationToken)
    {
        var path = workspace is null ? "bridge/policy" : $"bridge/policy?workspace={Uri.EscapeDataString(workspace)}";
        using var response = await SendAsync(HttpMethod.Get, path, null, cancellationToken);
        return await AnswerAsync(response, HostJson.Default.PolicyReply, cancellationToken);
    }

    /// <summary>Has the host judge recorded actions again as if a policy file held another text.</summary>
    /// <exception cref="NotAllowedException">The viewer has no business with policy.</exception>
    /// <exception cref="HostUnreachableException">Nothing was replayed.</exception>
    public async Task<SimulateReply> SimulateAsync(Viewer viewer, SimulateBody trial, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.TryPolicy);
        using var response = await SendAsync(HttpMethod.Post, "bridge/policy/simulate", JsonContent.Create(trial, HostJson.Default.SimulateBody), cancellationToken, TrialPatience);
        return await AnswerAsync(response, HostJson.Default.SimulateReply, cancellationToken);
    }

    private static async Task<T> AnswerAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode) throw new HostUnreachableException(await ProblemAsync(response, cancellationToken));
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new HostUnreachableException("The host answered nothing.");
        }
        catch (JsonException e)
        {
            throw new HostUnreachableException("What answers at the host's address is not a host of this version.", e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken,
        TimeSpan? patience = null, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address(), path)) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token());
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience ?? Patience);
        try
        {
            return await http.SendAsync(request, completion, deadline.Token);
        }
        catch (HttpRequestException e)
        {
            throw new HostUnreachableException("The host does not answer. Start it with: editorbridge serve", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HostUnreachableException($"The host did not answer within {(patience ?? Patience).TotalSeconds:0} seconds.", e);
        }
    }

    private Uri Address()
    {
        HostAddress? address = null;
        try
        {
            if (PortalState.ReadPrivate(state.HostFile) is { } json) address = JsonSerializer.Deserialize(json, HostJson.Default.HostAddress);
        }
        catch (Exception e) when (e is JsonException or IOException or PortalStateException)
        {
            throw new HostUnreachableException($"The host's address cannot be read: {e.Message}", e);
        }

        if (address is null) throw new HostUnreachableException("The host is not running. Start it with: editorbridge serve");
        // The token is for the host on this machine and for nobody else, whatever the file says.
        return Uri.TryCreate(address.Url.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.IsLoopback && url.Scheme == Uri.UriSchemeHttp
            ? url
            : throw new HostUnreachableException($"The host's address {address.Url} is not on this machine, so the portal does not use it.");
    }

    private string Token()
    {
        try
        {
            return PortalState.ReadPrivate(state.TokenFile)?.Trim()
                ?? throw new HostUnreachableException("The portal has no token yet; the host makes it when it starts. Start it with: editorbridge serve");
        }
        catch (Exception e) when (e is IOException or PortalStateException)
        {
            throw new HostUnreachableException($"The portal's token cannot be read: {e.Message}", e);
        }
    }

    private static async Task<string> ProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            return "The host refused the portal's token. Restart the portal; if that does not help, delete portal.token in the state folder and restart the host.";
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        return $"The host answered {(int)response.StatusCode}: {(body.Length > 300 ? body[..300] + "…" : body)}";
    }
}

/// <summary>The host could not be asked, or its answer was no answer. The message says why and what mends it.</summary>
public sealed class HostUnreachableException(string message, Exception? innerException = null) : Exception(message, innerException);
