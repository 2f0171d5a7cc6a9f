"""Coder 3: two decoders, written apart, agree on what it gives and on what it refuses; and it is small."""

import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from inrv_format.entropy import neighbours, parts, rans
from inrv_format.errors import InvalidDataError
from inrv_format.quantization import ASYMMETRIC, MAX_BITS, SYMMETRIC, TensorHeader
from inrv_format.tensors import Symbols, TensorSymbols, unpack
from toys import flat_tensor, layout_of, load_reference

reference = load_reference("reference_entropy")

REFUSED = "(6.4)"
KINDS = ["zeros", "lowest", "highest", "ends", "noise", "sorted", "laplace"]


def integers(
    header: TensorHeader, size: int, kind: str, generator: np.random.Generator, columns: int = 0
) -> TensorSymbols:
    """A tensor of so many integers within the range of its header, in rows of `columns` if that is not 0."""
    low, high = header.q_range
    values = {
        "zeros": np.full(size, header.zero_point),
        "lowest": np.full(size, low),
        "highest": np.full(size, high),
        "ends": generator.choice([low, high], size),
        "noise": generator.integers(low, high, size, endpoint=True),
        "sorted": np.sort(generator.integers(low, high, size, endpoint=True)),
        "laplace": header.zero_point + np.rint(generator.laplace(0, (high - low) / 30, size)).astype(np.int64),
    }
    flat = flat_tensor(np.clip(values[kind], low, high), header)
    return replace(flat, values=flat.values.reshape(-1, columns)) if columns else flat


def headers_of(bits: int, generator: np.random.Generator) -> list[TensorHeader]:
    """Both modes, with zero points at the ends and between."""
    largest = (1 << bits) - 1
    zero_points = [0, largest, int(generator.integers(largest, endpoint=True))]
    symmetric = [TensorHeader(bits, SYMMETRIC, 0, 1.0)] if bits > 1 else []
    return symmetric + [TensorHeader(bits, ASYMMETRIC, zero_point, 1.0) for zero_point in zero_points]


def decoded(stored: bytes, symbols: Symbols) -> list[list[int]] | str:
    """Integers of the tensors that are laid out as those, or REFUSED; both decoders must say the same."""
    layout = layout_of(symbols)
    try:
        tensors = unpack(rans.decompress(stored, layout), layout.headers, layout.shapes)
        ours = [tensor.values.tolist() for tensor in tensors]
    except InvalidDataError as error:
        ours = f"({error.section})"
    try:
        found = reference.decode_integers(stored, [record(tensor) for tensor in symbols])
        theirs = [q.reshape(tensor.values.shape).tolist() for q, tensor in zip(found, symbols, strict=True)]
    except reference.EntropyError as error:
        theirs = str(error)[-len(REFUSED) :]
    assert ours == theirs
    return ours


def record(tensor: TensorSymbols) -> SimpleNamespace:
    """What the reference decoder is told of a tensor."""
    header = tensor.header
    return SimpleNamespace(
        bits=header.bits, mode=header.mode, zero_point=header.zero_point, shape=tensor.values.shape
    )


def is_exact(symbols: Symbols) -> bool:
    return decoded(rans.compress(symbols), symbols) == [tensor.values.tolist() for tensor in symbols]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", range(1, MAX_BITS + 1))
def test_every_range_comes_back_from_both_decoders(bits, kind):
    generator = np.random.default_rng(bits)
    headers = headers_of(bits, generator)
    assert is_exact(tuple(integers(header, size, kind, generator) for header in headers for size in (0, 1, 60)))


@pytest.mark.parametrize("sizes", [(0,), (0, 0), (1,), (5,), (3000,), (4096,), (4097,), (5, 8192, 0, 1), (50_000,)])
@pytest.mark.parametrize("kind", ["zeros", "noise", "laplace"])
def test_every_size_comes_back_from_both_decoders(sizes, kind):
    generator = np.random.default_rng(0)
    for bits in (3, 16):
        header = TensorHeader(bits, ASYMMETRIC, 5, 1.0)
        assert is_exact(tuple(integers(header, size, kind, generator) for size in sizes))


