using System.Globalization;

namespace Parley.Cli;

/// <summary>Seconds of work that the cores have done, and the memory that took.</summary>
internal static class ProcessorTime
{
    private const double TicksPerSecond = 100;

    /// <summary>Busy seconds of all cores since the machine started, or null where there is no /proc.</summary>
    public static double? All()
    {
        try
        {
            // user nice system idle iowait irq softirq steal
            using var reader = new StreamReader("/proc/stat");
            var parts = (reader.ReadLine() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return parts.Length < 8 ? null : parts[1..8].Where((_, i) => i is not (3 or 4)).Sum(p => double.Parse(p, CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Busy seconds of this process.</summary>
    public static double Own() => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>Starts the measurement of the peak anew, where the system can.</summary>
    public static void ResetPeak()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then the peak is that of the whole process, which is never too small.
            return;
        }
    }

    /// <summary>Peak of resident memory in MiB.</summary>
    public static double PeakMebibytes()
    {
        if (File.Exists("/proc/self/status") && File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line)
        {
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
        }

        using var self = System.Diagnostics.Process.GetCurrentProcess();
        return self.PeakWorkingSet64 / 1048576.0;
    }
}
