"""What a chunk gets of what is left."""

import numpy as np
import pytest
from toys import TOY_STREAMS

from invr.config import Goal
from invr.goals.shares import end_of, room, share
from invr.signals import AudioSignal, Signal, VideoSignal


def test_shares_go_by_media_time_and_the_last_chunk_gets_the_rest():
    assert share(100.0, 2.0, 10.0, last=False) == pytest.approx(20)
    assert share(100.0, 2.0, 10.0, last=True) == 100
    assert share(100.0, 2.0, None, last=False) == 50
    assert share(100.0, 2.0, 1.0, last=False) == 50  # the source goes on beyond what it said


def test_a_size_leaves_room_beside_the_framing():
    assert room(Goal(size_bytes=1000), 200, 2.0, 4.0, 10.0, last=False) == pytest.approx(800 * 2 / 8)
    assert room(Goal(size_bytes=1000), 200, 2.0, 4.0, None, last=True) == 800


def test_a_bitrate_allows_what_belongs_to_the_time_so_far():
    assert room(Goal(bits_per_s=800.0), 150, 2.0, 4.0, None, last=False) == pytest.approx(250)


def test_a_signal_ends_with_the_longer_of_its_media():
    video = VideoSignal(np.zeros((2, 5, 7, 3), np.uint8), np.array([3, 7]), 3, 0)
    audio = AudioSignal(np.zeros((800, 2), np.float32), 4000, 4000)
    assert end_of(Signal(0, video, None), TOY_STREAMS) == pytest.approx(10 / 25)
    assert end_of(Signal(0, video, audio), TOY_STREAMS) == pytest.approx(4800 / 8000)
