"""Tensors of three dimensions, each integer under the model that the magnitudes around it choose (section 6.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from inrv_format.entropy.model import LEVELS, Integers, Model, Table, Tokens, bounds

# The head of a tensor that is coded so.
NEIGHBOURS = 63
# What the magnitudes around an integer weigh together, and with those of the plane before.
WITHIN, ACROSS = 13, 17
# Rows and planes begin so many columns after the one before: then all that an integer needs is known.
SLOPE = 2
# The neighbours are in so many waves before, and up to so many rows above.
BEFORE, ABOVE = 4, 2
LARGEST_LOOKED_UP = 1 << 16

# Gives the cells of a table in which the next tokens are, which have these levels.
Coding = Callable[[Integers, Table], Integers]


def is_space(shape: tuple[int, ...]) -> bool:
    """Whether a tensor may be coded so."""
    return len(shape) == 3 and math.prod(shape) > 0


def wave_order(shape: tuple[int, ...]) -> Integers:
    """Where the integers of a tensor [P, R, C] lie, wave by wave; those of one wave in row-major order."""
    waves = _waves(shape)
    # integers of few bits are sorted in linear time
    return np.argsort(waves.astype(np.min_scalar_type(int(waves[-1]))), kind="stable")


def by_wave(values: Integers, shape: tuple[int, ...]) -> list[Integers]:
    """The values of a tensor, given in row-major order, of each wave."""
    return np.split(values[wave_order(shape)], np.cumsum(np.bincount(_waves(shape)))[:-1])


def _waves(shape: tuple[int, ...]) -> Integers:
    """The wave of each integer, in row-major order."""
    plane, row, column = np.ogrid[tuple(slice(size) for size in shape)]
    waves: Integers = (column + SLOPE * (row + plane)).ravel()
    return waves


def code(shape: tuple[int, ...], alphabet: int, coding: Coding) -> Tokens:
    """Go through a tensor wave by wave; its tokens, in the order of `wave_order`.

    `coding` finds the tokens of a wave, which those after it then know.
    """
    model, known = Model(range(LEVELS), alphabet), _Known(shape, alphabet)
    following, first, table = 1, 0, model.table()
    found: list[Integers] = []
    for wave in range(sum(SLOPE * (size - 1) for size in shape[:2]) + shape[2]):
        if wave == following:
            model.count(np.concatenate(found[first:]))
            following, first, table = wave + max(1, wave // 4), len(found), model.table()
        cells = coding(known.levels(wave), table)
        known.learn(cells)
        found.append(cells)
    tokens: Tokens = (np.concatenate(found) % alphabet).astype(np.uint8)
    return tokens


class _Known:
    """The smallest magnitudes of the tokens of the last four waves, and what they make of the next.

    They are skewed: integer (p, r, c) lies at (p, r + p) of its wave [P, R + P - 1], so that what is around the
    integers of a wave are slices of the waves before it, with zeros around the tensor.
    """

    def __init__(self, shape: tuple[int, ...], alphabet: int) -> None:
        planes, rows, self._columns = shape
        row = np.arange(rows + planes - 1) - np.arange(planes)[:, None]
        self._in_tensor = (row >= 0) & (row < rows)
        self._waves = [np.zeros((planes, ABOVE + rows + planes - 1), np.int64) for _ in range(BEFORE)]
        self._magnitudes = np.tile(bounds()[0][:alphabet], LEVELS)
        self._level_within, self._level_across = (_levels(each, alphabet) for each in (WITHIN, ACROSS))
        self._low, self._inside = 0, self._in_tensor

    def levels(self, wave: int) -> Integers:
        """Of the integers of the next wave, which has this number, in row-major order."""
        low = max(0, -((self._columns - 1 - wave) // SLOPE))
        high = min(self._in_tensor.shape[1], wave // SLOPE + 1)
        here, above, top = slice(low + 2, high + 2), slice(low + 1, high + 1), slice(low, high)
        fourth, third, second, first = self._waves
        thrice = first[:, here] + second[:, above]
        sums = first[:, above] + second[:, here]
        sums += third[:, above]
        sums += thrice
        sums += sums
        sums += thrice
        sums += fourth[:, top]
        levels = self._level_within(sums)
        if len(sums) > 1:
            twice = second[:-1, above]
            sums[1:] += first[:-1, above] + twice + twice + third[:-1, above]
            levels[1:] = self._level_across(sums[1:])
        self._low, self._inside = low, self._in_tensor[:, top]
        return levels[self._inside]

    def learn(self, cells: Integers) -> None:
        """The cells of that wave."""
        wave, begin = self._waves.pop(0), self._low + ABOVE
        wave[:, self._low : begin] = 0
        wave[:, begin : begin + self._inside.shape[1]][self._inside] = self._magnitudes[cells]
        self._waves.append(wave)


def _levels(weights: int, alphabet: int) -> Callable[[Integers], Integers]:
    """The levels of sums, looked up where sums cannot be so large that they need a large table."""
    least, largest = thresholds(weights), weights * int(bounds()[0][alphabet - 1])
    if largest > LARGEST_LOOKED_UP:
        return lambda sums: least.searchsorted(sums, "right")
    table = least.searchsorted(np.arange(largest + 1), "right")
    return lambda sums: table[sums]


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
