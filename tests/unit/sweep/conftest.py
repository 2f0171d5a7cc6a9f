"""A toy clip and one sweep of it, for the tests of this room."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_picture

from invr.config import EncodeConfig, FitConfig
from invr.media import ReadConfig, WriteConfig, open_sink
from invr.sweep.config import SizeGrid, SweepConfig
from invr.sweep.sweep import sweep


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """Six frames of 16x12 with a tone of 0.24 s."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    video = VideoStream(16, 12, Fraction(1, 25), average_rate=Fraction(25))
    with open_sink(path, video, AudioStream(8000, 1, "mono"), WriteConfig()) as sink:
        sink.write_video(toy_picture(6), np.arange(6, dtype=np.int64), 1)
        sink.write_audio(np.sin(np.arange(1920) * 0.3)[:, None].astype(np.float32) * 0.5, 0)
    return path


@pytest.fixture(scope="session")
def swept(clip, tmp_path_factory):
    """A sweep of bits and sizes of the clip: its folder and its result."""
    folder = tmp_path_factory.mktemp("swept")
    sizes = SizeGrid(widths=(4, 6), depths=(1,), durations_s=(0.12, 0.24))
    config = SweepConfig(bits=(2, 5, 9), sizes=sizes, encode=EncodeConfig(fit=FitConfig(steps=12), threads=1))
    return folder, sweep(str(clip), folder, config, ReadConfig(), lambda state: None)