@pytest.mark.parametrize("kind", ["noise", "sorted", "laplace"])
@pytest.mark.parametrize(
    ("rows", "columns"), [(15, 3), (16, 1), (16, 8), (16, 9), (17, 2), (5000, 6), (0, 4), (0, 9)]
)
def test_every_shape_comes_back_from_both_decoders(rows, columns, kind):
    generator = np.random.default_rng(0)
    headers = headers_of(11, generator)
    assert is_exact(tuple(integers(header, rows * columns, kind, generator, columns) for header in headers))


def test_columns_of_a_table_have_models_of_their_own():
    generator = np.random.default_rng(0)
    header = TensorHeader(12, SYMMETRIC, 0, 1.0)
    table = np.stack([generator.integers(-span, span, 64) for span in (1000, 30, 3)], 1).astype(np.int32)
    joined = flat_tensor(table.ravel(), header)
    assert len(rans.compress((replace(joined, values=table),))) < 0.9 * len(rans.compress((joined,)))


def uneven(sizes: list[int], rows: int, header: TensorHeader, seed: int = 0) -> TensorSymbols:
    """A matrix of Laplace integers whose columns have these scales."""
    values = np.rint(np.random.default_rng(seed).laplace(0, sizes, (rows, len(sizes)))).astype(np.int32)
    low, high = header.q_range
    return TensorSymbols("uneven", header, np.clip(values + header.zero_point, low, high))


@pytest.mark.parametrize("rows", [1, 2, 40, 300])
@pytest.mark.parametrize("zero_point", [0, 700, 4095])
def test_matrices_of_uneven_columns_come_back_from_both_decoders(rows, zero_point):
    """From two classes to more octaves than there may be classes."""
    headers = [TensorHeader(12, ASYMMETRIC, zero_point, 1.0), TensorHeader(14, SYMMETRIC, 0, 1.0)]
    for sizes in ([1, 300] * 30, [0, 0, 5, 80] * 5, [2**k for k in range(12)] * 9):
        symbols = tuple(uneven(sizes, rows, header) for header in headers)
        assert is_exact(symbols)
        assert is_exact((*symbols, *symbols[:1]))


@pytest.mark.parametrize("count", range(2, 9))
def test_columns_of_unlike_sizes_have_models_of_their_own(count):
    """Sizes a factor of four apart; that of its column's size is what an integer of one model lacks."""
    tensor = uneven([4**k for k in range(1, count + 1)] * 40, 60, TensorHeader(24, SYMMETRIC, 0, 1.0))
    stored = rans.compress((tensor,))
    assert 56 <= stored[0] <= 62
    columns = np.split(tensor.values, 40 * count, axis=1)
    alike = [np.concatenate(columns[k::count]).ravel() for k in range(count)]
    apart = [len(rans.compress((replace(tensor, values=values),))) for values in alike]
    assert len(stored) < 1.02 * (sum(apart) + 40 * count * np.log2(count) / 8)
    assert len(stored) < 0.97 * len(rans.compress((replace(tensor, values=tensor.values.ravel()),)))


def test_columns_of_one_size_stay_together():
    tensor = uneven([6] * 40, 30, TensorHeader(12, SYMMETRIC, 0, 1.0))
    assert rans.compress((tensor,)) == rans.compress((replace(tensor, values=tensor.values.ravel()),))


@pytest.mark.parametrize("head", range(256))
def test_both_decoders_agree_on_every_head(head):
    """The first two of a matrix by classes, of a matrix that is whole, of a table, and of a vector."""
    header = TensorHeader(12, SYMMETRIC, 0, 1.0)
    matrices = [uneven([1, 300] * 30, 20, header), uneven([6] * 12, 5, header), uneven([1, 30], 16, header)]
    for tensor in [*matrices, flat_tensor(np.arange(60), header)]:
        stored = bytearray(rans.compress((tensor,)))
        for place in (0, 1):
            damaged = stored.copy()
            damaged[place] = head
            decoded(bytes(damaged), (tensor,))


