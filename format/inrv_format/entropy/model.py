"""Tokens of integers and the adaptive frequencies of these, all integers that the spec fixes (section 6.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

TOTAL_BITS = 14
TOTAL = 1 << TOTAL_BITS
DIRECT = 16
LARGEST_EXPONENT = 23
PRIOR_COUNTS = 100
LEVELS = 56
# 2^(i/2) in 1/65536, rounded down.
HALVES = (65536, 92681)
ONE_BITS = 30
# Bits of a part's head above its level.
UNSIGNED, DIFFERENCES = 64, 128

Integers = NDArray[np.int64]
Tokens = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Table:
    """Of M models of A tokens, as cells: cell k A + t is token t under model k.

    `frequency` [M A] sums to TOTAL for each model. Model k has the slots k TOTAL to (k + 1) TOTAL - 1: `start` [M A]
    says where each cell begins, `cell` [M TOTAL] which one a slot is in.
    """

    frequency: Integers
    start: Integers
    cell: NDArray[np.uint16]


class Model:
    """Counts of the tokens of a part under each of its levels: as if PRIOR_COUNTS had come from the geometric
    distribution of the level, and the seen.
    """

    def __init__(self, levels: Sequence[int], alphabet: int) -> None:
        self._weights = np.stack([prior(level)[:alphabet] for level in levels]) * PRIOR_COUNTS

    def count(self, cells: Integers | Tokens) -> None:
        """Learn from what both sides know; of a single model cells are tokens."""
        self._weights += np.bincount(cells, minlength=self._weights.size).reshape(self._weights.shape) << 16

    def table(self) -> Table:
        """The counts as frequencies of at least one each; what rounding leaves goes to the likeliest token."""
        weights = self._weights
        count, alphabet = weights.shape
        frequency = 1 + weights * (TOTAL - alphabet) // np.maximum(1, weights.sum(1, keepdims=True))
        frequency[np.arange(count), frequency.argmax(1)] += TOTAL - frequency.sum(1)
        flat = frequency.ravel()
        return Table(flat, np.cumsum(flat) - flat, np.repeat(np.arange(flat.size, dtype=np.uint16), flat))

    def epochs(self, size: int, lanes: int) -> Iterator[tuple[Table, int, int]]:
        """Tables, and the first and last + 1 symbol that each is for: a new one when a quarter more is known."""
        step = 0
        while step * lanes < size:
            following = step + max(1, step // 4)
            yield self.table(), step * lanes, min(size, following * lanes)
            step = following


@lru_cache(maxsize=1)
def bounds() -> tuple[Integers, Integers]:
    """Smallest magnitude of each token, and how many plain bits follow it: two tokens an octave from DIRECT on."""
    exponents = np.repeat(np.arange(4, LARGEST_EXPONENT + 1), 2)
    halves = np.tile([2, 3], LARGEST_EXPONENT - 3)
    low = np.concatenate([np.arange(DIRECT), halves << (exponents - 1)])
    return low, np.concatenate([np.zeros(DIRECT, np.int64), exponents - 1])


@lru_cache(maxsize=LEVELS)
def prior(level: int) -> Integers:
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
