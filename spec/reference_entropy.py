"""Decode payloads of coder 3, rANS, with numpy alone, as inrv.md section 6.4 says; simple rather than fast."""

from bisect import bisect_right
from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate
from math import prod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

OCTAVES = range(4, 24)
# Of each token the smallest magnitude, and how many extra bits say which of its magnitudes is meant.
SMALLEST = [*range(16), *(magnitude for e in OCTAVES for magnitude in (1 << e, 3 << (e - 1)))]
EXTRA_BITS = [0] * 16 + [e - 1 for e in OCTAVES for _ in range(2)]
# How much a magnitude that many planes, rows and columns before counts for an integer's level.
NEIGHBOURS = {(0, 0, 1): 3, (0, 0, 2): 2, (0, 1, 1): 2, (0, 1, 0): 3, (0, 1, -1): 2, (0, 2, 0): 1}
NEIGHBOURS |= {(1, 0, 1): 1, (1, 0, 0): 2, (1, 0, -1): 1}
# (16 S)^4 from which on a level is 1, 2, ... 55, in the first plane and in the others.
LEVEL_BOUNDS = [[w**4 << (2 * level - 1) for level in range(1, 56)] for w in (13, 17)]


class EntropyError(ValueError):
    """A payload breaks a rule of section 6.4."""


class Tensor(Protocol):
    """What a tensor's record says of its integers, checked before (6.1), and its shape."""

    bits: int
    mode: int
    zero_point: int
    shape: tuple[int, ...]


def check(good: bool, message: str) -> None:
    """Raise EntropyError unless good."""
    if not good:
        raise EntropyError(f"rANS: {message} (6.4)")


