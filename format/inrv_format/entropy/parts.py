"""Parts of tensors, each with a model of its own: columns, or columns of a like size together (section 6.4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inrv_format.entropy.layout import Layout
from inrv_format.entropy.model import DIFFERENCES, LEVELS, UNSIGNED, Integers, Tokens, bounds
from inrv_format.entropy.neighbours import NEIGHBOURS, is_space
from inrv_format.errors import InvalidDataError
from inrv_format.quantization import TensorHeader
from inrv_format.tensors import TensorSymbols

SECTION = "6.4"
# A tensor of few columns and many rows holds a table of quantities of different kinds, not a matrix.
MOST_TABLE_COLUMNS = 8
FEWEST_TABLE_ROWS = 16
# A head from LEVELS on says how many classes the columns of a matrix are sorted into.
MOST_CLASSES = 8
CLASSES_OFFSET = LEVELS - 2
# What a class costs before it has learned anything: its head, and about two bytes under a model that is not its own.
CLASS_BITS = 24


@dataclass(frozen=True, slots=True)
class Part:
    """What is coded of a part, under which head and with how many tokens; with the head NEIGHBOURS also its shape."""

    values: Integers
    head: int
    alphabet: int
    shape: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A tensor of `rows` whose columns belong to the parts that `classes` numbers, and the parts' heads.

    With a `classes_head` the numbers are still to be decoded.
    """

    name: str
    shape: tuple[int, ...]
    header: TensorHeader
    rows: int
    classes: Tokens
    classes_head: int | None
    heads: bytes


def cut(tensor: TensorSymbols) -> tuple[bytes, list[Part]]:
    """Heads and parts of a tensor: a table by columns, a matrix whole or by classes of these, whichever is less; what
    has three dimensions by its neighbours.
    """
    centred = tensor.values.astype(np.int64) - tensor.header.zero_point
    if is_space(centred.shape):
        part = Part(centred.ravel(), NEIGHBOURS, alphabet(tensor.header, NEIGHBOURS), centred.shape)
        return bytes([NEIGHBOURS]), [part]
    classes = _fixed_classes(centred.shape)
    centred = centred.reshape(-1, len(classes))
    parts = _parts(centred, classes, tensor.header)
    if not _is_matrix(centred.shape):
        return bytes(part.head for part in parts), parts
    classes = _classes_by_size(centred)
    count = int(classes.max()) + 1
    numbers = Part(classes.astype(np.int64), UNSIGNED | best_level(classes), count)
    by_class = _parts(centred, classes, tensor.header)
    price = _price(numbers.values) + sum(_price(part.values) + CLASS_BITS for part in by_class)
    if count == 1 or price >= _price(parts[0].values):
        return bytes([parts[0].head]), parts
    return bytes([CLASSES_OFFSET + count, *(part.head for part in (numbers, *by_class))]), [numbers, *by_class]


