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
    check(len(heads) == (first[0] - 52 if by_class else columns if by_column else 1), "cut off in the heads")
    check(all(head & 63 < 56 for head in heads[by_class:]) and (not by_class or heads[1] & 192 == 64), "a wrong head")
    return heads


def read_parts(source: BytesIO, states: list[int], tensor: Tensor, heads: bytes) -> list[tuple[Array, int, Array]]:
    """Of each part: where in the flat tensor its integers lie, its head, its tokens. States of lanes change."""
    columns = max(1, tensor.shape[1]) if len(tensor.shape) == 2 else 1
    places = np.arange(prod(tensor.shape)).reshape(-1, columns)
    numbers: Array = np.arange(columns) if len(heads) == columns else np.zeros(columns)
    if 56 <= heads[0] < 64:
        numbers, heads = read_tokens(source, states, columns, heads[1], len(heads) - 2), heads[2:]
    least, greatest = q_range(tensor)
    largest = max(greatest - tensor.zero_point, tensor.zero_point - least)
    parts = []
    for number, head in enumerate(heads):
        where = places[:, numbers == number].ravel()
        alphabet = bisect_right(SMALLEST, greatest - least if head > 127 else largest)
        parts.append((where, head, read_tokens(source, states, where.size, head, alphabet)))
    return parts


def read_tokens(source: BytesIO, states: list[int], size: int, head: int, alphabet: int) -> Array:
    """The tokens of a part; the states of the lanes change."""
    weights, tokens = first_weights(head & 63, alphabet), bytearray()
    next_table = 0
    for step, begin in enumerate(range(0, size, max(1, len(states)))):
        if step == next_table:
            frequencies = table(weights)
            starts = list(accumulate(frequencies, initial=0))
            next_table = step + max(1, step // 4)
        lanes = range(min(len(states), size - begin))
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
