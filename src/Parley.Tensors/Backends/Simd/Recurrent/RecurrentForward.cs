namespace Parley.Tensors;

/// <summary>One direction of a recurrent layer: W x of all steps is one product, then each step is U h on packed weights with the gates fused.</summary>
/// <remarks>
/// A core owns the same units at every step, so that its part of U stays in its cache; the cores meet once a step. A unit's sums do not depend on
/// who owns it, so neither do results.
/// </remarks>
internal sealed unsafe class RecurrentForward<T>
    where T : struct, ILanes<T>
{
    private readonly RecurrentPass _pass;
    private readonly RecurrentSizes _s;
    private readonly RecurrentShares _shares;
    private readonly RecurrentShares _outputs;
    private readonly float* _u;
    private readonly float* _projection;
    private readonly float* _states;
    private readonly float* _unprojected;
    private readonly float* _products;
    private readonly float* _zeros;
    private readonly float* _gates;
    private readonly float* _memory;
    private readonly float* _newBias;
    private readonly int _room;
    private readonly bool _packs;
    private int _step;

    private RecurrentForward(Workers workers, RecurrentPass pass, RecurrentRoom room)
    {
        (_pass, _s) = (pass, pass.Sizes);
        _room = RecurrentProduct<T>.Room(_s.Batch);

        // One or two steps do not pay for packing.
        _packs = _s.Time > 2;
        _shares = RecurrentShares.Of(workers, _s.Hidden, RecurrentProduct<T>.Width, (long)_s.Batch * _s.Rows * _s.Size);
        _outputs = RecurrentShares.Of(workers, _s.Size, RecurrentProduct<T>.Width, (long)_s.Batch * _s.Hidden * _s.Size);
        _states = room.Zeros(2L * _room * _s.Size);
        _zeros = room.Zeros(_s.Hidden);
        _products = room.Take(_packs ? (long)workers.Threads * _s.Gates * _room * RecurrentProduct<T>.Width : (long)_room * Math.Max(_s.Rows, _s.Size));
        _unprojected = pass.Weights.Projection is null ? null : room.Zeros((long)_room * _s.Hidden);
        _gates = pass.Gates.Pointer;
        _memory = pass.Memory is null ? null : pass.Memory.Pointer;
        _newBias = _s.Cell == RecurrentCell.Gru && pass.Weights.HiddenBias is { } bias ? bias.Pointer + (2 * _s.Hidden) : null;
        if (pass.Hidden is not null)
        {
            new ReadOnlySpan<float>(pass.Hidden.Pointer, _s.Batch * _s.Size).CopyTo(new Span<float>(_states, _s.Batch * _s.Size));
        }

        if (_packs)
        {
            var each = RecurrentProduct<T>.Packed(_s.Hidden, _s.Size);
            _u = room.Take(each * _s.Gates);
            for (var gate = 0; gate < _s.Gates; gate++)
            {
                RecurrentProduct<T>.Pack(workers, pass.Weights.Hidden.Pointer + ((long)gate * _s.Hidden * _s.Size), _s.Size, 1, _s.Hidden, _s.Size, _u + (gate * each));
            }

            if (pass.Weights.Projection is { } projection)
            {
                _projection = room.Take(RecurrentProduct<T>.Packed(_s.Size, _s.Hidden));
                RecurrentProduct<T>.Pack(workers, projection.Pointer, _s.Hidden, 1, _s.Size, _s.Hidden, _projection);
            }
        }
    }

    internal static void Run(Workers workers, RecurrentPass pass)
    {
        using var room = new RecurrentRoom();
        InputProducts(workers, pass, room);
        new RecurrentForward<T>(workers, pass, room).Run(workers);
        GC.KeepAlive(pass);
    }

    // W x + b of all steps into the gates.
    private static void InputProducts(Workers workers, RecurrentPass pass, RecurrentRoom room)
    {
        var (s, w) = (pass.Sizes, pass.Weights);
        var bias = room.Zeros(s.Rows);
        if (w.InputBias is not null)
        {
            RecurrentUnits<T>.Add(bias, w.InputBias.Pointer, bias, s.Rows);
        }

        if (w.HiddenBias is not null)
        {
            RecurrentUnits<T>.Add(bias, w.HiddenBias.Pointer, bias, s.Cell == RecurrentCell.Gru ? 2 * s.Hidden : s.Rows);
        }

        Gemm.Run(
            workers, s.Time * s.Batch, s.Rows, s.Features, pass.X.Pointer, s.Features, 1, w.Input.Pointer, 1, s.Features, pass.Gates.Pointer, s.Rows, new Epilogue { ColumnBias = bias });
    }

    private void Run(Workers workers)
    {
        Action<int> units = Units, outputs = Outputs;
        for (_step = 0; _step < _s.Time; _step++)
        {
            if (_packs)
            {
                workers.Run(_shares.Count, units);
            }
            else
            {
                Gemm.Run(workers, _s.Batch, _s.Rows, _s.Size, State(_step), _s.Size, 1, _pass.Weights.Hidden.Pointer, 1, _s.Size, _products, _s.Rows);
                Gates(0, _s.Hidden, _products, _s.Hidden, _s.Rows);
            }

            if (_unprojected is not null && _packs)
            {
                workers.Run(_outputs.Count, outputs);
            }
            else if (_unprojected is not null)
            {
                Gemm.Run(workers, _s.Batch, _s.Size, _s.Hidden, _unprojected, _s.Hidden, 1, _pass.Weights.Projection!.Pointer, 1, _s.Hidden, _products, _s.Size);
                Outputs(0, _s.Size, _products, _s.Size);
            }
        }

        Copy(State(_s.Time), _pass.LastHidden, _s.Batch * _s.Size);
        for (var row = 0; row < _s.Batch && _pass.LastCells is not null; row++)
        {
            Copy(MemoryBefore(row), _pass.LastCells + (row * _s.Hidden), _s.Hidden);
        }
    }

    // One core's units of this step.
    private void Units(int share)
    {
        var width = RecurrentProduct<T>.Width;
        var each = RecurrentProduct<T>.Packed(_s.Hidden, _s.Size);
        var product = _products + ((long)share * _s.Gates * _room * width);
        for (var panel = _shares.First(share); panel < _shares.First(share + 1); panel++)
        {
            for (var gate = 0; gate < _s.Gates; gate++)
            {
                RecurrentProduct<T>.Run(_s.Batch, _s.Size, State(_step), _s.Size, _u + (gate * each) + ((long)panel * width * _s.Size), product + ((long)gate * _room * width));
            }

            Gates(panel * width, Math.Min(width, _s.Hidden - (panel * width)), product, (long)_room * width, width);
        }
    }

    private void Outputs(int share)
    {
        var width = RecurrentProduct<T>.Width;
        var product = _products + ((long)share * _s.Gates * _room * width);
        for (var panel = _outputs.First(share); panel < _outputs.First(share + 1); panel++)
        {
            RecurrentProduct<T>.Run(_s.Batch, _s.Hidden, _unprojected, _s.Hidden, _projection + ((long)panel * width * _s.Hidden), product);
            Outputs(panel * width, Math.Min(width, _s.Size - (panel * width)), product, width);
        }
    }

    private void Gates(int first, int count, float* product, long part, long productRow)
    {
        var time = _pass.At(_step);
        for (var row = 0; row < _s.Batch; row++)
        {
            var at = ((long)time * _s.Batch) + row;
            var gates = _gates + (at * _s.Rows) + first;
            var memory = _memory is null ? null : _memory + (at * _s.Hidden) + first;
            var u = product + (row * productRow);
            var h = _unprojected is null ? State(_step + 1) + (row * _s.Size) + first : _unprojected + (row * _s.Hidden) + first;
            if (!_pass.Has(row, time))
            {
                if (_s.Cell == RecurrentCell.Lstm)
                {
                    Copy(MemoryBefore(row) + first, memory, count);
                }

                if (_unprojected is null)
                {
                    Pass(row, first, count, at);
                }

                continue;
            }

            switch (_s.Cell)
            {
                case RecurrentCell.Lstm:
                    RecurrentUnits<T>.Lstm(gates, _s.Hidden, u, part, MemoryBefore(row) + first, memory, h, count);
                    break;
                case RecurrentCell.Gru:
                    RecurrentUnits<T>.Gru(gates, _s.Hidden, u, part, _newBias is null ? null : _newBias + first, State(_step) + (row * _s.Size) + first, memory, h, count);
                    break;
                default:
                    RecurrentUnits<T>.Simple(_s.Cell, gates, u, h, count);
                    break;
            }

            if (_unprojected is null)
            {
                Copy(h, _pass.Output + (at * _pass.OutputRow) + first, count);
            }
        }
    }

    private void Outputs(int first, int count, float* product, long productRow)
    {
        var time = _pass.At(_step);
        for (var row = 0; row < _s.Batch; row++)
        {
            var at = ((long)time * _s.Batch) + row;
            if (_pass.Has(row, time))
            {
                Copy(product + (row * productRow), State(_step + 1) + (row * _s.Size) + first, count);
                Copy(product + (row * productRow), _pass.Output + (at * _pass.OutputRow) + first, count);
            }
            else
            {
                Pass(row, first, count, at);
            }
        }
    }

    // A step past the end of an utterance.
    private void Pass(int row, int first, int count, long at)
    {
        Copy(State(_step) + (row * _s.Size) + first, State(_step + 1) + (row * _s.Size) + first, count);
        new Span<float>(_pass.Output + (at * _pass.OutputRow) + first, count).Clear();
    }

    // h before a step; the one after it lies in the other half.
    private float* State(int step) => _states + ((step & 1) * (long)_room * _s.Size);

    private float* MemoryBefore(int row) =>
        _step > 0 ? _memory + ((((long)_pass.At(_step - 1) * _s.Batch) + row) * _s.Hidden) : _pass.Cells is null ? _zeros : _pass.Cells.Pointer + (row * _s.Hidden);

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
}
