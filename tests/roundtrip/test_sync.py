"""Picture and sound stay together over many chunks: light and tone go on and off at the same times."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.streams import AudioStream, VideoStream

from invr import PRESETS, encode
from invr.config import DecodeConfig, WorkConfig
from invr.decoder import DecodedFrame, Decoding
from invr.media import WriteConfig, open_sink
from invr.presets import with_steps

RATE_HZ, FPS, HEIGHT, WIDTH = 44_100, Fraction(30_000, 1001), 8, 8
HALF_FRAMES = 20


def film(path, seconds):
    """Light in every second 20 frames, and a tone with it."""
    count = int(seconds * FPS)
    video = VideoStream(WIDTH, HEIGHT, 1 / FPS, average_rate=FPS)
    with open_sink(path, video, AudioStream(RATE_HZ, 1, "mono"), WriteConfig()) as sink:
        for first in range(0, count, HALF_FRAMES):
            lit = first // HALF_FRAMES % 2
            shape = (min(HALF_FRAMES, count - first), HEIGHT, WIDTH, 3)
            sink.write_video(np.full(shape, 40 + 160 * lit, np.uint8), np.arange(first, first + shape[0]), 1)
            start, end = (round(frame / FPS * RATE_HZ) for frame in (first, first + shape[0]))
            tone = 0.5 * lit * np.sin(2 * np.pi * 1000 / RATE_HZ * np.arange(start, end))
            sink.write_audio(tone.astype(np.float32)[:, None], start)


def changes(levels, times):
    """When levels pass half of the highest."""
    lit = np.asarray(levels) > 0.5 * np.max(levels)
    return np.asarray(times)[1:][lit[1:] != lit[:-1]]


def decoded_changes(path):
    """Of the light and of the tone, in seconds."""
    light, light_s, sound, block = [], [], [], 44
    with path.open("rb") as file:
        decoding = Decoding(file, DecodeConfig())
        for event in decoding.events():
            if isinstance(event, DecodedFrame):
                light.append(event.values.mean() - 40)
                light_s.append(decoding.time_s(event))
            else:
                sound.append(event.values[:, 0])
    samples = np.concatenate(sound)
    loud = np.sqrt(np.square(samples[: len(samples) // block * block]).reshape(-1, block).mean(1))
    return changes(light, light_s), changes(loud, np.arange(len(loud)) * block / RATE_HZ)


def largest_offset_s(tmp_path, seconds, workers=1):
    """How far apart light and tone change, at most, and how many times they do."""
    film(tmp_path / "film.mkv", seconds)
    config = replace(with_steps(PRESETS["fast"].config, 80), chunk_frames=32)
    encode(tmp_path / "film.mkv", tmp_path / "film.inrv", config, work=WorkConfig(str(workers)))
    light, tone = decoded_changes(tmp_path / "film.inrv")
    assert len(light) == len(tone)
    return np.abs(light - tone).max(), len(light)


def test_light_and_tone_change_together(tmp_path):
    offset_s, count = largest_offset_s(tmp_path, 4)
    assert count == 5
    assert offset_s < 1 / FPS


@pytest.mark.slow
def test_there_is_no_drift_over_a_long_film(tmp_path):
    offset_s, count = largest_offset_s(tmp_path, 1200, workers=2)
    assert count == int(1200 * FPS) // HALF_FRAMES
    assert offset_s < 1 / FPS
    sys.stderr.write(f"{offset_s} s apart at most, of {count} changes\n")
