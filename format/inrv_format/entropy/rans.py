"""Payload coder 3: the integers themselves under adaptive models, by interleaved range asymmetric numeral systems.

Every probability is a ratio of integers that the spec fixes (`spec/inrv.md` section 6.4): all machines decode alike.
The method is Duda 2013 (arXiv 1311.2540), section 2 (rANS), with L states that share one stream of 16-bit words
(Giesen 2014, arXiv 1402.3392); states are worked on side by side as arrays.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from inrv_format.entropy.layout import Layout
from inrv_format.entropy.model import TOTAL, TOTAL_BITS, UNSIGNED, Integers, Model, Table, Tokens, bounds
from inrv_format.entropy.neighbours import NEIGHBOURS, by_wave, code, wave_order
from inrv_format.entropy.parts import SECTION, Part, alphabet, cut, join, parse_heads
from inrv_format.errors import InvalidDataError
from inrv_format.tensors import Symbols, pack

LOWEST = 1 << 16
SYMBOLS_PER_LANE = 4096
MOST_LANES = 4096
# As arrays: ufuncs convert other scalars each time.
MASK, SHIFT, LOWEST_STATE = (np.array(each) for each in (TOTAL - 1, TOTAL_BITS, LOWEST))

Words = NDArray[np.uint16]


def compress(symbols: Symbols) -> bytes:
    """Stored bytes: the heads of the parts, the states, the words, and the bits that have no model."""
    lanes = _lanes(sum(tensor.values.size for tensor in symbols))
    cuts = [cut(tensor) for tensor in symbols]
    parts = [part for _, parts in cuts for part in parts]
    splits = [_split(part.values) for part in parts]
    steps = [step for part, (tokens, *_) in zip(parts, splits, strict=True) for step in _steps(part, tokens, lanes)]
    states, words = _encode(steps, lanes)
    bits = np.concatenate([_plain_bits(part.head, *split) for part, split in zip(parts, splits, strict=True)])
    heads = b"".join(heads for heads, _ in cuts)
    return heads + states.astype("<u4").tobytes() + words.astype("<u2").tobytes() + np.packbits(bits).tobytes()


def decompress(stored: bytes, layout: Layout) -> bytes:
    """The packed form (section 6.2); InvalidDataError for a stream that ends early, late or in the wrong state."""
    plans, count = parse_heads(stored, layout)
    lanes = _lanes(sum(math.prod(shape) for _, shape in layout.shapes))
    begin = count + 4 * lanes
    if len(stored) < begin:
        raise InvalidDataError("entropy-coded payload ends in its states", section=SECTION)
    states = np.frombuffer(stored, "<u4", lanes, count).astype(np.int64)
    words = np.frombuffer(stored, "<u2", (len(stored) - begin) // 2, begin)
    decoder = _Decoder(states, words)
    found = []
    for plan in plans:
        classes: Tokens = plan.classes
        if plan.classes_head is not None:
            classes = decoder.tokens(Model([plan.classes_head % UNSIGNED], len(plan.heads)), len(classes))
        if plan.heads == bytes([NEIGHBOURS]):
            found.append((classes, [decoder.tokens_by_neighbours(plan.shape, alphabet(plan.header, NEIGHBOURS))]))
            continue
        sizes = plan.rows * np.bincount(classes, minlength=len(plan.heads))
        models = [Model([head % UNSIGNED], alphabet(plan.header, head)) for head in plan.heads]
        found.append((classes, [decoder.tokens(*pair) for pair in zip(models, sizes.tolist(), strict=True)]))
    decoder.check_end()
    pairs = [
        pair for plan, (_, tokens) in zip(plans, found, strict=True) for pair in zip(plan.heads, tokens, strict=True)
    ]
    bits = _Bits(stored[begin + 2 * decoder.position :], sum(_count_bits(*pair) for pair in pairs))
    symbols = []
    for plan, (classes, tokens) in zip(plans, found, strict=True):
        values = [bits.values(*pair) for pair in zip(plan.heads, tokens, strict=True)]
        symbols.append(join(plan, classes, values))
    return pack(tuple(symbols))


class _Decoder:
    """L states over one stream of words."""

    def __init__(self, states: Integers, words: Words) -> None:
        self._states, self._words = states, words
        # the lowest and the next 16 bits of each state
        self._low, self._high = states.astype("<i8", copy=False).view("<u2").reshape(-1, 4).T[:2]
        self.position = 0
        if len(states) and states.min() < LOWEST:
            raise InvalidDataError("state is out of range", section=SECTION)

    def tokens(self, model: Model, size: int) -> Tokens:
        """The next `size` tokens."""
        found = np.empty(size, np.uint8)
        for table, first, last in model.epochs(size, len(self._states)):
            found[first:last] = self._cells(np.zeros(last - first, np.int64), table)
            model.count(found[first:last])
        return found

    def tokens_by_neighbours(self, shape: tuple[int, ...], alphabet: int) -> Tokens:
        """The tokens of a tensor of three dimensions, in row-major order."""
        found = np.empty(math.prod(shape), np.uint8)
        found[wave_order(shape)] = code(shape, alphabet, self._cells)
        return found

    def _cells(self, models: Integers, table: Table) -> Integers:
        """The cells of the next tokens, which are under these models of a table."""
        lanes, first_slots = len(self._states), models << SHIFT
        found = np.empty(len(models), np.int64)
        for begin in range(0, len(models), lanes):
            first, cells = first_slots[begin : begin + lanes], found[begin : begin + lanes]
            states = self._states[: len(cells)]
            slots = states & MASK
            slots += first
            cells[:] = table.cell[slots]
            slots -= table.start[cells]
            states >>= SHIFT
            states *= table.frequency[cells]
            states += slots
            self._renew((states < LOWEST_STATE).nonzero()[0])
        return found

    def _renew(self, lanes: Integers) -> None:
        """Give a word each to lanes whose states are below LOWEST."""
        if count := len(lanes):
            words = self._words[self.position : self.position + count]
            if len(words) < count:
                raise InvalidDataError("entropy-coded payload ends early", section=SECTION)
            self._high[lanes] = self._low[lanes]
            self._low[lanes] = words
            self.position += count

    def check_end(self) -> None:
        """Every state must be back where the encoder began."""
        if (self._states != LOWEST).any():
            raise InvalidDataError("entropy-coded payload does not end as it should", section=SECTION)


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
        low, width = bounds()
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
    return int(counts @ bounds()[1][: len(counts)] + signs)


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


def _steps(part: Part, tokens: Integers, lanes: int) -> list[tuple[Integers, Integers]]:
    """Frequency and start of each token of a part, step by step, as a decoder needs them."""
    steps: list[tuple[Integers, Integers]] = []

    def noted(cells: Integers, table: Table) -> Integers:
        for at in range(0, len(cells), lanes):
            step = cells[at : at + lanes]
            steps.append((table.frequency[step], table.start[step] & MASK))
        return cells

    if part.head == NEIGHBOURS:
        waves = iter(by_wave(tokens, part.shape))
        code(part.shape, part.alphabet, lambda levels, table: noted(levels * part.alphabet + next(waves), table))
        return steps
    model = Model([part.head % UNSIGNED], part.alphabet)
    for table, first, last in model.epochs(len(tokens), lanes):
        model.count(noted(tokens[first:last], table))
    return steps


def _split(values: Integers) -> tuple[Integers, Integers, Integers]:
    """Tokens, extra bits and signs (1 is negative) of integers that are not 0."""
    magnitudes = np.abs(values)
    low, _ = bounds()
    tokens = np.searchsorted(low, magnitudes, side="right") - 1
    return tokens, magnitudes - low[tokens], (values[values != 0] < 0).astype(np.int64)


def _plain_bits(head: int, tokens: Integers, extra: Integers, signs: Integers) -> NDArray[np.uint8]:
    widths = bounds()[1][tokens]
    planes = [extra[widths > plane] >> plane & 1 for plane in reversed(range(int(widths.max(initial=0))))]
    return np.concatenate([*planes, signs[: 0 if head & UNSIGNED else None]]).astype(np.uint8)


def _lanes(size: int) -> int:
    return min(MOST_LANES, -(-size // SYMBOLS_PER_LANE))
