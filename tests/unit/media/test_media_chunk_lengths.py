"""How long chunks are, on drawn shots of 32x24 pixels."""

import io
from fractions import Fraction

import numpy as np
import pytest

from invr.media import MediaReader, ReadConfig
from invr.media.chunk_lengths import AHEAD, STILL_FRAMES, FixedLengths, ShotLengths, divide

LIVELY = 0.2  # pixels a frame, of which 2 in 32 frames make a chunk lively
LONGEST = 128


def lengths_of(frames, longest=LONGEST, sound_s=None, duration_s=0.04):
    """All chunks, asked for after each frame."""
    lengths, found = ShotLengths(longest, 8, sound_s), []
    for frame in frames:
        lengths.add(frame, duration_s)
        found.append(lengths.take())
    lengths.end()
    rest = iter(lengths.take, None)
    return [size for size in [*found, *rest] if size]


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


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (30, [30]), (41, [41]), (50, [25, 25]), (97, [32, 33, 32]), (140, [35] * 4)]
)
def test_a_lively_shot_is_divided_evenly(shot, count, sizes):
    assert lengths_of(shot(1, count, step=LIVELY)) == sizes


@pytest.mark.parametrize(("count", "sizes"), [(128, [128]), (140, [70, 70]), (160, [128, 32])])
def test_a_still_shot_gets_long_chunks(shot, count, sizes):
    assert lengths_of(shot(1, count, step=0)) == sizes


def test_length_follows_speed(shot):
    slow, slower = (len(lengths_of(shot(1, 128, step=step))) for step in (0.04, 0.025))
    assert (slow, slower) == (3, 2)


def test_the_lively_part_of_a_shot_gets_the_shorter_chunk(shot):
    still, moving = shot(1, 60, step=0), shot(1, 60, step=LIVELY)
    first, *_, last = lengths_of(np.concatenate([still, moving]))
    assert first > 50 and last < 40


def test_a_chunk_starts_at_each_cut(shot):
    shots = [shot(1, 20), shot(2, 70, step=0), shot(3, 8), shot(4, 9)]
    assert lengths_of(np.concatenate(shots)) == [20, 70, 8, 9]


@pytest.mark.parametrize("count", [1, 5, 7])
def test_a_shot_at_an_end_that_is_too_short_shares_a_chunk(shot, count):
    assert lengths_of(np.concatenate([shot(1, count), shot(2, 20)])) == [20 + count]
    assert lengths_of(np.concatenate([shot(2, 20), shot(1, count)])) == [20 + count]


@pytest.mark.parametrize(("near", "sizes"), [(1, [25, 20]), (2, [20, 25])])
def test_a_short_shot_joins_the_neighbour_that_it_is_like(shot, near, sizes):
    between = 0.7 * shot(near, 5) + 0.3 * shot(3 - near, 5)
    frames = np.concatenate([shot(1, 20), between.astype(np.uint8), shot(2, 20)])
    assert lengths_of(frames) == sizes


def test_memory_bounds_the_longest_chunk(shot):
    assert lengths_of(shot(1, 200, step=0), longest=40) == [40, 40, 40, 40, 40]


def test_a_chunk_is_no_longer_than_its_sound_may_be(shot):
    assert lengths_of(shot(1, 100, step=0), sound_s=2.0) == [50, 50]
    assert lengths_of(shot(1, 32), sound_s=1.0, duration_s=10.0) == [8, 8, 8, 8]


@pytest.mark.parametrize("longest", [40, STILL_FRAMES])
def test_little_more_than_the_longest_chunk_is_looked_at(shot, longest):
    lengths = ShotLengths(longest, 8)
    for frame in shot(1, longest + AHEAD, step=0):
        assert lengths.take() is None
        lengths.add(frame, 0.04)
    assert lengths.take() == longest


def test_a_cut_ends_the_wait(shot):
    lengths = ShotLengths(LONGEST, 8)
    for frame in np.concatenate([shot(1, 20), shot(2, 13)]):
        lengths.add(frame, 0.04)
    assert lengths.take() == 20


@pytest.mark.parametrize("step", [0, 0.03, LIVELY])
def test_estimate_is_near_from_the_first_chunk_on(shot, step):
    frames, lengths = shot(1, 400, step=step), ShotLengths(LONGEST, 8)
    chunks = len(lengths_of(frames))
    for frame in frames:
        lengths.add(frame, 0.04)
        if lengths.take():
            assert abs(lengths.estimate(len(frames)) - chunks) <= 1
    lengths.end()
    assert lengths.estimate(1000) == chunks


@pytest.mark.parametrize(
    ("shares", "longest", "sizes"),
    [
        ([0.1] * 14, 20, [14]),
        ([0.125] * 13, 20, [6, 7]),
        ([0.1] * 14, 13, [7, 7]),
        ([0.05] * 20 + [0.1] * 10, 30, [20, 10]),
        ([1.0] * 3, 1, [1, 1, 1]),
    ],
)
def test_divide(shares, longest, sizes):
    assert divide(np.array(shares), longest) == sizes


def test_a_pipe_is_cut_at_its_cut_with_its_sound(shot, stream, mono, tone, write):
    out = io.BytesIO()
    values = np.concatenate([shot(1, 20), shot(2, 30)])
    video = stream(height=24)
    write(out, video, values, audio=mono, samples=tone(2), format="matroska")
    pipe = io.BytesIO(out.getvalue())
    pipe.seekable = lambda: False
    with MediaReader(pipe, ReadConfig()) as reader:
        first, second = reader.chunks(ShotLengths(LONGEST, 8, 4.0))
        start = int(second.video.pts[0]) * reader.video.time_base
    assert (len(first.video), len(second.video), start) == (20, 30, Fraction(4, 5))
    assert second.audio.pts + second.audio.overlap == 38400
