using System.IO.Compression;
using EditorBridge.Messages;
using Microsoft.AspNetCore.Http.Features;
using ZstdSharp;

namespace EditorBridge.Proxy;

/// <summary>Reads a request's body whole, decoded, and never more of it than the API takes.</summary>
internal static class RequestBody
{
    /// <summary>The API's own limit, for what is sent as well as for what it unpacks to.</summary>
    private const int Largest = 32 * 1024 * 1024;

    /// <summary>How much of a body that is too large is still taken in. A client that is cut off while it sends sees a broken connection and tries again, not the reason.</summary>
    private const long Discarded = 512L * 1024 * 1024;

    public static async Task<(ReadOnlyMemory<byte> Body, AnthropicError? Problem)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var encoding = request.Headers.ContentEncoding.ToString().Trim().ToLowerInvariant();
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = Discarded;
        try
        {
            if (request.ContentLength > Largest) return (default, await TooLargeAsync(request, cancellationToken));
            await using var decoded = encoding switch
            {
                "" or "identity" => request.Body,
                "gzip" => new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
                "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
                "br" => new BrotliStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
                "zstd" => new DecompressionStream(request.Body, leaveOpen: true),
                _ => null as Stream,
            };
            if (decoded is null) return (default, AnthropicErrors.InvalidRequest($"The content encoding '{encoding}' is not known here (gzip, deflate, br and zstd are). Nothing was sent to the account."));
            // Only what is not encoded is as long as it was announced.
            var body = decoded == request.Body && request.ContentLength is { } length
                ? await ReadExactlyAsync(decoded, (int)length, cancellationToken)
                : await ReadAllAsync(decoded, cancellationToken);
            return body is not null ? (body, null) : (default, await TooLargeAsync(request, cancellationToken));
        }
        catch (Exception e) when (e is InvalidDataException or ZstdException)
        {
            return (default, AnthropicErrors.InvalidRequest($"The body is not valid {encoding}: {e.Message} Nothing was sent to the account."));
        }
    }

    // A conversation of hundreds of kilobytes comes with every request: it is read into its place, not copied there.
    private static async Task<byte[]> ReadExactlyAsync(Stream stream, int length, CancellationToken cancellationToken)
    {
        var whole = GC.AllocateUninitializedArray<byte>(length);
        await stream.ReadExactlyAsync(whole, cancellationToken);
        return whole;
    }

    private static async Task<byte[]?> ReadAllAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream(4096);
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (whole.Length + read > Largest) return null;
            whole.Write(buffer, 0, read);
        }

        return whole.ToArray();
    }

    private static async Task<AnthropicError> TooLargeAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var ended = false;
            while (!ended)
            {
                var read = await request.BodyReader.ReadAsync(cancellationToken);
                ended = read.IsCompleted;
                request.BodyReader.AdvanceTo(read.Buffer.End);
            }
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            // Larger even than what is worth taking in to be understood.
        }

        return new(StatusCodes.Status413PayloadTooLarge, AnthropicErrorType.RequestTooLarge, $"The request is larger than {Largest / 1024 / 1024} MB, the Messages API's own limit. Nothing was sent to the account.");
    }
}
