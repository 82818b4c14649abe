namespace Parley.Tensors;

/// <summary>Backward through time of one direction: each step brings the gradient of its gates back through U, fused with the step before it.</summary>
/// <remarks>Gradients of weights, biases and x follow in large products over all steps at once.</remarks>
internal sealed unsafe class RecurrentBackward<T>
    where T : struct, ILanes<T>
{
    /// <summary>Keeps rows that are multiples of 4 KiB apart out of the same lines of the first cache.</summary>
    private const int Stagger = 16;

    private readonly RecurrentPass _pass;
    private readonly RecurrentSizes _s;
    private readonly RecurrentGradients _gradients;
    private readonly RecurrentShares _shares;
    private readonly RecurrentShares _inner;
    private readonly float* _u;
    private readonly float* _projection;
    private readonly float* _deltas;
    private readonly float* _carry;
    private readonly float* _dc;
    private readonly float* _products;
    private readonly float* _projected;
    private readonly float* _unprojected;
    private readonly float* _zeros;
    private readonly float* _gates;
    private readonly float* _memory;
    private readonly float* _dy;
    private readonly nint _deltaRow;
    private readonly int _room;
    private int _step;

    private RecurrentBackward(Workers workers, RecurrentPass pass, RecurrentGradients gradients, RecurrentRoom room)
    {
        (_pass, _s, _gradients) = (pass, pass.Sizes, gradients);
        _room = RecurrentProduct<T>.Room(_s.Batch);
        _deltaRow = _s.Rows + Stagger;
        _shares = RecurrentShares.Of(workers, _s.Size, RecurrentProduct<T>.Width, (long)_s.Batch * _s.Rows * _s.Size);
        _inner = RecurrentShares.Of(workers, _s.Hidden, RecurrentProduct<T>.Width, (long)_s.Batch * _s.Hidden * _s.Size);
        _u = room.Take(RecurrentProduct<T>.Packed(_s.Size, _s.Rows));
        RecurrentProduct<T>.Pack(workers, pass.Weights.Hidden.Pointer, 1, _s.Size, _s.Size, _s.Rows, _u);
        _deltas = room.Zeros(2 * _room * _deltaRow);
        _carry = room.Zeros((long)_s.Batch * _s.Size);
        _dc = room.Zeros((long)_s.Batch * _s.Hidden);
        _products = room.Take((long)workers.Threads * _room * RecurrentProduct<T>.Width);
        _zeros = room.Zeros(Math.Max(_s.Hidden, _s.Size));
        _gates = pass.Gates.Pointer;
        _memory = pass.Memory is null ? null : pass.Memory.Pointer;
        _dy = gradients.Output.Pointer + (pass.Direction * _s.Size);
        if (pass.Weights.Projection is { } projection)
        {
            _projection = room.Take(RecurrentProduct<T>.Packed(_s.Hidden, _s.Size));
            RecurrentProduct<T>.Pack(workers, projection.Pointer, 1, _s.Hidden, _s.Hidden, _s.Size, _projection);
            _projected = room.Zeros((((long)_s.Time * _s.Batch) + 8) * _s.Size);
            _unprojected = room.Zeros((long)_s.Time * _s.Batch * _s.Hidden);
        }

        if (gradients.LastHidden is not null)
        {
            Copy(gradients.LastHidden, _carry, _s.Batch * _s.Size);
        }

        if (gradients.LastCells is not null)
        {
            Copy(gradients.LastCells, _dc, _s.Batch * _s.Hidden);
        }
    }

    internal static void Run(Workers workers, RecurrentPass pass, RecurrentGradients gradients)
    {
        using var room = new RecurrentRoom();
        var backward = new RecurrentBackward<T>(workers, pass, gradients, room);
        backward.Run(workers);
        RecurrentSums.Run(workers, pass, gradients, backward._projected, backward._unprojected, room);
        GC.KeepAlive(pass);
        GC.KeepAlive(gradients);
    }

    private void Run(Workers workers)
    {
        Action<int> states = States, units = Units;
        for (_step = _s.Time - 1; _step >= 0; _step--)
        {
            workers.Run(_shares.Count, states);
            if (_projection is not null)
            {
                workers.Run(_inner.Count, units);
            }
        }

        if (_gradients.Hidden is not null)
        {
            workers.Run(_shares.Count, states);
        }

        if (_gradients.Cells is not null)
        {
            Copy(_dc, _gradients.Cells, _s.Batch * _s.Hidden);
        }
    }

    // One core's outputs: their gradient from the step after, and, unless a projection stands between, through this step's gates.
    private void States(int share)
    {
        var width = RecurrentProduct<T>.Width;
        var product = _products + ((long)share * _room * width);
        for (var panel = _shares.First(share); panel < _shares.First(share + 1); panel++)
        {
            var (first, count) = (panel * width, Math.Min(width, _s.Size - (panel * width)));
            if (_step < _s.Time - 1)
            {
                RecurrentProduct<T>.Run(_s.Batch, _s.Rows, Deltas(_step + 1), _deltaRow, _u + ((long)panel * width * _s.Rows), product);
            }
            else
            {
                new Span<float>(product, _s.Batch * width).Clear();
            }

            for (var row = 0; row < _s.Batch; row++)
            {
                State(row, first, count, product + (row * width));
            }
        }
    }

    private void State(int row, int first, int count, float* dh)
    {
        var carry = _carry + ((long)row * _s.Size) + first;
        RecurrentUnits<T>.Add(dh, carry, dh, count);
        if (_step < 0)
        {
            Copy(dh, _gradients.Hidden + ((long)row * _s.Size) + first, count);
            return;
        }

        var time = _pass.At(_step);
        var at = ((long)time * _s.Batch) + row;
        if (!_pass.Has(row, time))
        {
            Copy(dh, carry, count);
            if (_projected is null)
            {
                Nothing(row, first, count, at);
            }

            return;
        }

        RecurrentUnits<T>.Add(dh, _dy + (at * _pass.OutputRow) + first, dh, count);
        new Span<float>(carry, count).Clear();
        if (_projected is not null)
        {
            Copy(dh, _projected + (at * _s.Size) + first, count);
            return;
        }

        Gates(row, first, count, dh);
        if (_s.Cell == RecurrentCell.Gru)
        {
            Copy(dh, carry, count);
        }
    }

    // One core's units behind a projection.
    private void Units(int share)
    {
        var (width, time) = (RecurrentProduct<T>.Width, _pass.At(_step));
        var product = _products + ((long)share * _room * width);
        var at = (long)time * _s.Batch;
        for (var panel = _inner.First(share); panel < _inner.First(share + 1); panel++)
        {
            var (first, count) = (panel * width, Math.Min(width, _s.Hidden - (panel * width)));
            RecurrentProduct<T>.Run(_s.Batch, _s.Size, _projected + (at * _s.Size), _s.Size, _projection + ((long)panel * width * _s.Size), product);
            for (var row = 0; row < _s.Batch; row++)
            {
                if (!_pass.Has(row, time))
                {
                    Nothing(row, first, count, at + row);
                    continue;
                }

                var output = _gates + ((at + row) * _s.Rows) + (3 * _s.Hidden) + first;
                RecurrentUnits<T>.Unprojected(output, _memory + ((at + row) * _s.Hidden) + first, _unprojected + ((at + row) * _s.Hidden) + first, count);
                Gates(row, first, count, product + (row * width));
            }
        }
    }

    private void Gates(int row, int first, int count, float* dh)
    {
        var time = _pass.At(_step);
        var at = ((long)time * _s.Batch) + row;
        var gates = _gates + (at * _s.Rows) + first;
        var deltas = Deltas(_step) + (row * _deltaRow) + first;
        switch (_s.Cell)
        {
            case RecurrentCell.Lstm:
                RecurrentUnits<T>.LstmGradient(
                    gates, _s.Hidden, MemoryBefore(row, time) + first, _memory + (at * _s.Hidden) + first, dh, _dc + ((long)row * _s.Hidden) + first, deltas, count);
                break;
            case RecurrentCell.Gru:
                RecurrentUnits<T>.GruGradient(gates, _s.Hidden, HiddenBefore(row, time) + first, _memory + (at * _s.Hidden) + first, dh, deltas, count);
                break;
            default:
                RecurrentUnits<T>.SimpleGradient(_s.Cell, gates, dh, deltas, count);
                break;
        }
    }

    // A step past the end of an utterance: no gate has a gradient.
    private void Nothing(int row, int first, int count, long at)
    {
        for (var gate = 0; gate < _s.Gates; gate++)
        {
            new Span<float>(_gates + (at * _s.Rows) + (gate * _s.Hidden) + first, count).Clear();
            new Span<float>(Deltas(_step) + (row * _deltaRow) + (gate * _s.Hidden) + first, count).Clear();
        }

        if (_s.Cell == RecurrentCell.Gru)
        {
            new Span<float>(_memory + (at * _s.Hidden) + first, count).Clear();
        }
    }

    // Gradients of U h at a step; those of the step after lie in the other half.
    private float* Deltas(int step) => _deltas + ((step & 1) * _room * _deltaRow);

    private float* MemoryBefore(int row, int time) =>
        !_pass.IsFirst(row, time) ? _memory + ((((long)Before(time) * _s.Batch) + row) * _s.Hidden) : _pass.Cells is null ? _zeros : _pass.Cells.Pointer + (row * _s.Hidden);

    private float* HiddenBefore(int row, int time) =>
        !_pass.IsFirst(row, time) ? _pass.Output + ((((long)Before(time) * _s.Batch) + row) * _pass.OutputRow) : _pass.Hidden is null ? _zeros : _pass.Hidden.Pointer + (row * _s.Size);

    private int Before(int time) => time + (_pass.Direction == 0 ? -1 : 1);

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
}
