namespace Parley.Models;

/// <summary>A path through a recording at three levels; phones and states cover every frame, words all but the silence.</summary>
/// <param name="LogProbability">ln P(O, path): of the path and what was heard.</param>
/// <param name="Words">Words in order.</param>
/// <param name="Phones">Their units, and silence.</param>
/// <param name="States">The states of these.</param>
/// <param name="WordPosteriors">Of a recognition, for each word: the share of all paths that are in it where it is.</param>
public sealed record HmmAlignment(
    double LogProbability, IReadOnlyList<HmmSpan> Words, IReadOnlyList<HmmSpan> Phones, IReadOnlyList<HmmSpan> States, IReadOnlyList<double>? WordPosteriors = null)
{
    /// <summary>What was said.</summary>
    public string Text => string.Join(' ', Words.Select(w => w.Name));

    /// <summary>Puts the nodes of a path together: null states part words, and within a word each unit and each state comes once.</summary>
    internal static HmmAlignment Of(HmmGmm model, HmmNetwork network, IReadOnlyList<(int Frame, int Node)> path, double probability)
    {
        List<HmmSpan> words = [], phones = [], states = [];
        var before = new HmmNode(HmmNetwork.Null, -1, -1, -1);
        foreach (var (frame, number) in path)
        {
            var node = network.Nodes[number];
            if (node.Emission != HmmNetwork.Null)
            {
                var isNew = before.Emission == HmmNetwork.Null;
                var (start, isNewPhone) = (frame - 1, isNew || node.Part != before.Part);
                var phone = model.Config.Units[node.Word < 0 ? model.Config.Silence : model.Config.Words[node.Word].Units[node.Part]].Phone;
                if (node.Word >= 0)
                {
                    Add(words, isNew, model.Config.Words[node.Word].Text, start, parent: -1);
                }

                Add(phones, isNewPhone, phone, start, node.Word < 0 ? -1 : words.Count - 1);
                Add(states, isNewPhone || node.Step != before.Step, $"{phone}.{node.Step + 1}", start, phones.Count - 1);
            }

            before = node;
        }

        return new HmmAlignment(probability, words, phones, states);
    }

    private static void Add(List<HmmSpan> spans, bool isNew, string name, int frame, int parent)
    {
        if (isNew)
        {
            spans.Add(new HmmSpan(name, frame, frame + 1, parent));
        }
        else
        {
            spans[^1] = spans[^1] with { End = frame + 1 };
        }
    }
}
