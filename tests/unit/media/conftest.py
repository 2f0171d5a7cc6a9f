"""Small media made in the tests: a few pixels, a few frames, a click."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream

from invr.media import MediaReader, ReadConfig, WriteConfig, open_sink

MEDIA = Path(__file__).resolve().parents[4] / "shared" / "media"


@pytest.fixture
def stream():
    """A 32x16 video stream; keywords replace its fields."""

    def make(**changes):
        fields = {"width": 32, "height": 16, "time_base": Fraction(1, 25), "average_rate": Fraction(25)}
        return VideoStream(**(fields | changes))

    return make


@pytest.fixture
def pictures():
    """`pictures(stream, count)`: smooth moving gradients as the stream's values."""

    def make(stream, count):
        t, y, x = np.meshgrid(*(np.arange(n) for n in (count, stream.height, stream.width)), indexing="ij")
        planes = [x / stream.width, y / stream.height, (t % 16) / 16][: stream.components]
        top = (1 << stream.bit_depth) - 1
        return np.rint(np.stack(planes, axis=-1) * top).astype(np.uint8 if stream.bit_depth == 8 else np.uint16)

    return make


@pytest.fixture
def shot():
    """`shot(seed, count, step)`: uint8 [T, 24, 32, 3] of a smooth scene that moves `step` pixels a frame."""

    def make(seed, count, step=0.2):
        draw = np.random.default_rng(seed)
        waves = draw.uniform(0.1, 0.35, (8, 2)) * draw.choice([-1, 1], (8, 2))
        t, y, x = np.meshgrid(np.arange(count), np.arange(24), np.arange(32), indexing="ij")
        phases = [kx * (x + step * t) + ky * y + draw.uniform(0, 2 * np.pi) for kx, ky in waves]
        scene = np.clip(127.5 + 25 * np.sum(np.sin(phases), axis=0), 0, 255)
        return np.repeat(np.rint(scene).astype(np.uint8)[..., None], 3, axis=-1)

    return make


@pytest.fixture
def write():
    """`write(target, video, values, pts, last, audio, samples, sound_pts, **config)` gives the sink's warnings."""

    def save(target, video=None, values=None, pts=None, last=1, audio=None, samples=None, sound_pts=0, **config):
        with open_sink(target, video, audio, WriteConfig(**config)) as sink:
            if video is not None:
                times = np.arange(len(values)) if pts is None else np.asarray(pts)
                sink.write_video(values, times.astype(np.int64), last)
            if audio is not None:
                sink.write_audio(samples, sound_pts)
        return sink.warnings

    return save


@pytest.fixture
def read():
    """`read(source, **config)` gives the closed reader and its chunks."""

    def load(source, **config):
        with MediaReader(source, ReadConfig(**config)) as reader:
            return reader, list(reader.chunks())

    return load


@pytest.fixture
def tone():
    """`tone(seconds, rate, channels)`: a quiet 440 Hz sine."""

    def make(seconds, rate=48000, channels=1):
        wave = 0.25 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
        return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)

    return make


@pytest.fixture
def mono():
    return AudioStream(48000, 1, "mono")


@pytest.fixture
def real():
    """`real("edge/x.mp4")`: a path of the media set, which is not part of the project."""

    def find(name):
        if not (MEDIA / name).exists():
            pytest.skip(f"the media set is not beside the project: no {name}")
        return MEDIA / name

    return find
