"""Frames and spans at random are those of a decode from front to back."""

from __future__ import annotations

import random

import numpy as np
import pytest
from toys import toy_clip

import invr
from invr.config import EncodeConfig, FitConfig
from invr.decoder import DecodedFrame, Decoding

FPS, FRAMES = 25, 40


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """Forty frames in seven chunks, and what a decode from front to back gives."""
    folder = tmp_path_factory.mktemp("seek")
    clip = toy_clip(folder, frames=FRAMES, fps=FPS)
    config = EncodeConfig(fit=FitConfig(steps=10))
    invr.encode(clip, folder / "out.inrv", config, invr.ReadConfig(chunk_frames=6))
    return folder / "out.inrv", frames_of(folder / "out.inrv")


def frames_of(path, **options):
    with path.open("rb") as file:
        events = list(Decoding(file, invr.DecodeConfig(**options)).events(sound=False))
    return [event.values for event in events if isinstance(event, DecodedFrame)]


def check_frames(path, linear, count):
    chance = random.Random(0)
    with invr.open(path) as video:
        for _ in range(count):
            number = chance.randrange(FRAMES)
            assert np.array_equal(video[number], linear[number]), number


def check_spans(path, linear, count):
    chance = random.Random(1)
    for _ in range(count):
        first, length = chance.randrange(FRAMES), chance.randint(1, FRAMES)
        found = frames_of(path, start_s=first / FPS, duration_s=length / FPS)
        assert np.array_equal(np.stack(found), np.stack(linear[first : first + length])), (first, length)


def test_random_frames_and_spans(coded):
    check_frames(*coded, 50)
    check_spans(*coded, 10)


@pytest.mark.slow
def test_a_thousand_random_frames_and_spans(coded):
    check_frames(*coded, 1000)
    check_spans(*coded, 1000)
