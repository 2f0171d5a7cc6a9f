"""Tensors of three dimensions, each integer under the model that the magnitudes around it choose (section 6.4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from operator import mul

import numpy as np

from inrv_format.entropy.model import LEVELS, Integers, Model, Table, Tokens, bounds

# The head of a tensor that is coded so.
NEIGHBOURS = 63
# Planes, rows and columns from an integer to those that its model follows from, and their weights; the last three are
# those of the plane before, which the first plane has not.
WITHIN = ((0, 0, -1, 3), (0, 0, -2, 2), (0, -1, -1, 2), (0, -1, 0, 3), (0, -1, 1, 2), (0, -2, 0, 1))
ACROSS = ((-1, 0, -1, 1), (-1, 0, 0, 2), (-1, 0, 1, 1))
# Rows and planes begin so many columns after the one before: then all that an integer needs is known.
SLOPE = 2

# Gives the tokens at these places of the flat tensor, which are under these levels of a table.
Coding = Callable[[Integers, Integers, Table], Integers | Tokens]


def is_space(shape: tuple[int, ...]) -> bool:
    """Whether a tensor may be coded so."""
    return len(shape) == 3 and math.prod(shape) > 0


def code(shape: tuple[int, ...], alphabet: int, coding: Coding) -> None:
    """Go through a tensor [P, K, N] wave by wave: all integers whose column + 2 x (row + plane) is the same.

    `coding` finds the tokens of a wave, which those after it then know.
    """
    model, known = Model(range(LEVELS), alphabet), _Known(shape)
    smallest = bounds()[0].astype(np.int32)
    following, table = 0, model.table()
    for wave, (flat, places, first) in enumerate(_waves(shape)):
        if wave == following:
            following, table = wave + max(1, wave // 4), model.table()
        levels = known.levels(places, first)
        tokens = coding(flat, levels, table)
        known.magnitudes[places] = smallest[tokens]
        model.count(tokens, levels)


class _Known:
    """The smallest magnitudes of the tokens that are known, with zeros around the tensor."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        strides = _strides(shape)
        self.magnitudes = np.zeros((shape[0] + 1) * strides[0], np.int32)
        self._within, self._across = (
            [(sum(map(mul, back, strides)), weight) for *back, weight in each] for each in (WITHIN, ACROSS)
        )
        within, across = (sum(weight for *_, weight in each) for each in (WITHIN, ACROSS))
        self._thresholds = thresholds(within), thresholds(within + across)

    def levels(self, places: Integers, first: int) -> Integers:
        """The levels at places, of which the `first` ones are in the first plane."""
        sums = self._sums(places, self._within)
        levels = np.searchsorted(self._thresholds[0], sums[:first], side="right")
        if first == len(places):
            return levels
        sums = sums[first:] + self._sums(places[first:], self._across)
        return np.concatenate([levels, np.searchsorted(self._thresholds[1], sums, side="right")])

    def _sums(self, places: Integers, offsets: Sequence[tuple[int, int]]) -> Integers:
        sums = np.zeros(len(places), np.int64)
        for offset, weight in offsets:
            sums += weight * self.magnitudes[places + offset]
        return sums


def thresholds(weights: int) -> Integers:
    """The least sum of weighted magnitudes for each level from 1 on, where all weights together are `weights`.

    That is the least S with 16 S / weights >= 2^((2 level - 1) / 4), half a level below the mean of `prior`.
    """
    found = []
    for level in range(1, LEVELS):
        bound = weights**4 << (2 * level - 1)
        least = math.isqrt(math.isqrt(bound >> 16))
        found.append(next(s for s in range(least, least + 3) if (16 * s) ** 4 >= bound))
    return np.array(found, np.int64)


def _strides(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Of a tensor with two rows before each plane, two columns before each row and one after it."""
    _, rows, columns = shape
    return (rows + 2) * (columns + 3), columns + 3, 1


def _waves(shape: tuple[int, ...]) -> Iterator[tuple[Integers, Integers, int]]:
    """Of each wave, in row-major order: where its integers lie in the flat tensor, where in one with zeros around it,
    and how many of them are in the first plane.
    """
    planes, rows, columns = shape
    by_plane, by_row, _ = _strides(shape)
    for wave in range(columns + SLOPE * (rows + planes - 2)):
        flat, places = [], []
        for plane in range(planes):
            low = max(0, -((columns - 1 - wave) // SLOPE) - plane)
            row = np.arange(low, min(rows - 1, wave // SLOPE - plane) + 1)
            column = wave - SLOPE * (row + plane)
            flat.append((plane * rows + row) * columns + column)
            places.append((plane + 1) * by_plane + (row + 2) * by_row + column + 2)
        yield np.concatenate(flat), np.concatenate(places), len(flat[0])