def parse_heads(stored: bytes, layout: Layout) -> tuple[list[Plan], int]:
    """How the tensors are cut, and how many bytes say so; InvalidDataError where they cannot be cut so."""
    plans, position = [], 0
    for header, (name, shape) in zip(layout.headers, layout.shapes, strict=True):
        classes, classes_head = _fixed_classes(shape), None
        first, count = stored[position : position + 1], int(classes.max()) + 1
        by_neighbours = first == bytes([NEIGHBOURS]) and is_space(shape)
        if first and LEVELS <= first[0] < UNSIGNED and not by_neighbours:
            count, classes_head = first[0] - CLASSES_OFFSET, int.from_bytes(stored[position + 1 : position + 2])
            if count > MOST_CLASSES or not _is_matrix(shape) or not UNSIGNED <= classes_head < UNSIGNED + LEVELS:
                raise InvalidDataError(f"tensor {name} cannot have these classes", section=SECTION)
            position += 2
        heads = stored[position : position + count]
        if len(heads) < count or (any(head % UNSIGNED >= LEVELS for head in heads) and not by_neighbours):
            raise InvalidDataError("heads are cut off or out of range", section=SECTION)
        position += count
        plans.append(Plan(name, shape, header, math.prod(shape) // len(classes), classes, classes_head, heads))
    return plans, position


def join(plan: Plan, classes: Tokens, parts: Sequence[NDArray[np.int32]]) -> TensorSymbols:
    """The tensor of these parts; InvalidDataError for an integer that its record does not allow."""
    integers = np.empty((plan.rows, len(classes)), np.int64)
    for number, (head, values) in enumerate(zip(plan.heads, parts, strict=True)):
        whole = np.cumsum(values, dtype=np.int64) if head & DIFFERENCES else values
        concerned = np.flatnonzero(classes == number)
        integers[:, concerned] = whole.reshape(plan.rows, len(concerned))
    integers += plan.header.zero_point
    low, high = plan.header.q_range
    if integers.size and (integers.min() < low or integers.max() > high):
        raise InvalidDataError(f"tensor {plan.name} holds an integer beyond its range", section=SECTION)
    return TensorSymbols(plan.name, plan.header, integers.astype(np.int32).reshape(plan.shape))


def alphabet(header: TensorHeader, head: int) -> int:
    """How many tokens a part can need, by the range of its tensor."""
    low, high = header.q_range
    largest = high - low if head & DIFFERENCES else max(high - header.zero_point, header.zero_point - low)
    return int(np.searchsorted(bounds()[0], largest, side="right"))


def best_level(values: NDArray[np.integer]) -> int:
    """The level whose mean is nearest to that of the magnitudes."""
    mean = float(np.abs(values).mean()) if values.size else 0.0
    return min(LEVELS - 1, max(0, round(2 * math.log2(16 * mean)))) if mean else 0


def _fixed_classes(shape: tuple[int, ...]) -> Tokens:
    """The part of each column where nothing else is said; a tensor that is no matrix is a single column."""
    if len(shape) != 2 or not shape[1]:
        return np.zeros(1, np.uint8)
    table = shape[0] >= FEWEST_TABLE_ROWS and shape[1] <= MOST_TABLE_COLUMNS
    return np.arange(shape[1], dtype=np.uint8) if table else np.zeros(shape[1], np.uint8)


def _is_matrix(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] > 0 and shape[1] > MOST_TABLE_COLUMNS


def _classes_by_size(centred: Integers) -> Tokens:
    """Columns whose mean magnitudes are within an octave have one number; the most frequent class is 0."""
    octaves = np.rint(np.log2(np.abs(centred).mean(0) + 0.1)).astype(np.int64)
    known, counts = np.unique(octaves, return_counts=True)
    while len(known) > MOST_CLASSES:
        lost, taker = (0, 1) if counts[0] <= counts[-1] else (-1, -2)
        octaves[octaves == known[lost]] = known[taker]
        known, counts = np.unique(octaves, return_counts=True)
    rank = np.empty(len(known), np.uint8)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(known))
    classes: Tokens = rank[np.searchsorted(known, octaves)]
    return classes


def _parts(centred: Integers, classes: Tokens, header: TensorHeader) -> list[Part]:
    return [_part(centred[:, classes == number].ravel(), header) for number in range(int(classes.max()) + 1)]


def _part(values: Integers, header: TensorHeader) -> Part:
    """Coded as they are or as differences, whichever is less."""
    head, differences = 0, np.diff(values, prepend=0)
    if _price(differences) < _price(values):
        head, values = DIFFERENCES, differences
    if values.min(initial=0) >= 0:
        head |= UNSIGNED
    return Part(values, head | best_level(values), alphabet(header, head))


def _price(values: Integers) -> float:
    """Bits of integers whose magnitudes are distributed geometrically, and of their signs."""
    mean = float(np.abs(values).mean()) if values.size else 0.0
    magnitude = (mean + 1) * math.log2(mean + 1) - mean * math.log2(mean) if mean else 0.0
    return values.size * magnitude + (np.count_nonzero(values) if values.min(initial=0) < 0 else 0)
