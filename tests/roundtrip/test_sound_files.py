"""Sound files of every kind, in and out, at their own rate and at others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import invr
from invr.config import DecodeConfig
from invr.media.transcode import encode_sound
from invr.metrics.fidelity import snr_db

FILES = [
    ("wav", 1, 8000),
    ("wav", 6, 48_000),
    ("wav", 2, 192_000),
    ("flac", 6, 8000),
    ("flac", 1, 192_000),
    ("mp3", 1, 8000),
    ("mp3", 2, 44_100),
    ("ogg", 2, 44_100),
    ("ogg", 1, 192_000),
]


def tones(channels: int, rate_hz: int) -> np.ndarray:
    """1.5 s, another tone in each channel."""
    t = np.arange(3 * rate_hz // 2) / rate_hz
    return np.stack([0.3 * np.sin(2 * np.pi * (200 + 110 * k) * t) for k in range(channels)], axis=1).astype(
        np.float32
    )


def write(path: Path, channels: int, rate_hz: int) -> Path:
    values = tones(channels, rate_hz)
    if path.suffix == ".mp3":
        encode_sound(path, values, rate_hz, "libmp3lame", 64_000 * channels)
    else:
        subtype = "VORBIS" if path.suffix == ".ogg" else "PCM_16"
        soundfile.write(path, values, rate_hz, subtype, format=path.suffix[1:].upper())
    return path


@pytest.mark.parametrize(("ending", "channels", "rate_hz"), FILES)
def test_every_kind_of_sound_comes_back_at_every_rate(ending, channels, rate_hz, tmp_path):
    source = write(tmp_path / f"a.{ending}", channels, rate_hz)
    invr.encode(source, tmp_path / "a.inrv", invr.PRESETS["fast"].config)
    for wanted_hz in (0, 16_000, 96_000):
        invr.decode(tmp_path / "a.inrv", tmp_path / "back.wav", DecodeConfig(sample_rate_hz=wanted_hz))
        values, found_hz = soundfile.read(tmp_path / "back.wav", dtype="float32", always_2d=True)
        assert found_hz == wanted_hz or (not wanted_hz and found_hz == rate_hz)
        wanted = tones(channels, found_hz)
        assert values.shape == wanted.shape
        inner = slice(found_hz // 8, -found_hz // 8)
        assert snr_db(wanted[inner], values[inner]) > 15