SPACES = [(1, 1, 1), (1, 7, 9), (3, 5, 8), (4, 6, 1), (4, 1, 6), (1, 1, 30), (1, 20, 1), (20, 1, 1), (2, 30, 17)]


def space(tensor: TensorSymbols, shape: tuple[int, ...]) -> TensorSymbols:
    """A flat tensor in that shape."""
    return replace(tensor, values=tensor.values.reshape(shape))


def spread(shape: tuple[int, ...], header: TensorHeader, octaves: float, seed: int = 0) -> TensorSymbols:
    """Laplace integers whose scale grows by so many octaves from the first column to the last."""
    scales = 2.0 ** (-4 + np.linspace(0, octaves, shape[-1]))
    low, high = header.q_range
    values = np.rint(np.random.default_rng(seed).laplace(0, scales, shape)) + header.zero_point
    return TensorSymbols("space", header, np.clip(values, low, high).astype(np.int32))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [*SPACES, (0, 3, 4), (2, 0, 3), (2, 3, 0)])
def test_three_dimensions_come_back_from_both_decoders(shape, kind):
    generator = np.random.default_rng(0)
    for bits in (1, 9, 24):
        flat = [integers(header, int(np.prod(shape)), kind, generator) for header in headers_of(bits, generator)]
        symbols = tuple(space(tensor, shape) for tensor in flat)
        assert is_exact(symbols)
        assert (rans.compress(symbols)[0] == 63) == (symbols[0].values.size > 0)


@pytest.mark.parametrize("shape", [(1, 200, 40), (2, 60, 90), (90, 100, 1), (2, 1, 1500)])
@pytest.mark.parametrize("octaves", [0, 3, 12, 27])
def test_three_dimensions_of_many_lanes_and_all_levels(shape, octaves):
    """Waves of more integers than lanes and of fewer, of one size and of all, between other tensors."""
    tensor = spread(shape, TensorHeader(24, SYMMETRIC, 0, 1.0), octaves)
    others = uneven([1, 300] * 30, 40, TensorHeader(12, SYMMETRIC, 0, 1.0))
    assert is_exact((others, tensor, flat_tensor(np.arange(60), TensorHeader(8, SYMMETRIC, 0, 1.0)), tensor))


@pytest.mark.parametrize(("plane", "weights"), [(0, 13), (1, 17)])
def test_levels_begin_at_the_same_sums(plane, weights):
    """The library compares sums with 55 numbers of its own."""
    for bound, least in zip(reference.LEVEL_BOUNDS[plane], neighbours.thresholds(weights).tolist(), strict=True):
        assert (16 * (least - 1)) ** 4 < bound <= (16 * least) ** 4


@pytest.mark.parametrize("kind", ["noise", "sorted", "laplace"])
def test_three_dimensions_may_be_coded_without_neighbours(kind):
    """The payload of the same integers in one dimension; those of a matrix by classes are not such a payload."""
    generator = np.random.default_rng(0)
    for header in headers_of(9, generator):
        flat = integers(header, 240, kind, generator)
        assert decoded(rans.compress((flat,)), (space(flat, (4, 5, 12)),)) == [flat.values.reshape(4, 5, 12).tolist()]
    matrix = uneven([1, 300] * 30, 20, TensorHeader(12, SYMMETRIC, 0, 1.0))
    assert decoded(rans.compress((matrix,)), (space(matrix, (1, 20, 60)),)) == REFUSED


@pytest.mark.parametrize("shape", [(240,), (12, 20), (60, 4), (0, 3, 4), (2, 0, 9), (4, 1, 5, 12)])
def test_only_integers_in_three_dimensions_have_neighbours(shape):
    header = TensorHeader(9, SYMMETRIC, 0, 1.0)
    stored = rans.compress((spread((4, 5, 12), header, 3),))
    found = decoded(stored, (TensorSymbols("other", header, np.zeros(shape, np.int32)),))
    assert found == REFUSED
    assert decoded(stored[:1], (TensorSymbols("other", header, np.zeros(shape, np.int32)),)) == REFUSED


