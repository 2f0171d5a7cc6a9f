"""Which lengths of chunks an encode asks for."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream

from invr.config import EncodeConfig
from invr.encoder import chunk_lengths
from invr.media import ReadConfig


def first_length(width, height, audio=None, duration_s=0.04, **config):
    """Frames of the first chunk of a source that stands still."""
    reader = SimpleNamespace(video=VideoStream(width, height, Fraction(1, 25)), audio=audio)
    lengths = chunk_lengths(reader, EncodeConfig(**config), ReadConfig())
    for _ in range(200):
        lengths.add(np.zeros((9, 16, 3), np.uint8), duration_s)
    return lengths.take()


@pytest.mark.parametrize(
    ("width", "height", "frames"),
    [(176, 144, 128), (1280, 720, 72), (1920, 1080, 32), (3840, 2160, 8), (1 << 14, 1 << 14, 1)],
)
def test_memory_bounds_a_chunk(width, height, frames):
    assert first_length(width, height) == frames


def test_a_given_number_of_frames_is_exact():
    assert first_length(176, 144, chunk_frames=50) == 50


def test_sound_bounds_a_chunk_in_time():
    assert first_length(176, 144, AudioStream(48000, 1, "mono"), duration_s=0.1) == 40
