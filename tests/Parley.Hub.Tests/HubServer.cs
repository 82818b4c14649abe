using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Parley.Hub.Tests;

/// <summary>A request as the test server saw it.</summary>
internal sealed record Asked(string Method, string Path, IReadOnlyDictionary<string, string> Headers);

/// <summary>What the test server answers; it may send less than it announces.</summary>
internal sealed record Answer(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    public int? Announce { get; init; }

    public int? StopAfter { get; init; }

    public TimeSpan Stall { get; init; }
}

/// <summary>A small HTTP server on this machine that does as it is told, lies and dropped connections included.</summary>
internal sealed class HubServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, port: 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Asked, Answer> _answer;

    public HubServer(Func<Asked, Answer> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public ConcurrentQueue<Asked> Requests { get; } = [];

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The server was disposed: the test is over.
            return;
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using var _ = client;
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
            if (await reader.ReadLineAsync() is not { } first)
            {
                return;
            }

            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (await reader.ReadLineAsync() is { Length: > 0 } line)
            {
                headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
            }

            var asked = new Asked(first.Split(' ')[0], first.Split(' ')[1], headers);
            Requests.Enqueue(asked);
            var answer = _answer(asked);
            var text = new StringBuilder($"HTTP/1.1 {answer.Status} Told\r\nConnection: close\r\n");
            if (!answer.Headers.Any(h => h.Name == "Content-Length"))
            {
                text.Append(CultureInfo.InvariantCulture, $"Content-Length: {answer.Announce ?? answer.Body.Length}\r\n");
            }

            foreach (var (name, value) in answer.Headers)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
            }

            await stream.WriteAsync(Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()));
            if (asked.Method != "HEAD")
            {
                await stream.WriteAsync(answer.Body.AsMemory(0, Math.Min(answer.Body.Length, answer.StopAfter ?? int.MaxValue)));
                await stream.FlushAsync();
                await Task.Delay(answer.Stall, _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client hung up, or the test is over.
            return;
        }
    }
}
