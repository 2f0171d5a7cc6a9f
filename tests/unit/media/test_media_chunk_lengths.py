"""How long chunks are."""

import pytest

from invr.media.chunk_lengths import FixedLengths


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (9, [9]), (10, [8, 2]), (16, [8, 8]), (17, [8, 9]), (18, [8, 8, 2])],
)
def test_fixed_lengths(count, sizes):
    lengths = FixedLengths(8)
    for _ in range(count):
        lengths.add(None, 0.04)
    lengths.end()
    assert list(iter(lengths.take, None)) == sizes
    assert lengths.estimate(count) == max(1, len(sizes))
