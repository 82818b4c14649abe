using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Hub;

/// <summary>How one try of a download ended.</summary>
/// <param name="Bytes">Bytes of the file that are here.</param>
/// <param name="Error">Why it is not whole, or null when it is whole and verified.</param>
/// <param name="RetryAfter">The wait the server asks for.</param>
/// <param name="IsWrongContent">Whether all bytes came and were not those of the hub.</param>
internal sealed record HubOutcome(long Bytes, string? Error = null, TimeSpan? RetryAfter = null, bool IsWrongContent = false);

/// <summary>Fetches one file into the cache, going on where an earlier try stopped, and verifies it.</summary>
internal sealed class HubDownload(HubTransport transport, Uri address, HubFile file, string incomplete, HubOptions options)
{
    private const int BufferSize = 1 << 17;

    private EntityTagHeaderValue? _served;

    /// <summary>One request; network trouble is an outcome, trouble with the disk or the model an exception.</summary>
    public async Task<HubOutcome> TryAsync(Action<HttpResponseMessage> checkStatus, Action<long> told, CancellationToken cancellation)
    {
        using var target = new FileStream(incomplete, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, BufferSize);
        if (target.Length > file.Size)
        {
            target.SetLength(0);
        }

        try
        {
            if (target.Length < file.Size)
            {
                await ReceiveAsync(target, checkStatus, told, cancellation).ConfigureAwait(false);
            }
        }
        catch (HubUnreachableException e) when (e.IsTransient)
        {
            await target.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            return new HubOutcome(target.Length, e.Message, e.RetryAfter);
        }

        if (target.Length < file.Size)
        {
            return new HubOutcome(target.Length, $"the server stopped at {target.Length} of {file.Size} bytes");
        }

        if (await MismatchAsync(target, cancellation).ConfigureAwait(false) is { } mismatch)
        {
            target.SetLength(0);
            _served = null;
            return new HubOutcome(0, mismatch, IsWrongContent: true);
        }

        target.Flush(flushToDisk: true);
        return new HubOutcome(file.Size);
    }

    private async Task ReceiveAsync(FileStream target, Action<HttpResponseMessage> checkStatus, Action<long> told, CancellationToken cancellation)
    {
        var start = target.Length;
        using var response = await transport.SendAsync(HttpMethod.Get, address, r => Ask(r, start), cancellation).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            target.SetLength(0);
            throw new HubUnreachableException("the server does not go on from where it stopped", null);
        }

        checkStatus(response);
        CheckRange(response, target, start);
        if (response.Headers.ETag is { IsWeak: false } tag)
        {
            _served = tag;
        }

        target.Seek(0, SeekOrigin.End);
        await CopyAsync(response, target, told, cancellation).ConfigureAwait(false);
    }

    // The whole file is verified in the end whatever the parts came from; If-Range only saves a wasted download.
    private void Ask(HttpRequestMessage request, long start)
    {
        if (start == 0)
        {
            return;
        }

        request.Headers.Range = new RangeHeaderValue(start, null);
        if (_served is not null)
        {
            request.Headers.IfRange = new RangeConditionHeaderValue(_served);
        }
    }

    private void CheckRange(HttpResponseMessage response, FileStream target, long start)
    {
        var range = response.Content.Headers.ContentRange;
        if (response.StatusCode != HttpStatusCode.PartialContent)
        {
            if (start > 0)
            {
                target.SetLength(0);
            }
        }
        else if (range is null || range.From != start || (range.Length is { } whole && whole != file.Size))
        {
            target.SetLength(0);
            throw new HubUnreachableException("the server sent another part of the file than was asked for", null);
        }

        var announced = response.Content.Headers.ContentLength;
        if (announced > file.Size - target.Length)
        {
            throw new HubUnreachableException($"the server announces {announced} bytes where {file.Size - target.Length} were expected", null);
        }
    }

    private async Task CopyAsync(HttpResponseMessage response, FileStream target, Action<long> told, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var read = 0;
            while ((read = await ReadAsync(response, buffer, timer, cancellation).ConfigureAwait(false)) > 0)
            {
                if (read > file.Size - target.Length)
                {
                    target.SetLength(0);
                    throw new HubUnreachableException($"the server sent more than the {file.Size} bytes of the file", null);
                }

                await target.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
                told(target.Length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<int> ReadAsync(HttpResponseMessage response, byte[] buffer, CancellationTokenSource timer, CancellationToken cancellation)
    {
        timer.CancelAfter(options.DownloadTimeout ?? HubTransport.DefaultTimeout);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(timer.Token).ConfigureAwait(false);
            return await stream.ReadAsync(buffer.AsMemory(0, BufferSize), timer.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new HubUnreachableException("the connection was dropped", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HubUnreachableException("the server sends nothing more", e);
        }
    }

    private async Task<string?> MismatchAsync(FileStream target, CancellationToken cancellation)
    {
        var algorithm = HubNames.IsSha256(file.Tag) ? HashAlgorithmName.SHA256 : HubNames.IsCommit(file.Tag) ? HashAlgorithmName.SHA1 : default;
        if (algorithm.Name is null)
        {
            return null;
        }

        using var hash = IncrementalHash.CreateHash(algorithm);
        if (algorithm == HashAlgorithmName.SHA1)
        {
            // Git hashes a small header before the content.
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.Size.ToString(CultureInfo.InvariantCulture)}\0"));
        }

        target.Seek(0, SeekOrigin.Begin);
        var buffer = new byte[BufferSize];
        for (int read; (read = await target.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
        }

        var got = Convert.ToHexStringLower(hash.GetHashAndReset());
        return got == file.Tag ? null : $"the content is not the published one ({algorithm.Name} {got[..12]}… where {file.Tag[..12]}… was expected)";
    }
}
