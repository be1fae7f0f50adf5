using System.Net;
using System.Security.Cryptography;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Portal.Exporting;

/// <summary>Downloads over real HTTP, with a real host that records them.</summary>
public sealed class ExportDoorTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();
    private RunningPortal _portal = null!;

    public async ValueTask InitializeAsync()
    {
        await _ledger.History.ReviewedAsync("s-1", "rejected");
        await _ledger.History.AllowedAsync("s-1");
        _portal = await RunningPortal.StartAsync(_ledger);
    }

    public async ValueTask DisposeAsync()
    {
        await _portal.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    [Fact]
    public async Task An_export_is_recorded_with_its_reason_before_and_its_digest_after()
    {
        await _ledger.StartHostAsync();
        using var client = await _portal.SignedInAsync("auditor");
        using var response = await PostAsync(client, "kind:action", "Audit 2026-11");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith("attachment; filename=\"editorbridge-calls-", response.Content.Headers.ContentDisposition?.ToString(), StringComparison.Ordinal);
        var file = await response.Content.ReadAsByteArrayAsync();

        using var reader = _ledger.Reader();
        var records = (await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Access] }, null, 10)).Select(entry => entry.Draft).ToArray();
        var before = Assert.Single(records, record => record.Facts?["reason"] is not null);
        Assert.Equal(("export", "Audit 2026-11"), (before.Result, before.Facts!["reason"]!.GetValue<string>()));
        Assert.Contains(records, record => record.Facts?["detail"]?["digest"]?.GetValue<string>() == Convert.ToHexStringLower(SHA256.HashData(file)));
    }

    [Theory]
    [InlineData("csv", 3)]
    [InlineData("JsonLines", 2)]
    [InlineData("Ocsf", 2)]
    public async Task A_file_holds_every_call_that_fits_and_no_payload(string format, int lines)
    {
        await _ledger.StartHostAsync();
        using var client = await _portal.SignedInAsync("auditor");
        using var response = await PostAsync(client, "kind:action", "Audit", format);
        var file = await response.Content.ReadAsStringAsync();
        Assert.Equal(lines, file.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("ORDERS_STAGING", file, StringComparison.Ordinal);
        Assert.DoesNotContain("create or replace view", file, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Parquet_file_arrives_whole_and_its_digest_is_recorded()
    {
        await _ledger.StartHostAsync();
        using var client = await _portal.SignedInAsync("auditor");
        using var response = await PostAsync(client, "kind:action", "Audit", "Parquet");
        var file = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal("PAR1"u8, file.AsSpan(0, 4));
        Assert.Equal("PAR1"u8, file.AsSpan(file.Length - 4));

        using var reader = _ledger.Reader();
        var records = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Access] }, null, 10);
        Assert.Contains(records, record => record.Draft.Facts?["detail"]?["digest"]?.GetValue<string>() == Convert.ToHexStringLower(SHA256.HashData(file)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_evidence_pack_is_recorded_and_verifies_from_its_bytes(bool payloads)
    {
        await _ledger.StartHostAsync();
        using var client = await _portal.SignedInAsync("auditor");
        using var response = await PackAsync(client, "Audit 2026-11", payloads);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var pack = new MemoryStream(await response.Content.ReadAsByteArrayAsync());
        var report = EvidencePackVerifier.Verify(pack, null);
        Assert.Empty(report.Findings);
        Assert.Equal(("person:ann", "Audit 2026-11", payloads), (report.Manifest!.Actor, report.Manifest.Reason, report.Manifest.Payloads > 0));

        using var reader = _ledger.Reader();
        var record = Assert.Single(await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Access] }, null, 10)).Draft;
        Assert.Equal(("export", "Audit 2026-11"), (record.Result, record.Facts!["reason"]!.GetValue<string>()));
        Assert.Empty(Directory.EnumerateFiles(_ledger.State.Folder, "evidence-*"));
    }

    [Fact]
    public async Task An_evidence_pack_needs_the_host_a_reason_and_an_auditor()
    {
        using var auditor = await _portal.SignedInAsync("auditor");
        using var hostDown = await PackAsync(auditor, "Audit", payloads: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, hostDown.StatusCode);
        using var noReason = await PackAsync(auditor, "", payloads: false);
        Assert.Equal(HttpStatusCode.BadRequest, noReason.StatusCode);
        using var approver = await _portal.SignedInAsync("approver");
        using var refused = await PackAsync(approver, "Audit", payloads: false);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Without_the_host_nothing_is_exported()
    {
        using var client = await _portal.SignedInAsync("auditor");
        using var response = await PostAsync(client, "kind:action", "Audit");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("Nothing was exported", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind:action", "")]
    [InlineData("colour:red", "Audit")]
    public async Task An_export_without_a_reason_or_with_an_unread_filter_is_refused(string line, string reason)
    {
        using var client = await _portal.SignedInAsync("auditor");
        using var response = await PostAsync(client, line, reason);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("developer")]
    [InlineData("approver")]
    [InlineData("policy-admin")]
    [InlineData("system-admin")]
    public async Task Only_an_auditor_exports(string role)
    {
        using var client = await _portal.SignedInAsync(role);
        using var response = await PostAsync(client, "kind:action", "Audit");
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    private Task<HttpResponseMessage> PostAsync(HttpClient client, string line, string reason, string format = "csv") =>
        SendAsync(client, ExportFeature.Path, [new("q", line), new("range", "7d"), new("reason", reason), new("format", format)]);

    private Task<HttpResponseMessage> PackAsync(HttpClient client, string reason, bool payloads) =>
        SendAsync(client, ExportFeature.EvidencePath, [new("range", "7d"), new("reason", reason), new("payloads", payloads ? "on" : "")]);

    private async Task<HttpResponseMessage> SendAsync(HttpClient client, string path, KeyValuePair<string, string>[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Add("Origin", _portal.Url.ToString().TrimEnd('/'));
        request.Content = new FormUrlEncodedContent(form);
        return await client.SendAsync(request);
    }
}