@pytest.mark.parametrize("head", range(256))
def test_both_decoders_agree_on_every_head_of_three_dimensions(head):
    tensor = spread((3, 5, 8), TensorHeader(12, SYMMETRIC, 0, 1.0), 6)
    stored = rans.compress((tensor,))
    decoded(bytes([head]) + stored[1:], (tensor,))
    empty = replace(tensor, values=np.zeros((3, 0, 8), np.int32))
    assert decoded(bytes([head]), (empty,)) == ([[[], [], []]] if head & 63 < 56 else REFUSED)


@pytest.mark.parametrize("seed", range(24))
def test_both_decoders_agree_on_damaged_neighbours(seed):
    generator = np.random.default_rng(seed)
    shape = SPACES[seed % len(SPACES)]
    header = headers_of(int(generator.integers(2, MAX_BITS + 1)), generator)[seed % 4]
    symbols = (space(integers(header, int(np.prod(shape)), KINDS[seed % 7], generator), shape),)
    symbols += (spread((2, 9, 11), header, 8, seed),)
    stored = rans.compress(symbols)
    for _ in range(4):
        cut, zeros, noise, flipped, replaced = damaged(stored, generator)
        assert decoded(cut, symbols) == decoded(zeros, symbols) == decoded(noise, symbols) == REFUSED
        decoded(flipped, symbols)
        decoded(replaced, symbols)


@pytest.mark.parametrize("shift", [-3, -1, 1, 2])
@pytest.mark.parametrize("bits", [2, 5, 9, 24])
def test_both_decoders_agree_on_neighbours_out_of_range(bits, shift):
    header = TensorHeader(bits, ASYMMETRIC, 1 << (bits - 1), 1.0)
    for kind in ("ends", "noise", "laplace"):
        tensor = space(integers(header, 60, kind, np.random.default_rng(bits)), (3, 4, 5))
        moved = replace(header, zero_point=min(max(0, header.zero_point + shift), (1 << bits) - 1))
        found = decoded(rans.compress((tensor,)), (replace(tensor, header=moved),))
        assert found == REFUSED or kind != "ends"


@pytest.mark.parametrize(("kind", "share"), [("sorted", 0.6), ("noise", 1.08)])
def test_what_is_sorted_costs_little(kind, share):
    """log2(200!) bits, 156 bytes, are saved of 200 x 9 bits, and a sign bit each; noise pays nothing for that."""
    tensor = integers(TensorHeader(9, SYMMETRIC, 0, 1.0), 200, kind, np.random.default_rng(0))
    assert len(rans.compress((tensor,))) < share * 200 * 9 / 8 + 8


@pytest.mark.parametrize("zero_point", [0, 1, 200])
def test_signs_cost_nothing_where_there_is_one_only(zero_point):
    generator = np.random.default_rng(0)
    above, around = generator.integers(1, 9, 4000), generator.integers(-8, 9, 4000)
    header = TensorHeader(9, ASYMMETRIC, zero_point, 1.0)
    assert len(rans.compress((flat_tensor(above + zero_point, header),))) < 4000 * 3.1 / 8
    symmetric = TensorHeader(9, SYMMETRIC, 0, 1.0)
    assert len(rans.compress((flat_tensor(around, symmetric),))) > 4000 * 4 / 8


def test_every_level_means_the_same_to_both_decoders(monkeypatch):
    generator = np.random.default_rng(0)
    tensors = [integers(TensorHeader(bits, SYMMETRIC, 0, 1.0), 40, "laplace", generator) for bits in (2, 6, 15, 24)]
    for level in range(56):
        monkeypatch.setattr(parts, "best_level", lambda values, level=level: level)
        assert is_exact((tensors[level % 4], tensors[(level + 1) % 4]))


