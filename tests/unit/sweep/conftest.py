"""A toy clip and one sweep of it, for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import toy_clip

from invr.config import EncodeConfig, FitConfig
from invr.media import ReadConfig
from invr.sweep.config import SizeGrid, SweepConfig
from invr.sweep.sweep import sweep


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """Six frames of 16x12 with a tone of 0.24 s."""
    return toy_clip(tmp_path_factory.mktemp("clip"), rate_hz=8000)


@pytest.fixture(scope="session")
def swept(clip, tmp_path_factory):
    """A sweep of bits and sizes of the clip: its folder and its result."""
    folder = tmp_path_factory.mktemp("swept")
    sizes = SizeGrid(widths=(4, 6), depths=(1,), durations_s=(0.12, 0.24))
    config = SweepConfig(bits=(2, 5, 9), sizes=sizes, encode=EncodeConfig(fit=FitConfig(steps=12), threads=1))
    return folder, sweep(str(clip), folder, config, ReadConfig(), lambda state: None)
