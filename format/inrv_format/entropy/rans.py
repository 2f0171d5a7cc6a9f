"""Payload coder 3: the integers themselves under adaptive models, by interleaved range asymmetric numeral systems.

Every probability is a ratio of integers that the spec fixes (`spec/inrv.md` section 6.4): all machines decode alike.
The method is Duda 2013 (arXiv 1311.2540), section 2 (rANS), with L states that share one stream of 16-bit words
(Giesen 2014, arXiv 1402.3392); states are worked on side by side as arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inrv_format.entropy.layout import Layout
from inrv_format.errors import InvalidDataError
from inrv_format.quantization import TensorHeader
from inrv_format.tensors import Symbols, TensorSymbols, pack

NAME = "rans"
SECTION = "6.4"
TOTAL_BITS = 14
TOTAL = 1 << TOTAL_BITS
LOWEST = 1 << 16
SYMBOLS_PER_LANE = 4096
MOST_LANES = 4096
DIRECT = 16
LARGEST_EXPONENT = 23
PRIOR_COUNTS = 100
LEVELS = 56
# 2^(i/2) in 1/65536, rounded down.
HALVES = (65536, 92681)
ONE_BITS = 30
# A tensor of few columns and many rows holds a table of quantities of different kinds, not a matrix.
MOST_COLUMNS = 8
FEWEST_ROWS = 16
DIFFERENCES, UNSIGNED = 128, 64

Integers = NDArray[np.int64]
Words = NDArray[np.uint16]
Tokens = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Table:
    """Frequencies of the tokens, which sum to TOTAL, where each begins, and the token of each of the TOTAL slots."""

    frequency: Integers
    start: Integers
    token: Integers


@dataclass(frozen=True, slots=True)
class _Part:
    """A column of a tensor, or all of it: what is coded of it, under which head byte and with how many tokens."""

    values: Integers
    head: int
    alphabet: int


def compress(symbols: Symbols) -> bytes:
    """Stored bytes: a head for each part, the states, the words, and the bits that have no model."""
    lanes = _lanes(sum(tensor.values.size for tensor in symbols))
    parts = [part for tensor in symbols for part in _parts(tensor)]
    splits = [_split(part.values) for part in parts]
    steps: list[tuple[Integers, Integers]] = []
    for part, (tokens, *_) in zip(parts, splits, strict=True):
        model = _Model(part.head, part.alphabet)
        for table, first, last in model.epochs(len(tokens), lanes):
            for begin in range(first, last, lanes):
                step = tokens[begin : min(begin + lanes, last)]
                steps.append((table.frequency[step], table.start[step]))
            model.count(tokens[first:last])
    states, words = _encode(steps, lanes)
    bits = np.concatenate([_plain_bits(part.head, *split) for part, split in zip(parts, splits, strict=True)])
    heads = bytes(part.head for part in parts)
    return heads + states.astype("<u4").tobytes() + words.astype("<u2").tobytes() + np.packbits(bits).tobytes()


def decompress(stored: bytes, layout: Layout) -> bytes:
    """The packed form (section 6.2); InvalidDataError for a stream that ends early, late or in the wrong state."""
    columns = [_columns(shape) for _, shape in layout.shapes]
    sizes = [math.prod(shape) for _, shape in layout.shapes]
    count, lanes = sum(columns), _lanes(sum(sizes))
    begin = count + 4 * lanes
    if len(stored) < begin:
        raise InvalidDataError("entropy-coded payload ends in its states", section=SECTION)
    heads = stored[:count]
    if any(head % UNSIGNED >= LEVELS for head in heads):
        raise InvalidDataError("a level is out of range", section=SECTION)
    states = np.frombuffer(stored, "<u4", lanes, count).astype(np.int64)
    words = np.frombuffer(stored, "<u2", (len(stored) - begin) // 2, begin)
    decoder = _Decoder(states, words)
    owners = [number for number, each in enumerate(columns) for _ in range(each)]
    tokens = []
    for head, owner in zip(heads, owners, strict=True):
        model = _Model(head, _alphabet(layout.headers[owner], head))
        tokens.append(decoder.tokens(model, sizes[owner] // columns[owner]))
    decoder.check_end()
    plain = sum(_count_bits(head, found) for head, found in zip(heads, tokens, strict=True))
    bits = _Bits(stored[begin + 2 * decoder.position :], plain)
    values: list[list[Integers]] = [[] for _ in columns]
    for head, owner, found in zip(heads, owners, tokens, strict=True):
        values[owner].append(_summed(head, bits.values(head, found)))
    tensors = zip(layout.shapes, layout.headers, values, strict=True)
    return pack(tuple(_joined(name, shape, header, each) for (name, shape), header, each in tensors))


class _Model:
    """Counts of the tokens of one part: as if PRIOR_COUNTS had come from a geometric distribution, and the seen."""

    def __init__(self, head: int, alphabet: int) -> None:
        self._weights = _prior(head % UNSIGNED)[:alphabet] * PRIOR_COUNTS

    def count(self, tokens: Integers | Tokens) -> None:
        """Learn from tokens that both sides know."""
        self._weights += np.bincount(tokens, minlength=len(self._weights)) << 16

    def table(self) -> _Table:
        """The counts as frequencies of at least one each; what rounding leaves goes to the likeliest token."""
        weights = self._weights
        frequency = 1 + weights * (TOTAL - len(weights)) // max(1, int(weights.sum()))
        frequency[np.argmax(frequency)] += TOTAL - int(frequency.sum())
        start = np.cumsum(frequency) - frequency
        return _Table(frequency, start, np.repeat(np.arange(len(weights)), frequency))

    def epochs(self, size: int, lanes: int) -> Iterator[tuple[_Table, int, int]]:
        """Tables, and the first and last + 1 symbol that each is for: a new one when a quarter more is known."""
        step = 0
        while step * lanes < size:
            following = step + max(1, step // 4)
            yield self.table(), step * lanes, min(size, following * lanes)
            step = following


class _Decoder:
    """L states over one stream of words."""

    def __init__(self, states: Integers, words: Words) -> None:
        self._states = states
        self._words = words
        self.position = 0
        if len(states) and states.min() < LOWEST:
            raise InvalidDataError("state is out of range", section=SECTION)

    def tokens(self, model: _Model, size: int) -> Tokens:
        """The next `size` tokens."""
        lanes = len(self._states)
        found = np.empty(size, np.uint8)
        for table, first, last in model.epochs(size, lanes):
            for begin in range(first, last, lanes):
                end = min(begin + lanes, last)
                found[begin:end] = self._step(table, end - begin)
            model.count(found[first:last])
        return found

    def check_end(self) -> None:
        """Every state must be back where the encoder began."""
        if (self._states != LOWEST).any():
            raise InvalidDataError("entropy-coded payload does not end as it should", section=SECTION)

    def _step(self, table: _Table, active: int) -> Integers:
        states = self._states[:active]
        slots = states & (TOTAL - 1)
        tokens: Integers = table.token[slots]
        states = table.frequency[tokens] * (states >> TOTAL_BITS) + slots - table.start[tokens]
        low = np.flatnonzero(states < LOWEST)
        if len(low):
            following = self._words[self.position : self.position + len(low)]
            if len(following) < len(low):
                raise InvalidDataError("entropy-coded payload ends early", section=SECTION)
            states[low] = states[low] << 16 | following.astype(np.int64)
            self.position += len(low)
        self._states[:active] = states
        return tokens


class _Bits:
    """The `count` bits at the end of the payload: signs, and the low bits of large magnitudes."""

    def __init__(self, stored: bytes, count: int) -> None:
        if len(stored) != (count + 7) // 8:
            raise InvalidDataError(f"{len(stored)} bytes for {count} plain bits", section=SECTION)
        self._bits = np.unpackbits(np.frombuffer(stored, np.uint8))
        self._position = 0
        if self._bits[count:].any():
            raise InvalidDataError("plain bits are not followed by zeros", section=SECTION)

    def values(self, head: int, tokens: Tokens) -> NDArray[np.int32]:
        """Integers of the tokens, signed unless the head says that none is negative."""
        low, width = _bounds()
        values, widths = low.astype(np.int32)[tokens], width.astype(np.uint8)[tokens]
        for plane in reversed(range(int(widths.max(initial=0)))):
            held = np.flatnonzero(widths > plane)
            values[held] += self._take(len(held)) << plane
        if not head & UNSIGNED:
            signed = np.flatnonzero(values)
            values[signed] *= 1 - 2 * self._take(len(signed))
        return values

    def _take(self, count: int) -> NDArray[np.int32]:
        self._position += count
        return self._bits[self._position - count : self._position].astype(np.int32)


def _count_bits(head: int, tokens: Tokens) -> int:
    """How many plain bits the integers of these tokens have."""
    counts = np.bincount(tokens, minlength=1)
    signs = 0 if head & UNSIGNED else counts[1:].sum()
    return int(counts @ _bounds()[1][: len(counts)] + signs)


def _encode(steps: list[tuple[Integers, Integers]], lanes: int) -> tuple[Integers, Words]:
    """States and words, in the order in which a decoder needs them; coding goes from the last step to the first."""
    states = np.full(lanes, LOWEST, np.int64)
    blocks = []
    for frequency, start in reversed(steps):
        active = states[: len(frequency)]
        full = active >= frequency << (32 - TOTAL_BITS)
        blocks.append(active[full] & 0xFFFF)
        active = np.where(full, active >> 16, active)
        states[: len(frequency)] = (active // frequency << TOTAL_BITS) + active % frequency + start
    words = np.concatenate(blocks[::-1]) if blocks else np.zeros(0, np.int64)
    return states, words.astype(np.uint16)


def _split(values: Integers) -> tuple[Integers, Integers, Integers]:
    """Tokens, extra bits and signs (1 is negative) of integers that are not 0."""
    magnitudes = np.abs(values)
    low, _ = _bounds()
    tokens = np.searchsorted(low, magnitudes, side="right") - 1
    return tokens, magnitudes - low[tokens], (values[values != 0] < 0).astype(np.int64)


def _plain_bits(head: int, tokens: Integers, extra: Integers, signs: Integers) -> NDArray[np.uint8]:
    widths = _bounds()[1][tokens]
    planes = [extra[widths > plane] >> plane & 1 for plane in reversed(range(int(widths.max(initial=0))))]
    return np.concatenate([*planes, signs[: 0 if head & UNSIGNED else None]]).astype(np.uint8)


def _bounds() -> tuple[Integers, Integers]:
    """Smallest magnitude of each token, and how many plain bits follow it: two tokens an octave from DIRECT on."""
    exponents = np.repeat(np.arange(4, LARGEST_EXPONENT + 1), 2)
    halves = np.tile([2, 3], LARGEST_EXPONENT - 3)
    low = np.concatenate([np.arange(DIRECT), halves << (exponents - 1)])
    return low, np.concatenate([np.zeros(DIRECT, np.int64), exponents - 1])


def _prior(level: int) -> Integers:
    """A geometric distribution over the tokens in 1/65536, whose mean magnitude is 2^(level / 2) / 16.

    P(magnitude >= k) = ratio^k in integers of 30 bits, each product rounded down.
    """
    mean = HALVES[level % 2] << (level // 2)
    ratio = (mean << ONE_BITS) // (mean + (16 << 16))
    tails = [1 << ONE_BITS]
    for _ in range(DIRECT):
        tails.append(tails[-1] * ratio >> ONE_BITS)
    half, whole = tails[DIRECT // 2], tails[DIRECT]
    for _ in range(4, LARGEST_EXPONENT + 1):
        tails.append(whole * half >> ONE_BITS)
        half, whole = whole, whole * whole >> ONE_BITS
        tails.append(whole)
    edges = np.array(tails, np.int64)
    return (edges[:-1] - edges[1:]) >> (ONE_BITS - 16)


def _parts(tensor: TensorSymbols) -> list[_Part]:
    """The columns of a table, or all of another tensor, each coded as it is or as differences, whichever is less."""
    centred = tensor.values.astype(np.int64) - tensor.header.zero_point
    parts = []
    for values in centred.reshape(-1, _columns(centred.shape)).T:
        coded, head = values, 0
        differences = np.diff(values, prepend=0)
        if _price(differences) < _price(values):
            coded, head = differences, DIFFERENCES
        if coded.min(initial=0) >= 0:
            head |= UNSIGNED
        parts.append(_Part(coded, head | _best_level(coded), _alphabet(tensor.header, head)))
    return parts


def _columns(shape: tuple[int, ...]) -> int:
    """In how many parts a tensor is coded."""
    return shape[1] if len(shape) == 2 and 0 < shape[1] <= MOST_COLUMNS and shape[0] >= FEWEST_ROWS else 1


def _price(values: Integers) -> float:
    """Bits of integers whose magnitudes are distributed geometrically, and of their signs."""
    mean = float(np.abs(values).mean()) if values.size else 0.0
    magnitude = (mean + 1) * math.log2(mean + 1) - mean * math.log2(mean) if mean else 0.0
    return values.size * magnitude + (np.count_nonzero(values) if values.min(initial=0) < 0 else 0)


def _best_level(values: Integers) -> int:
    """The level whose mean is nearest to that of the magnitudes."""
    mean = float(np.abs(values).mean()) if values.size else 0.0
    return min(LEVELS - 1, max(0, round(2 * math.log2(16 * mean)))) if mean else 0


def _lanes(size: int) -> int:
    return min(MOST_LANES, -(-size // SYMBOLS_PER_LANE))


def _alphabet(header: TensorHeader, head: int) -> int:
    """How many tokens a part can need, by the range of its tensor."""
    low, high = header.q_range
    largest = high - low if head & DIFFERENCES else max(high - header.zero_point, header.zero_point - low)
    return int(np.searchsorted(_bounds()[0], largest, side="right"))


def _summed(head: int, values: NDArray[np.int32]) -> Integers:
    """Integers of a part, less their zero-point."""
    return np.cumsum(values, dtype=np.int64) if head & DIFFERENCES else values.astype(np.int64)


def _joined(name: str, shape: tuple[int, ...], header: TensorHeader, columns: list[Integers]) -> TensorSymbols:
    """The tensor of these columns; InvalidDataError for an integer that its record does not allow."""
    low, high = header.q_range
    integers = np.stack(columns, axis=1) + header.zero_point
    if integers.size and (integers.min() < low or integers.max() > high):
        raise InvalidDataError(f"tensor {name} holds an integer beyond its range", section=SECTION)
    return TensorSymbols(name, header, integers.astype(np.int32).reshape(shape))
