"""Chunks whose networks are fitted together are what they are alone."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.chunk import TileGrid
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_picture, toy_tone

from invr.config import EncodeConfig, FitConfig, Goal, ModelConfig, QuantConfig
from invr.encode_batch import encode_chunks
from invr.encode_chunk import encode_chunk, fit_chunk
from invr.fit_unit import fits_together
from invr.signals import AudioSignal, Signal, VideoSignal

STREAMS = {0: VideoStream(64, 16, Fraction(1, 25)), 1: AudioStream(8000, 1, "mono")}
FIT = FitConfig(steps=24, rows=16, columns=16, checks=4, lmbda=1e-2, batch=8)
CONFIG = EncodeConfig(ModelConfig(picture_shape=(16, 2)), FIT, tiles=TileGrid(2, 1, 4))


def signals(count=2):
    made = []
    for index in range(count):
        values = np.roll(toy_picture(4, 16, 64), 9 * index, axis=2)
        video = VideoSignal(values, np.arange(4, dtype=np.int64) + 4 * index, 1, 4 * index)
        audio = AudioSignal(toy_tone(1280), 1280 * index, 1280 * index, sample_rate_hz=8000)
        made.append(Signal(index, video, audio))
    return made


def quiet(*_):
    pass


def test_chunks_are_what_they_are_alone():
    together = encode_chunks(signals(), STREAMS, CONFIG, "cpu", quiet)
    for signal, chunk in zip(signals(), together, strict=True):
        alone = encode_chunk(signal, STREAMS, replace(CONFIG, fit=replace(FIT, batch=1)), "cpu", quiet)
        assert chunk.chunk.video.psnr_db == pytest.approx(alone.chunk.video.psnr_db, abs=0.1)
        assert chunk.chunk.audio == alone.chunk.audio
        assert [unit.tile for unit in chunk.chunk.units] == [unit.tile for unit in alone.chunk.units]
        assert abs(len(chunk.content) - len(alone.content)) < 0.02 * len(alone.content)


def test_the_tiles_of_one_chunk_are_batched_where_that_is_asked_for(monkeypatch):
    from invr import fit_unit

    sizes = []
    original = fit_unit.fit_together
    monkeypatch.setattr(
        fit_unit, "fit_together", lambda problems, *rest: sizes.append(len(problems)) or original(problems, *rest)
    )
    fit_chunk(signals()[0], CONFIG, "cpu", quiet)
    fit_chunk(signals()[0], replace(CONFIG, fit=replace(FIT, batch=1)), "cpu", quiet)
    assert sizes == [2]


def test_progress_rises_to_the_whole():
    told = []
    config = replace(CONFIG, fit=replace(FIT, lmbda=0.0), quant=QuantConfig(8, finetune_steps=20))
    silent = [replace(signal, audio=None) for signal in signals()]
    encode_chunks(
        silent, STREAMS, config, "cpu", lambda unit, units, fit: told.append((unit + fit.step / fit.steps) / units)
    )
    assert told == sorted(told)
    assert 0 < told[0] < 0.2
    assert told[-1] == pytest.approx(1)


def test_goals_and_a_cpu_without_a_batch_go_one_by_one():
    assert fits_together(CONFIG, "cpu")
    assert fits_together(replace(CONFIG, fit=replace(FIT, batch=0)), "cuda")
    assert not fits_together(replace(CONFIG, fit=replace(FIT, batch=0)), "cpu")
    assert not fits_together(replace(CONFIG, fit=replace(FIT, batch=1)), "cuda")
    assert not fits_together(replace(CONFIG, goal=Goal(psnr_db=30)), "cuda")
