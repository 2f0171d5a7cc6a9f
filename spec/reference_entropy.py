"""Decode payloads of coder 3, rANS, with numpy alone, as inrv.md section 6.4 says; simple rather than fast."""

from bisect import bisect_right
from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

E = (65536, 92681)
OCTAVES = range(4, 24)
# Of each token the smallest magnitude, and how many extra bits say which of its magnitudes is meant.
SMALLEST = [*range(16), *(magnitude for e in OCTAVES for magnitude in (1 << e, 3 << (e - 1)))]
EXTRA_BITS = [0] * 16 + [e - 1 for e in OCTAVES for _ in range(2)]


class EntropyError(ValueError):
    """A payload breaks a rule of section 6.4."""


class Tensor(Protocol):
    """What a tensor's record says of its integers, checked before (6.1), and its shape."""

    bits: int
    mode: int
    zero_point: int
    shape: tuple[int, ...]


class Part(NamedTuple):
    """A column of the tensor of this number, or all of it, with the fields of its head."""

    number: int
    tensor: Tensor
    size: int
    level: int
    unsigned: bool
    differences: bool


def check(good: bool, message: str) -> None:
    """Raise EntropyError unless good."""
    if not good:
        raise EntropyError(f"rANS: {message} (6.4)")


def decode_integers(payload: bytes, tensors: Sequence[Tensor]) -> list[Array]:
    """The integers q of each tensor, flat, in row-major order."""
    source = BytesIO(payload)
    lanes = min(4096, -(-sum(prod(tensor.shape) for tensor in tensors) // 4096))
    parts = [part for number, tensor in enumerate(tensors) for part in read_heads(source, number, tensor)]
    head = source.read(4 * lanes)
    check(len(head) == 4 * lanes, "cut off before the words")
    states = [int.from_bytes(head[4 * lane : 4 * lane + 4], "little") for lane in range(lanes)]
    check(all(state >= 65536 for state in states), "a state below 65536 at the start")
    tokens = [read_tokens(source, states, part) for part in parts]
    check(all(state == 65536 for state in states), "a state that is not 65536 at the end")
    plain = source.read()
    signs = sum(np.count_nonzero(found) for part, found in zip(parts, tokens, strict=True) if not part.unsigned)
    length = signs + sum(int(np.take(EXTRA_BITS, found).sum()) for found in tokens)
    check(len(plain) == (length + 7) // 8, "too few or too many plain bits")
    bits = np.unpackbits(np.frombuffer(plain, np.uint8))
    check(not bits[length:].any(), "a bit after the last plain bit is not 0")
    integers: list[list[Array]] = [[] for _ in tensors]
    for part, found in zip(parts, tokens, strict=True):
        q, bits = read_values(bits, part, found)
        integers[part.number].append(q)
    return [np.stack(columns, 1).ravel() for columns in integers]


def read_heads(source: BytesIO, number: int, tensor: Tensor) -> list[Part]:
    """The parts of a tensor."""
    rows, *columns = tensor.shape
    count = columns[0] if len(columns) == 1 and rows >= 16 and 1 <= columns[0] <= 8 else 1
    heads = source.read(count)
    check(len(heads) == count and all(head & 63 <= 55 for head in heads), "cut off in the heads, or a level above 55")
    size = prod(tensor.shape) // count
    return [Part(number, tensor, size, head & 63, head & 64 > 0, head > 127) for head in heads]


def read_tokens(source: BytesIO, states: list[int], part: Part) -> Array:
    """The tokens of a part; the states of the lanes change."""
    weights, tokens = first_weights(part), bytearray()
    next_table = 0
    for step, begin in enumerate(range(0, part.size, max(1, len(states)))):
        if step == next_table:
            frequencies = table(weights)
            starts = list(accumulate(frequencies, initial=0))
            next_table = step + max(1, step // 4)
        lanes = range(min(len(states), part.size - begin))
        for lane in lanes:
            high, low = divmod(states[lane], 1 << 14)
            token = bisect_right(starts, low) - 1
            states[lane] = frequencies[token] * high + low - starts[token]
            tokens.append(token)
            weights[token] += 65536
        for lane in lanes:
            if states[lane] < 65536:
                word = source.read(2)
                check(len(word) == 2, "cut off in the words")
                states[lane] = 65536 * states[lane] + int.from_bytes(word, "little")
    return np.frombuffer(tokens, np.uint8)


def first_weights(part: Part) -> list[int]:
    """Weights of a part's alphabet before any of its tokens is known."""
    mean = E[part.level % 2] << (part.level // 2)
    ratio = (mean << 30) // (mean + (1 << 20))
    tail = {0: 1 << 30}  # T of the smallest magnitude of every token, and of the one after the last
    for m in range(1, 17):
        tail[m] = tail[m - 1] * ratio >> 30
    for e in OCTAVES:
        tail[3 << (e - 1)] = tail[1 << e] * tail[1 << (e - 1)] >> 30
        tail[2 << e] = tail[1 << e] * tail[1 << e] >> 30
    least, greatest = q_range(part.tensor)
    zero = part.tensor.zero_point
    size = bisect_right(SMALLEST, greatest - least if part.differences else max(greatest - zero, zero - least))
    bounds = [*SMALLEST, 2 << OCTAVES[-1]]
    return [100 * ((tail[bounds[token]] - tail[bounds[token + 1]]) >> 14) for token in range(size)]


def table(weights: list[int]) -> list[int]:
    """Frequencies of the tokens, at least 1 each; their sum is 2^14."""
    room, total = (1 << 14) - len(weights), max(1, sum(weights))
    frequencies = [1 + weight * room // total for weight in weights]
    largest = frequencies.index(max(frequencies))
    frequencies[largest] += (1 << 14) - sum(frequencies)
    return frequencies


def read_values(bits: Array, part: Part, tokens: Array) -> tuple[Array, Array]:
    """The integers of a part from its tokens and its plain bits, and the bits after these."""
    v, extra_bits = np.take(SMALLEST, tokens), np.take(EXTRA_BITS, tokens)
    for plane in range(21, -1, -1):
        concerned = extra_bits > plane
        count = np.count_nonzero(concerned)
        v[concerned] += bits[:count].astype(np.int64) << plane
        bits = bits[count:]
    if not part.unsigned:
        count = np.count_nonzero(v)
        v[v > 0] *= 1 - 2 * bits[:count].astype(np.int64)
        bits = bits[count:]
    q = (v.cumsum() if part.differences else v) + part.tensor.zero_point
    least, greatest = q_range(part.tensor)
    check(bool(np.all((least <= q) & (q <= greatest))), "an integer outside its tensor's range")
    return q, bits


def q_range(tensor: Tensor) -> tuple[int, int]:
    """The least and the greatest integer that a tensor's record allows (6.1)."""
    if tensor.mode == 0:
        return 1 - (1 << (tensor.bits - 1)), (1 << (tensor.bits - 1)) - 1
    return 0, (1 << tensor.bits) - 1
