"""Levels by neighbours from slices of waves, against a loop over the integers (`spec/inrv.md` 6.4)."""

import numpy as np
import pytest
from inrv_format.entropy.model import bounds
from inrv_format.entropy.neighbours import by_wave, code, wave_order

# Rows and columns before, and weights.
WITHIN = {(0, -1): 3, (0, -2): 2, (-1, -1): 2, (-1, 0): 3, (-1, 1): 2, (-2, 0): 1}
ACROSS = {(0, -1): 1, (0, 0): 2, (0, 1): 1}
SHAPES = [
    (1, 1, 1),
    (1, 1, 9),
    (1, 9, 1),
    (1, 3, 8),
    (1, 8, 3),
    (2, 5, 7),
    (3, 1, 6),
    (4, 6, 1),
    (9, 2, 2),
    (5, 7, 3),
]


def level(total: int, weights: int) -> int:
    """As the spec says it."""
    return max([0, *(k for k in range(1, 56) if (16 * total) ** 4 >= weights**4 << (2 * k - 1))])


def levels_one_by_one(tokens: np.ndarray) -> np.ndarray:
    """Levels of all integers of a tensor [P, R, C] of tokens."""
    magnitudes, found = bounds()[0][tokens], np.zeros(tokens.shape, np.int64)

    def at(*place: int) -> int:
        inside = all(0 <= i < size for i, size in zip(place, tokens.shape, strict=True))
        return int(magnitudes[place]) if inside else 0

    for p, r, c in np.ndindex(tokens.shape):
        total = sum(weight * at(p, r + down, c + right) for (down, right), weight in WITHIN.items())
        total += sum(weight * at(p - 1, r + down, c + right) for (down, right), weight in ACROSS.items())
        found[p, r, c] = level(total, 17 if p else 13)
    return found


@pytest.mark.parametrize("alphabet", [3, 20, 54])
@pytest.mark.parametrize("shape", SHAPES)
def test_levels_are_those_of_the_magnitudes_around(shape, alphabet):
    tokens = np.random.default_rng(alphabet).integers(0, alphabet, shape)
    waves, found = iter(by_wave(tokens.ravel(), shape)), []

    def coding(levels, table):
        found.append(levels)
        return levels * alphabet + next(waves)

    assert (code(shape, alphabet, coding) == tokens.ravel()[wave_order(shape)]).all()
    assert (np.concatenate(found) == levels_one_by_one(tokens).ravel()[wave_order(shape)]).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_waves_are_in_order_and_each_in_row_major_order(shape):
    waves = [(c + 2 * (r + p), p, r, c) for p, r, c in np.ndindex(shape)]
    expected = [np.ravel_multi_index(place, shape) for _, *place in sorted(waves)]
    assert wave_order(shape).tolist() == expected
    parts = by_wave(np.arange(np.prod(shape)), shape)
    assert len(parts) == shape[2] + 2 * (shape[0] + shape[1] - 2)
    assert np.concatenate(parts).tolist() == expected
