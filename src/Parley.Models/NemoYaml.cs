using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Parley.Models;

/// <summary>Reads the YAML that NeMo writes as JSON: mappings, lists and scalars, within bounds; no anchors and no tags.</summary>
internal static class NemoYaml
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 8 << 20;

    private const int MaxDepth = 32;

    /// <summary>The document of a file.</summary>
    /// <param name="where">Names the file in messages.</param>
    /// <param name="yaml">Its text.</param>
    public static JsonDocument Parse(string where, ReadOnlySpan<byte> yaml)
    {
        var buffer = new ArrayBufferWriter<byte>();
        try
        {
            using var json = new Utf8JsonWriter(buffer);
            var events = new Parser(new StringReader(Encoding.UTF8.GetString(yaml)));
            events.Consume<StreamStart>();
            events.Consume<DocumentStart>();
            Write(where, events, json, depth: 0);
            json.Flush();
            return JsonDocument.Parse(buffer.WrittenMemory, new JsonDocumentOptions { MaxDepth = MaxDepth + 1, AllowDuplicateProperties = false });
        }
        catch (Exception e) when (e is YamlException or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{where}: not valid YAML: {e.Message}", e);
        }
    }

    private static void Write(string where, IParser events, Utf8JsonWriter json, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new InvalidDataException($"{where}: nested deeper than {MaxDepth}");
        }

        if (events.Accept<AnchorAlias>(out _) || (events.Current is NodeEvent { Anchor.IsEmpty: false }))
        {
            throw new InvalidDataException($"{where}: anchors are not supported");
        }

        if (events.TryConsume<MappingStart>(out _))
        {
            json.WriteStartObject();
            while (!events.TryConsume<MappingEnd>(out _))
            {
                json.WritePropertyName(events.Consume<Scalar>().Value);
                Write(where, events, json, depth + 1);
            }

            json.WriteEndObject();
        }
        else if (events.TryConsume<SequenceStart>(out _))
        {
            json.WriteStartArray();
            while (!events.TryConsume<SequenceEnd>(out _))
            {
                Write(where, events, json, depth + 1);
            }

            json.WriteEndArray();
        }
        else
        {
            Write(events.Consume<Scalar>(), json);
        }
    }

    // YAML 1.1 as PyYAML resolves it, without its words for yes and no, which NeMo never writes.
    private static void Write(Scalar scalar, Utf8JsonWriter json)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
        {
            json.WriteStringValue(text);
            return;
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                json.WriteNullValue();
                break;
            case "true" or "True" or "TRUE":
                json.WriteBooleanValue(true);
                break;
            case "false" or "False" or "FALSE":
                json.WriteBooleanValue(false);
                break;
            default:
                if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
                {
                    json.WriteNumberValue(whole);
                }
                else if ((char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.') && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real))
                {
                    json.WriteNumberValue(real);
                }
                else
                {
                    json.WriteStringValue(text);
                }

                break;
        }
    }
}