def damaged(stored: bytes, generator: np.random.Generator) -> list[bytes]:
    """A cut, appended zeros and noise, one bit flipped, and a byte near the end replaced."""
    place, bit = int(generator.integers(len(stored))), 1 << int(generator.integers(8))
    near_end = len(stored) - 1 - int(generator.integers(min(len(stored), 20)))
    return [
        stored[:place],
        stored + bytes(int(generator.integers(1, 4))),
        stored + generator.bytes(int(generator.integers(1, 4))),
        stored[:place] + bytes([stored[place] ^ bit]) + stored[place + 1 :],
        stored[:near_end] + generator.bytes(1) + stored[near_end + 1 :],
    ]


@pytest.mark.parametrize("seed", range(24))
def test_both_decoders_agree_on_damage(seed):
    generator = np.random.default_rng(seed)
    headers = headers_of(int(generator.integers(1, MAX_BITS + 1)), generator)
    sizes, kinds = generator.choice([1, 5, 60, 300], len(headers)), generator.choice(KINDS, len(headers))
    columns = [3 if size >= 60 else 0 for size in sizes.tolist()]
    symbols = tuple(map(integers, headers, sizes.tolist(), kinds.tolist(), [generator] * len(headers), columns))
    stored = rans.compress(symbols)
    for _ in range(4):
        cut, zeros, noise, flipped, replaced = damaged(stored, generator)
        assert decoded(cut, symbols) == decoded(zeros, symbols) == decoded(noise, symbols) == REFUSED
        decoded(flipped, symbols)
        decoded(replaced, symbols)


@pytest.mark.parametrize("shift", [-3, -2, -1, 1, 2, 3])
@pytest.mark.parametrize("bits", [2, 3, 5, 6, 9, 24])
def test_both_decoders_agree_on_integers_out_of_range(bits, shift):
    """The same payload under another zero point, so that its ends fall outside, or its alphabet is another one."""
    generator = np.random.default_rng(bits)
    header = TensorHeader(bits, ASYMMETRIC, 1 << (bits - 1), 1.0)
    for kind in ("ends", "noise", "sorted", "laplace"):
        tensor = integers(header, 60, kind, generator)
        moved = replace(header, zero_point=min(max(0, header.zero_point + shift), (1 << bits) - 1))
        found = decoded(rans.compress((tensor,)), (replace(tensor, header=moved),))
        assert found == REFUSED or kind != "ends"


@pytest.mark.parametrize("scale", [0.3, 2, 20])
def test_laplace_integers_cost_little_more_than_their_entropy(scale):
    values = np.rint(np.random.default_rng(0).laplace(0, scale, 3000)).astype(np.int32)
    counts = np.unique(values, return_counts=True)[1]
    entropy_bytes = float(counts @ np.log2(values.size / counts)) / 8
    assert len(rans.compress((flat_tensor(values, TensorHeader(16, SYMMETRIC, 0, 1.0)),))) < 1.02 * entropy_bytes + 20


def test_the_same_integers_give_the_same_bytes():
    generator = np.random.default_rng(0)
    symbols = tuple(integers(header, 5000, "laplace", generator) for header in headers_of(9, generator))
    assert rans.compress(symbols) == rans.compress(symbols)


def test_levels_out_of_range_are_refused():
    symbols = (flat_tensor(np.arange(10), TensorHeader(8, SYMMETRIC, 0, 1.0)),)
    stored = rans.compress(symbols)
    for level in range(56, 64):
        assert decoded(bytes([stored[0] & 192 | level]) + stored[1:], symbols) == REFUSED


def test_megabytes_behind_a_payload_are_not_unpacked():
    symbols = (flat_tensor(np.arange(10), TensorHeader(8, SYMMETRIC, 0, 1.0)),)
    stored = rans.compress(symbols) + bytes(8 << 20)
    tracemalloc.start()
    with pytest.raises(InvalidDataError):
        rans.decompress(stored, layout_of(symbols))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20
