using System.Diagnostics;

namespace Parley.Cli;

/// <summary>One line on the error stream that is redrawn on a terminal and repeated now and then elsewhere.</summary>
internal sealed class StatusLine(Terminal terminal)
{
    private static readonly TimeSpan s_redraw = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan s_repeat = TimeSpan.FromSeconds(10);

    // A line that wraps cannot be redrawn.
    private const int Width = 78;

    private readonly Lock _lock = new();
    private long _last = Stopwatch.GetTimestamp();
    private bool _shown;

    /// <summary>Shows a text unless the last one is too fresh.</summary>
    public void Show(string text)
    {
        lock (_lock)
        {
            if (Stopwatch.GetElapsedTime(_last) < (terminal.IsLive ? s_redraw : s_repeat))
            {
                return;
            }

            _last = Stopwatch.GetTimestamp();
            if (terminal.IsLive)
            {
                Draw(text);
            }
            else
            {
                terminal.Error.WriteLine(text);
                terminal.Error.Flush();
            }
        }
    }

    /// <summary>Shows the end of a text at once, where somebody sees it.</summary>
    public void ShowNow(string text)
    {
        text = Failure.OneLine(text);
        lock (_lock)
        {
            if (terminal.IsLive)
            {
                Draw(text.Length > Width ? $"…{text[^(Width - 1)..]}" : text);
            }
        }
    }

    private void Draw(string text)
    {
        terminal.Error.Write($"\r{text}\e[K");
        terminal.Error.Flush();
        _shown = true;
    }

    /// <summary>Takes the line away so that other text can be written.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            if (_shown)
            {
                terminal.Error.Write("\r\e[K");
                terminal.Error.Flush();
                _shown = false;
            }
        }
    }
}
