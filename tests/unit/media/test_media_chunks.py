"""Chunk assembly, without any media."""

from fractions import Fraction

import numpy as np
import pytest
from inrv_format.errors import InputError

from invr.media.chunk_lengths import FixedLengths
from invr.media.chunks import ChunkLayout, Frame, Sound, SoundLine, assemble


def frames(count, step=1):
    return [Frame(np.full((1, 1, 3), n, np.uint8), n * step, step) for n in range(count)]


def sound(first, end):
    return Sound(np.arange(first, end, dtype=np.float32)[:, None], first)


def layout(**changes):
    fields = {"chunk_samples": 8, "overlap": 0, "time_base": Fraction(1, 10), "sample_rate_hz": 0}
    return ChunkLayout(**(fields | changes))


def cut(events, warnings=None, **changes):
    warn = [].append if warnings is None else warnings.append
    return list(assemble(events, layout(**changes), FixedLengths(4), warn))


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_chunks_have_the_size_asked_for(count, sizes):
    assert [len(chunk.video) for chunk in cut(frames(count))] == sizes


def test_frames_are_numbered_and_timed_through():
    chunks = cut(frames(8, step=3))
    assert [chunk.video.first_frame for chunk in chunks] == [0, 4]
    assert chunks[1].video.pts.tolist() == [12, 15, 18, 21]
    assert [chunk.index for chunk in chunks] == [0, 1]


def test_sound_is_cut_at_the_next_chunks_first_frame():
    events = [*frames(8), sound(0, 100)]
    first, second = cut(events, sample_rate_hz=100, chunk_samples=1000)
    assert (first.audio.pts, len(first.audio)) == (0, 40)
    assert (second.audio.pts, second.audio.values[0, 0]) == (40, 40)
    assert len(second.audio) == 60


def test_overlap_repeats_the_end_of_the_chunk_before():
    first, second = cut([*frames(8), sound(0, 80)], sample_rate_hz=100, overlap=5)
    assert first.audio.overlap == 0
    assert (second.audio.overlap, second.audio.pts, second.audio.first_sample) == (5, 35, 40)
    assert np.array_equal(second.audio.values[:5], first.audio.values[-5:])


def test_overlap_is_shorter_after_a_shorter_chunk():
    _, second = cut([*frames(8), sound(38, 80)], sample_rate_hz=100, overlap=5)
    assert (second.audio.overlap, second.audio.pts, second.audio.first_sample) == (2, 38, 2)


def test_sound_before_the_first_frame_is_in_the_first_chunk():
    events = [sound(0, 60), *(Frame(f.values, f.pts + 3, 1) for f in frames(8))]
    first, _ = cut(events, sample_rate_hz=100)
    assert first.audio.pts == 0


def test_chunk_after_the_sounds_end_has_none():
    events = [sound(0, 20), *frames(8)]
    assert [chunk.audio is None for chunk in cut(events, sample_rate_hz=100)] == [False, True]


def test_chunk_waits_for_its_sound_but_not_for_ever():
    def events():
        for frame in frames(40):
            taken.append(frame.pts)
            yield frame

    taken = []
    next(assemble(events(), layout(sample_rate_hz=100), FixedLengths(4), print))
    assert taken[-1] == 24  # 4 frames and 2 s of 10 frames each


def test_gap_is_filled_with_silence():
    warnings = []
    (chunk,) = cut([*frames(4), sound(0, 10), sound(30, 40)], warnings, sample_rate_hz=100)
    assert np.array_equal(chunk.audio.values[10:30], np.zeros((20, 1)))
    assert chunk.audio.values[30, 0] == 30
    assert warnings == ["gaps in the sound are filled with silence"]


def test_overlapping_sound_is_trimmed():
    warnings = []
    (chunk,) = cut([*frames(4), sound(0, 20), sound(5, 30)], warnings, sample_rate_hz=100)
    assert chunk.audio.values[:, 0].tolist() == list(range(30))
    assert len(warnings) == 1


def test_small_deviation_is_ignored():
    line = SoundLine(1000, 0, pytest.fail)
    line.append(sound(0, 20))
    line.append(sound(22, 42))
    assert line.end == 40


def test_endless_gap_is_refused():
    line = SoundLine(100, 0, print)
    line.append(sound(0, 20))
    with pytest.raises(InputError, match="gap of 1000 s"):
        line.append(Sound(np.zeros((5, 1), np.float32), 100_020))


def test_sound_alone_is_cut_by_length():
    chunks = cut([sound(0, 17)], time_base=None, sample_rate_hz=100)
    assert [(c.audio.pts, len(c.audio)) for c in chunks] == [(0, 8), (8, 9)]
    assert all(c.video is None for c in chunks)


@pytest.mark.parametrize(
    ("first", "end", "kept"), [(None, None, (5, 9)), (6, 8, (6, 8)), (0, 5, (5, 5)), (9, 12, (9, 9))]
)
def test_sound_cut(first, end, kept):
    part = sound(5, 9).cut(first, end)
    assert (part.pts, part.end) == kept
