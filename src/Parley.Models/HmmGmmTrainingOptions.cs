using Parley.Text;

namespace Parley.Models;

/// <summary>How an HMM-GMM is trained.</summary>
/// <param name="Units">What there are models of.</param>
/// <param name="Dictionary">Pronunciations; needed but for whole words.</param>
/// <param name="PhoneStates">States of a phone.</param>
/// <param name="WordStates">States of a word, where words are units.</param>
/// <param name="SilenceStates">States of silence.</param>
/// <param name="Gaussians">Most densities of a state at the end; they begin as one and are split in doubling steps.</param>
/// <param name="IterationsPerSplit">Passes of Baum-Welch over all recordings with each number of densities.</param>
/// <param name="FinalIterations">Passes more with the last number.</param>
/// <param name="VarianceFloor">Least variance of a density, as a share of the variance of all frames in the same dimension.</param>
/// <param name="MinOccupancy">Frames that a density must explain for its mean and variance to be estimated anew.</param>
/// <param name="SplitOccupancy">Frames that a density must explain to be split.</param>
/// <param name="SplitDistance">How far the halves of a split density move from its mean, in standard deviations.</param>
/// <param name="WordPenalty">Written into the model: what beginning one more word costs in recognition, a natural logarithm.</param>
/// <param name="MelBins">Mel filters beneath the cepstra.</param>
/// <param name="LowFrequency">Where the lowest begins, in Hz.</param>
/// <param name="HighFrequency">Where the highest ends, in Hz; half the rate of the recordings if that is less than 16 kHz.</param>
/// <param name="FrameLength">Milliseconds that a frame hears.</param>
/// <param name="FrameShift">Milliseconds from frame to frame.</param>
/// <param name="SubtractMean">Take from cepstra their mean over the recording.</param>
/// <param name="NormalizeVariance">And bring them to unit variance.</param>
public sealed record HmmGmmTrainingOptions(
    HmmUnitKind Units = HmmUnitKind.Phones,
    PronunciationDictionary? Dictionary = null,
    int PhoneStates = 3,
    int WordStates = 10,
    int SilenceStates = 3,
    int Gaussians = 8,
    int IterationsPerSplit = 4,
    int FinalIterations = 4,
    double VarianceFloor = 0.01,
    double MinOccupancy = 3,
    double SplitOccupancy = 20,
    double SplitDistance = 0.2,
    double WordPenalty = 0,
    int MelBins = 23,
    double LowFrequency = 20,
    double HighFrequency = 8000,
    double FrameLength = 25,
    double FrameShift = 10,
    bool SubtractMean = true,
    bool NormalizeVariance = true)
{
    /// <summary>Throws, naming the setting, when one is out of range or settings do not fit each other.</summary>
    public void Validate()
    {
        if (Units != HmmUnitKind.Words && Dictionary is null)
        {
            throw new ArgumentException("hmm-gmm: models of phones need a dictionary; give one, or choose whole words");
        }

        (string Name, double Value, double Least, double Most)[] ranges =
        [
            (nameof(PhoneStates), PhoneStates, 1, 100), (nameof(WordStates), WordStates, 1, 1000), (nameof(SilenceStates), SilenceStates, 1, 100),
            (nameof(Gaussians), Gaussians, 1, 1024), (nameof(IterationsPerSplit), IterationsPerSplit, 1, 1000), (nameof(FinalIterations), FinalIterations, 0, 1000),
            (nameof(VarianceFloor), VarianceFloor, 1e-6, 1), (nameof(MinOccupancy), MinOccupancy, 1, 1e6), (nameof(SplitOccupancy), SplitOccupancy, 2, 1e6), (nameof(SplitDistance), SplitDistance, 1e-3, 2),
        ];
        foreach (var (name, value, least, most) in ranges)
        {
            if (!(value >= least && value <= most))
            {
                throw new ArgumentException($"hmm-gmm: {name} is {value}; it must be {least} to {most}");
            }
        }
    }
}
