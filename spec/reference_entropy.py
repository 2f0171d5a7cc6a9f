"""Decode payloads of coder 3, rANS, with numpy alone, as inrv.md section 6.4 says; simple rather than fast."""

from bisect import bisect_right
from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

E = (65536, 71467, 77935, 84989, 92681, 101070, 110217, 120193)
OCTAVES = range(4, 24)
# Of each token the smallest magnitude, and how many extra bits say which of its magnitudes is meant.
SMALLEST = [*range(16), *(magnitude for e in OCTAVES for magnitude in (1 << e, 3 << (e - 1)))]
EXTRA_BITS = [0] * 16 + [e - 1 for e in OCTAVES for _ in range(2)]


class EntropyError(ValueError):
    """A payload breaks a rule of section 6.4."""


class Tensor(Protocol):
    """What a tensor's record says of its integers, checked before (6.1), and their number."""

    bits: int
    mode: int
    zero_point: int
    size: int


def check(good: bool, message: str) -> None:
    """Raise EntropyError unless good."""
    if not good:
        raise EntropyError(f"rANS: {message} (6.4)")


def decode_integers(payload: bytes, tensors: Sequence[Tensor]) -> list[Array]:
    """The integers q of each tensor, flat, in row-major order."""
    source = BytesIO(payload)
    lanes = min(4096, -(-sum(tensor.size for tensor in tensors) // 4096))
    levels = source.read(len(tensors))
    head = source.read(4 * lanes)
    check(len(levels) + len(head) == len(tensors) + 4 * lanes, "cut off before the words")
    check(all(level <= 223 for level in levels), "a level above 223")
    states = [int.from_bytes(head[4 * lane : 4 * lane + 4], "little") for lane in range(lanes)]
    check(all(state >= 65536 for state in states), "a state below 65536 at the start")
    tokens = [read_tokens(source, states, *pair) for pair in zip(tensors, levels, strict=True)]
    check(all(state == 65536 for state in states), "a state that is not 65536 at the end")
    plain = source.read()
    length = sum(int((np.take(EXTRA_BITS, part) + (part > 0)).sum()) for part in tokens)
    check(len(plain) == (length + 7) // 8, "too few or too many plain bits")
    bits = np.unpackbits(np.frombuffer(plain, np.uint8))
    check(not bits[length:].any(), "a bit after the last plain bit is not 0")
    integers = []
    for tensor, part in zip(tensors, tokens, strict=True):
        q, bits = read_values(bits, tensor, part)
        integers.append(q)
    return integers


def read_tokens(source: BytesIO, states: list[int], tensor: Tensor, level: int) -> Array:
    """The tokens of a tensor; the states of the lanes change."""
    weights, tokens = first_weights(tensor, level), bytearray()
    next_table = 0
    for step, begin in enumerate(range(0, tensor.size, max(1, len(states)))):
        if step == next_table:
            frequencies = table(weights)
            starts = list(accumulate(frequencies, initial=0))
            next_table = step + max(1, step // 4)
        lanes = range(min(len(states), tensor.size - begin))
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


def first_weights(tensor: Tensor, level: int) -> list[int]:
    """Weights of a tensor's alphabet before any of its tokens is known."""
    mean = E[level % 8] << (level // 8)
    ratio = (mean << 30) // (mean + (1 << 20))
    tail = {0: 1 << 30}  # T of the smallest magnitude of every token, and of the one after the last
    for m in range(1, 17):
        tail[m] = tail[m - 1] * ratio >> 30
    for e in OCTAVES:
        tail[3 << (e - 1)] = tail[1 << e] * tail[1 << (e - 1)] >> 30
        tail[2 << e] = tail[1 << e] * tail[1 << e] >> 30
    least, greatest = q_range(tensor)
    size = bisect_right(SMALLEST, max(greatest - tensor.zero_point, tensor.zero_point - least))
    bounds = [*SMALLEST, 2 << OCTAVES[-1]]
    return [100 * ((tail[bounds[token]] - tail[bounds[token + 1]]) >> 14) for token in range(size)]


def table(weights: list[int]) -> list[int]:
    """Frequencies of the tokens, at least 1 each; their sum is 2^14."""
    room, total = (1 << 14) - len(weights), max(1, sum(weights))
    frequencies = [1 + weight * room // total for weight in weights]
    largest = frequencies.index(max(frequencies))
    frequencies[largest] += (1 << 14) - sum(frequencies)
    return frequencies


def read_values(bits: Array, tensor: Tensor, tokens: Array) -> tuple[Array, Array]:
    """The integers of a tensor from its tokens and its plain bits, and the bits after these."""
    v, extra_bits = np.take(SMALLEST, tokens), np.take(EXTRA_BITS, tokens)
    for plane in range(21, -1, -1):
        concerned = extra_bits > plane
        count = np.count_nonzero(concerned)
        v[concerned] += bits[:count].astype(np.int64) << plane
        bits = bits[count:]
    concerned = v > 0
    count = np.count_nonzero(concerned)
    v[concerned] *= 1 - 2 * bits[:count].astype(np.int64)
    q = v + tensor.zero_point
    least, greatest = q_range(tensor)
    check(bool(np.all((least <= q) & (q <= greatest))), "an integer outside its tensor's range")
    return q, bits[count:]


def q_range(tensor: Tensor) -> tuple[int, int]:
    """The least and the greatest integer that a tensor's record allows (6.1)."""
    if tensor.mode == 0:
        return 1 - (1 << (tensor.bits - 1)), (1 << (tensor.bits - 1)) - 1
    return 0, (1 << tensor.bits) - 1
