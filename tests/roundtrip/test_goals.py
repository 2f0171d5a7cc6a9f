"""Whole encodes of a moment towards each goal, and what their files are."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.errors import InputError
from inrv_format.reader import Reader
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_clip, toy_picture, toy_tone

from invr.config import Goal
from invr.encoder import encode
from invr.goals.pursuit import NO_MORE
from invr.media import ReadConfig, WriteConfig, open_sink
from invr.presets import PRESETS, with_steps

SOUND = AudioStream(8000, 1, "mono")
FAST = with_steps(PRESETS["fast"].config, 150)
CONFIG = replace(FAST, fit=replace(FAST.fit, rows=16, columns=16), chunk_frames=4, threads=1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A third of a second of 16x12 with a tone: two chunks."""
    return toy_clip(tmp_path_factory.mktemp("clip"), 8, rate_hz=8000)


def reached(clip, target, goal, config=CONFIG, **read):
    """The result, whose file is complete, and its only outcome."""
    result = encode(clip, target, replace(config, goal=goal), ReadConfig(**read))
    assert target.stat().st_size == result.bytes_written
    with open(target, "rb") as file:
        assert len(list(Reader(file).chunks())) == result.chunks
    (outcome,) = result.outcomes
    return result, outcome


def test_a_size_is_filled_and_not_exceeded(clip, tmp_path):
    result, outcome = reached(clip, tmp_path / "a.inrv", Goal(size_bytes=1400), audio=False)
    assert result.chunks == 2
    assert 1260 <= result.bytes_written <= 1400
    assert (outcome.name, outcome.wanted, outcome.reached, outcome.why) == ("size", 1400, result.bytes_written, None)


def test_a_bitrate_is_that_of_picture_and_sound(clip, tmp_path):
    result, outcome = reached(clip, tmp_path / "a.inrv", Goal(bits_per_s=50_000), replace(CONFIG, chunk_frames=8))
    assert 0.9 * 50_000 <= 8 * result.bytes_written / result.duration_s <= 50_000
    assert result.samples == 2560
    assert outcome.why is None


def test_a_psnr_is_reached(clip, tmp_path):
    result, outcome = reached(
        clip, tmp_path / "a.inrv", Goal(psnr_db=19.0), with_steps(CONFIG, 250), audio=False, frames=4
    )
    assert 18.95 <= result.psnr_db <= 19.5
    assert outcome.why is None


def test_a_goal_that_is_out_of_reach_is_missed_with_a_whole_file(clip, tmp_path):
    config = with_steps(CONFIG, 12)
    assert reached(clip, tmp_path / "a.inrv", Goal(psnr_db=90.0), config, audio=False)[1].why == NO_MORE
    result, outcome = reached(clip, tmp_path / "b.inrv", Goal(size_bytes=100), config)
    assert outcome.reached == result.bytes_written > 100
    assert outcome.why.startswith("headers and index take")


def test_the_same_goal_gives_the_same_bytes(clip, tmp_path):
    for name in ("a", "b"):
        encode(clip, tmp_path / name, replace(with_steps(CONFIG, 30), goal=Goal(size_bytes=2000)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_encode_ends_in_time(clip, tmp_path):
    result, outcome = reached(clip, tmp_path / "a.inrv", Goal(time_s=8.0), with_steps(CONFIG, 1_000_000))
    assert 4 < outcome.reached < 16  # a busy machine may stop for a while
    assert result.chunks == 2


def test_sound_that_outlasts_the_picture_is_no_matter_of_its_psnr(tmp_path):
    with open_sink(tmp_path / "in.mkv", VideoStream(16, 12, Fraction(1, 25)), SOUND, WriteConfig()) as sink:
        sink.write_video(toy_picture(4), np.arange(4, dtype=np.int64), 1)
        sink.write_audio(toy_tone(80_000), 0)
    config = replace(with_steps(CONFIG, 12), goal=Goal(psnr_db=10.0))
    result = encode(tmp_path / "in.mkv", tmp_path / "a.inrv", config)
    assert result.samples == 80_000
    assert result.chunks > 1


def test_a_psnr_needs_a_picture(clip, tmp_path):
    with pytest.raises(InputError, match="no picture"):
        encode(clip, tmp_path / "a.inrv", replace(CONFIG, goal=Goal(psnr_db=30.0)), ReadConfig(video=False))
