using System.Net.Http.Headers;

namespace Parley.Hub;

/// <summary>Requests to the hub and to where it redirects; the token goes to the hub alone.</summary>
internal sealed class HubTransport : IDisposable
{
    public const int MaxRedirects = 10;

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly HubOptions _options;
    private readonly HttpClient _http;

    public HubTransport(HubOptions options)
    {
        _options = options;

        // The handler is the client's and goes with it.
        _http = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = options.MetadataTimeout ?? DefaultTimeout, MaxResponseHeadersLength = 64 })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("parley");
    }

    /// <summary>Sends a request and follows redirects by hand.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, Action<HttpRequestMessage>? range, CancellationToken cancellation)
    {
        for (var hop = 0; hop <= MaxRedirects; hop++)
        {
            var response = await SendOnceAsync(method, address, range, cancellation).ConfigureAwait(false);
            if (!IsRedirect(response))
            {
                return response;
            }

            using (response)
            {
                address = Redirect(response, address)!;
            }
        }

        throw new HubException($"{address.Host}: more than {MaxRedirects} redirects");
    }

    /// <summary>Sends one request; the body is not read yet.</summary>
    public async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, Action<HttpRequestMessage>? range, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        request.Headers.AcceptEncoding.ParseAdd("identity");
        range?.Invoke(request);
        if (_options.Token is { } token && IsHub(address))
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(_options.MetadataTimeout ?? DefaultTimeout);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new HubUnreachableException($"{address.Host} cannot be reached ({HubNames.Shown(e.Message)}); check the network, or HF_ENDPOINT", e)
            {
                IsConnection = e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError,
            };
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HubUnreachableException($"{address.Host} does not answer", e);
        }
    }

    /// <summary>Where a response redirects to, or null when it does not.</summary>
    public static Uri? Redirect(HttpResponseMessage response, Uri from)
    {
        if (!IsRedirect(response))
        {
            return null;
        }

        var to = response.Headers.Location is { } location ? new Uri(from, location) : throw new HubException($"{from.Host}: a redirect to nowhere");
        return to.Scheme == "https" || (to.Scheme == "http" && from.Scheme == "http")
            ? to
            : throw new HubException($"{from.Host}: a redirect to {HubNames.Shown(to.Scheme)}, which is not followed");
    }

    /// <summary>Reads a whole body of bounded size.</summary>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, int limit, TimeSpan timeout, CancellationToken cancellation)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(timeout);
        using var body = new MemoryStream();
        var buffer = new byte[16384];
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(timer.Token).ConfigureAwait(false);
            for (int read; (read = await stream.ReadAsync(buffer, timer.Token).ConfigureAwait(false)) > 0;)
            {
                body.Write(buffer, 0, read);
                if (body.Length > limit)
                {
                    throw new HubException($"{response.RequestMessage?.RequestUri?.Host}: an answer of more than {limit} bytes; check HF_ENDPOINT");
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or (IOException and not HubException))
        {
            throw new HubUnreachableException($"{response.RequestMessage?.RequestUri?.Host} broke off its answer", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HubUnreachableException($"{response.RequestMessage?.RequestUri?.Host} does not go on with its answer", e);
        }

        return body.ToArray();
    }

    public void Dispose() => _http.Dispose();

    private static bool IsRedirect(HttpResponseMessage response) => (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;

    private bool IsHub(Uri address) =>
        address.Scheme == _options.Endpoint.Scheme && address.Port == _options.Endpoint.Port
        && string.Equals(address.IdnHost, _options.Endpoint.IdnHost, StringComparison.OrdinalIgnoreCase);
}
