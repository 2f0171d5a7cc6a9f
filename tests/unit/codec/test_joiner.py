"""Joining the sound of chunks."""

from dataclasses import replace

import numpy as np
import pytest
from toys import toy_chunk

from invr.joiner import SoundJoiner


def chunk_at(pts: int, count: int):
    chunk = toy_chunk()
    return replace(chunk, audio=replace(chunk.audio, pts=pts, sample_count=count))


def joined(*pieces: tuple[int, np.ndarray], rate: int = 100) -> np.ndarray:
    joiner = SoundJoiner(rate)
    blocks = [block for pts, values in pieces for block in joiner.push(chunk_at(pts, len(values)), values)]
    blocks += joiner.flush()
    assert all(len(values) <= 10 * rate for values, _ in blocks)
    starts = pieces[0][0] + np.cumsum([0] + [len(values) for values, _ in blocks])
    assert [pts for _, pts in blocks] == starts[:-1].tolist()
    return np.concatenate([values for values, _ in blocks])


def ramp(start: int, end: int) -> np.ndarray:
    return np.arange(start, end, dtype=np.float32)[:, None]


def test_equal_overlaps_are_seamless():
    sound = joined((0, ramp(0, 60)), (50, ramp(50, 120)), (110, ramp(110, 130)))
    np.testing.assert_allclose(sound[:, 0], np.arange(130), rtol=1e-6)


def test_different_overlaps_fade_linearly():
    sound = joined((0, np.zeros((50, 1), np.float32)), (40, np.ones((40, 1), np.float32)))
    np.testing.assert_allclose(sound[40:50, 0], (np.arange(10) + 0.5) / 10, rtol=1e-5)
    assert not sound[:40].any()
    assert sound[50:].all()


def test_a_gap_is_silent():
    sound = joined((5, np.ones((10, 1), np.float32)), (20, np.ones((10, 1), np.float32)))
    assert sound[:, 0].tolist() == [1.0] * 10 + [0.0] * 5 + [1.0] * 10


@pytest.mark.parametrize("rate", [100, 1000])
def test_only_a_tenth_of_a_second_is_held_back(rate):
    joiner = SoundJoiner(rate)
    ready = list(joiner.push(chunk_at(0, 5000), np.ones((5000, 1), np.float32)))
    assert sum(len(values) for values, _ in ready) == 5000 - rate // 10


def test_a_long_silence_comes_in_pieces():
    joiner = SoundJoiner(100)
    sound = np.ones((10, 1), np.float32)
    blocks = [*joiner.push(chunk_at(0, 10), sound), *joiner.push(chunk_at(100_010, 10), sound), *joiner.flush()]
    assert max(len(values) for values, _ in blocks) <= 100
    assert sum(len(values) for values, _ in blocks) == 100_020
