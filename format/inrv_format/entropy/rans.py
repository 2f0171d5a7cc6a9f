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
LEVELS = 224
# 2^(i/8) in 1/65536, rounded down.
EIGHTHS = (65536, 71467, 77935, 84989, 92681, 101070, 110217, 120193)
ONE_BITS = 30

Integers = NDArray[np.int64]
Words = NDArray[np.uint16]
Tokens = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Table:
    """Frequencies of the tokens, which sum to TOTAL, where each begins, and the token of each of the TOTAL slots."""

    frequency: Integers
    start: Integers
    token: Integers


def compress(symbols: Symbols) -> bytes:
    """Stored bytes: a level for each tensor, the states, the words, and the bits that have no model."""
    lanes = _lanes(sum(tensor.values.size for tensor in symbols))
    parts = [_split(_centred(tensor)) for tensor in symbols]
    levels = [_best_level(magnitudes) for magnitudes, *_ in parts]
    steps: list[tuple[Integers, Integers]] = []
    for tensor, (_, tokens, *_), level in zip(symbols, parts, levels, strict=True):
        model = _Model(level, _alphabet(tensor.header))
        for table, first, last in model.epochs(len(tokens), lanes):
            for begin in range(first, last, lanes):
                step = tokens[begin : min(begin + lanes, last)]
                steps.append((table.frequency[step], table.start[step]))
            model.count(tokens[first:last])
    states, words = _encode(steps, lanes)
    bits = np.concatenate([_plain_bits(*part) for part in parts])
    return (
        bytes(levels) + states.astype("<u4").tobytes() + words.astype("<u2").tobytes() + np.packbits(bits).tobytes()
    )


def decompress(stored: bytes, layout: Layout) -> bytes:
    """The packed form (section 6.2); InvalidDataError for a stream that ends early, late or in the wrong state."""
    count = len(layout.headers)
    sizes = [math.prod(shape) for _, shape in layout.shapes]
    lanes = _lanes(sum(sizes))
    begin = count + 4 * lanes
    if len(stored) < begin:
        raise InvalidDataError("entropy-coded payload ends in its states", section=SECTION)
    if count and max(stored[:count]) >= LEVELS:
        raise InvalidDataError(f"level {max(stored[:count])} is out of range", section=SECTION)
    states = np.frombuffer(stored, "<u4", lanes, count).astype(np.int64)
    words = np.frombuffer(stored, "<u2", (len(stored) - begin) // 2, begin)
    decoder = _Decoder(states, words)
    tokens = []
    for level, header, size in zip(stored, layout.headers, sizes, strict=False):
        tokens.append(decoder.tokens(_Model(level, _alphabet(header)), size))
    decoder.check_end()
    bits = _Bits(stored[begin + 2 * decoder.position :], sum(_count_bits(found) for found in tokens))
    symbols = tuple(
        TensorSymbols(name, header, _uncentred(bits.values(found), header, name).reshape(shape))
        for found, header, (name, shape) in zip(tokens, layout.headers, layout.shapes, strict=True)
    )
    return pack(symbols)


class _Model:
    """Counts of the tokens of one tensor: as if PRIOR_COUNTS had come from a geometric distribution, and the seen."""

    def __init__(self, level: int, alphabet: int) -> None:
        self._weights = _prior(level)[:alphabet] * PRIOR_COUNTS

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

    def values(self, tokens: Tokens) -> NDArray[np.int32]:
        """Signed integers of the tokens."""
        low, width = _bounds()
        values, widths = low.astype(np.int32)[tokens], width.astype(np.uint8)[tokens]
        for plane in reversed(range(int(widths.max(initial=0)))):
            held = np.flatnonzero(widths > plane)
            values[held] += self._take(len(held)) << plane
        signed = np.flatnonzero(values)
        values[signed] *= 1 - 2 * self._take(len(signed))
        return values

    def _take(self, count: int) -> NDArray[np.int32]:
        self._position += count
        return self._bits[self._position - count : self._position].astype(np.int32)


def _count_bits(tokens: Tokens) -> int:
    """How many plain bits the integers of these tokens have."""
    counts = np.bincount(tokens, minlength=1)
    return int(counts @ _bounds()[1][: len(counts)] + counts[1:].sum())


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


def _split(values: Integers) -> tuple[Integers, Integers, Integers, Integers]:
    """Magnitudes, tokens, extra bits and signs (1 is negative) of integers."""
    magnitudes = np.abs(values)
    low, _ = _bounds()
    tokens = np.searchsorted(low, magnitudes, side="right") - 1
    return magnitudes, tokens, magnitudes - low[tokens], (values < 0).astype(np.int64)


def _plain_bits(magnitudes: Integers, tokens: Integers, extra: Integers, signs: Integers) -> NDArray[np.uint8]:
    widths = _bounds()[1][tokens]
    planes = [extra[widths > plane] >> plane & 1 for plane in reversed(range(int(widths.max(initial=0))))]
    return np.concatenate([*planes, signs[magnitudes > 0]]).astype(np.uint8)


def _bounds() -> tuple[Integers, Integers]:
    """Smallest magnitude of each token, and how many plain bits follow it: two tokens an octave from DIRECT on."""
    exponents = np.repeat(np.arange(4, LARGEST_EXPONENT + 1), 2)
    halves = np.tile([2, 3], LARGEST_EXPONENT - 3)
    low = np.concatenate([np.arange(DIRECT), halves << (exponents - 1)])
    return low, np.concatenate([np.zeros(DIRECT, np.int64), exponents - 1])


def _prior(level: int) -> Integers:
    """A geometric distribution over the tokens in 1/65536, whose mean magnitude is 2^(level / 8) / 16.

    P(magnitude >= k) = ratio^k in integers of 30 bits, each product rounded down.
    """
    mean = EIGHTHS[level % 8] << (level // 8)
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


def _best_level(magnitudes: Integers) -> int:
    """The level whose mean is nearest to that of the magnitudes."""
    mean = float(magnitudes.mean()) if magnitudes.size else 0.0
    return min(LEVELS - 1, max(0, round(8 * math.log2(16 * mean)))) if mean else 0


def _lanes(size: int) -> int:
    return min(MOST_LANES, -(-size // SYMBOLS_PER_LANE))


def _alphabet(header: TensorHeader) -> int:
    """How many tokens the tensor's range can need."""
    low, high = header.q_range
    largest = max(high - header.zero_point, header.zero_point - low)
    return int(np.searchsorted(_bounds()[0], largest, side="right"))


def _centred(tensor: TensorSymbols) -> Integers:
    return (tensor.values.astype(np.int64) - tensor.header.zero_point).ravel()


def _uncentred(values: NDArray[np.int32], header: TensorHeader, name: str) -> NDArray[np.int32]:
    low, high = header.q_range
    integers = values + np.int32(header.zero_point)
    if integers.size and (integers.min() < low or integers.max() > high):
        raise InvalidDataError(f"tensor {name} holds an integer beyond its range", section=SECTION)
    return integers