def decode_integers(payload: bytes, tensors: Sequence[Tensor]) -> list[Array]:
    """The integers q of each tensor, flat, in row-major order."""
    source = BytesIO(payload)
    lanes = min(4096, -(-sum(prod(tensor.shape) for tensor in tensors) // 4096))
    heads = [read_heads(source, tensor) for tensor in tensors]
    start = source.read(4 * lanes)
    states = [int.from_bytes(start[4 * lane : 4 * lane + 4], "little") for lane in range(lanes)]
    check(len(start) == 4 * lanes and all(state >= 65536 for state in states), "states cut off, or below 65536")
    cuts = [read_parts(source, states, *pair) for pair in zip(tensors, heads, strict=True)]
    check(all(state == 65536 for state in states), "a state that is not 65536 at the end")
    plain = source.read()
    signs = sum(np.count_nonzero(tokens) for cut in cuts for _, head, tokens in cut if not head & 64)
    length = signs + sum(int(np.take(EXTRA_BITS, tokens).sum()) for cut in cuts for *_, tokens in cut)
    check(len(plain) == (length + 7) // 8, "too few or too many plain bits")
    bits = np.unpackbits(np.frombuffer(plain, np.uint8))
    check(not bits[length:].any(), "a bit after the last plain bit is not 0")
    integers = [np.zeros(prod(tensor.shape), np.int64) for tensor in tensors]
    for tensor, q, cut in zip(tensors, integers, cuts, strict=True):
        for places, head, tokens in cut:
            q[places], bits = read_values(bits, tensor, head, tokens)
    return integers


def read_heads(source: BytesIO, tensor: Tensor) -> bytes:
    """All heads of a tensor."""
    rows, columns = tensor.shape if len(tensor.shape) == 2 else (0, 1)
    first = source.read(1) or bytes([255])
    by_class = rows > 0 and columns > 8 and 56 <= first[0] <= 62
    by_column = rows >= 16 and 1 <= columns <= 8
    heads = first + source.read(first[0] - 53 if by_class else columns - 1 if by_column else 0)
    by_neighbours = len(tensor.shape) == 3 and prod(tensor.shape) > 0 and first[0] == 63
    check(len(heads) == (first[0] - 52 if by_class else columns if by_column else 1), "cut off in the heads")
    good = by_neighbours or all(head & 63 < 56 for head in heads[by_class:])
    check(good and (not by_class or heads[1] & 192 == 64), "a wrong head")
    return heads


def read_parts(source: BytesIO, states: list[int], tensor: Tensor, heads: bytes) -> list[tuple[Array, int, Array]]:
    """Of each part: where in the flat tensor its integers lie, its head, its tokens. States of lanes change."""
    columns = max(1, tensor.shape[1]) if len(tensor.shape) == 2 else 1
    places = np.arange(prod(tensor.shape)).reshape(-1, columns)
    numbers: Array = np.arange(columns) if len(heads) == columns else np.zeros(columns)
    if 56 <= heads[0] < 63:
        numbers, heads = read_tokens(source, states, columns, heads[1], len(heads) - 2), heads[2:]
    least, greatest = q_range(tensor)
    largest = max(greatest - tensor.zero_point, tensor.zero_point - least)
    parts = []
    for number, head in enumerate(heads):
        where = places[:, numbers == number].ravel()
        alphabet = bisect_right(SMALLEST, greatest - least if head > 127 else largest)
        if head == 63:
            parts.append((where, head, read_by_neighbours(source, states, tensor.shape, alphabet)))
        else:
            parts.append((where, head, read_tokens(source, states, where.size, head, alphabet)))
    return parts


def read_tokens(source: BytesIO, states: list[int], size: int, head: int, alphabet: int) -> Array:
    """The tokens of a part; the states of the lanes change."""
    model, tokens, next_table = Model(head & 63, alphabet), bytearray(), 0
    for step, begin in enumerate(range(0, size, max(1, len(states)))):
        if step == next_table:
            model.make_table()
            next_table = step + max(1, step // 4)
        tokens += read_step(source, states, [model] * min(len(states), size - begin))
    return np.frombuffer(tokens, np.uint8)


def read_by_neighbours(source: BytesIO, states: list[int], shape: tuple[int, ...], alphabet: int) -> Array:
    """The tokens of a part with head 63; the states of the lanes change."""
    places = np.indices(shape).reshape(3, -1)  # plane, row and column of each integer
    wave_of = places[2] + 2 * (places[1] + places[0])
    waves = np.split(np.argsort(wave_of, kind="stable"), np.cumsum(np.bincount(wave_of))[:-1])
    models = [Model(level, alphabet) for level in range(56)]
    tokens: Array = np.zeros(prod(shape), np.uint8)
    magnitudes = np.zeros([size + 3 for size in shape], np.int64)  # from index 2 on: zeros lie around them
    next_table = 0
    for wave, members in enumerate(waves):  # with one column every other wave has none
        if wave == next_table:
            for model in models:
                model.make_table()
            next_table = wave + max(1, wave // 4)
        own = [models[level] for level in find_levels(magnitudes, places[:, members])]
        for begin in range(0, len(members), len(states)):
            step = slice(begin, begin + len(states))
            tokens[members[step]] = list(read_step(source, states, own[step]))
        magnitudes[tuple(places[:, members] + 2)] = np.take(SMALLEST, tokens[members])
    return tokens


def find_levels(magnitudes: Array, places: Array) -> list[int]:
    """The levels of the integers at places by the magnitudes around them."""
    planes, rows, columns = places + 2
    sums = np.zeros(len(planes), np.int64)
    for (p, k, n), factor in NEIGHBOURS.items():
        sums += factor * magnitudes[planes - p, rows - k, columns - n]
    pairs = zip(sums.tolist(), places[0].tolist(), strict=True)
    return [bisect_right(LEVEL_BOUNDS[plane > 0], (16 * total) ** 4) for total, plane in pairs]


class Model:
    """Weights of an alphabet's tokens, and the table that was made of them last."""

    def __init__(self, level: int, alphabet: int) -> None:
        """Weights before any token is known, and no table yet."""
        self.weights = first_weights(level, alphabet)

    def make_table(self) -> None:
        """Frequencies and starts from the weights as they are."""
        self.frequencies = table(self.weights)
        self.starts = list(accumulate(self.frequencies, initial=0))


def read_step(source: BytesIO, states: list[int], models: list[Model]) -> bytes:
    """A token from each of the first lanes, under a model each; states and weights change."""
    tokens = bytearray()
    for lane, model in enumerate(models):
        high, low = divmod(states[lane], 1 << 14)
        token = bisect_right(model.starts, low) - 1
        states[lane] = model.frequencies[token] * high + low - model.starts[token]
        tokens.append(token)
        model.weights[token] += 65536
    for lane in range(len(models)):
        if states[lane] < 65536:
            word = source.read(2)
            check(len(word) == 2, "cut off in the words")
            states[lane] = 65536 * states[lane] + int.from_bytes(word, "little")
    return bytes(tokens)


def first_weights(level: int, alphabet: int) -> list[int]:
    """Weights of an alphabet before any token is known."""
    mean = (65536, 92681)[level % 2] << (level // 2)
    ratio = (mean << 30) // (mean + (1 << 20))
    tail = {0: 1 << 30}  # T of the smallest magnitude of every token, and of the one after the last
    for m in range(1, 17):
        tail[m] = tail[m - 1] * ratio >> 30
    for e in OCTAVES:
        tail[3 << (e - 1)] = tail[1 << e] * tail[1 << (e - 1)] >> 30
        tail[2 << e] = tail[1 << e] * tail[1 << e] >> 30
    bounds = [*SMALLEST, 2 << OCTAVES[-1]]
    return [100 * ((tail[bounds[token]] - tail[bounds[token + 1]]) >> 14) for token in range(alphabet)]


def table(weights: list[int]) -> list[int]:
    """Frequencies of the tokens, at least 1 each; their sum is 2^14."""
    room, total = (1 << 14) - len(weights), max(1, sum(weights))
    frequencies = [1 + weight * room // total for weight in weights]
    frequencies[frequencies.index(max(frequencies))] += (1 << 14) - sum(frequencies)
    return frequencies


def read_values(bits: Array, tensor: Tensor, head: int, tokens: Array) -> tuple[Array, Array]:
    """The integers of a part from its tokens and its plain bits, and the bits after these."""
    v, extra_bits = np.take(SMALLEST, tokens), np.take(EXTRA_BITS, tokens)
    for plane in range(21, -1, -1):
        concerned = extra_bits > plane
        count = np.count_nonzero(concerned)
        v[concerned] += bits[:count].astype(np.int64) << plane
        bits = bits[count:]
    if not head & 64:
        count = np.count_nonzero(v)
        v[v > 0] *= 1 - 2 * bits[:count].astype(np.int64)
        bits = bits[count:]
    q = (v.cumsum() if head > 127 else v) + tensor.zero_point
    least, greatest = q_range(tensor)
    check(bool(np.all((least <= q) & (q <= greatest))), "an integer outside its tensor's range")
    return q, bits


def q_range(tensor: Tensor) -> tuple[int, int]:
    """The least and the greatest integer that a tensor's record allows (6.1)."""
    half = 1 << (tensor.bits - 1)
    return (1 - half, half - 1) if tensor.mode == 0 else (0, 2 * half - 1)
