"""The papers' chain on a toy chunk: teacher, student, integers, fine-tuned integers, and what they decode to."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.errors import InputError
from inrv_format.streams import AudioStream, VideoStream
from toys import toy_picture

from invr.config import EncodeConfig, FitConfig, ModelConfig, QuantConfig, TeacherConfig
from invr.encode_chunk import compress_chunk, encode_chunk, fit_chunk, teacher_config
from invr.signals import AudioSignal, Signal, VideoSignal

STREAMS = {0: VideoStream(16, 12, Fraction(1, 25)), 1: AudioStream(8000, 1, "mono")}
FIT = FitConfig(steps=100, samples=256, checks=3, l1=0.0, picture_weight=0.5, sound_weight=0.5)
SMALL, LARGE = (ModelConfig(unified=True, av_shape=(16, 16, depth)) for depth in (1, 2))
APART = ModelConfig("waves", picture_shape=(16, 1), sound="siren", sound_shape=(12, 1))
TAUGHT = EncodeConfig(SMALL, FIT, teacher=TeacherConfig(LARGE, FIT))


def toy_signal(media="both", loudness=0.5):
    """Four frames of 16x12 and 320 samples of a tone."""
    tone = loudness * np.sin(0.11 * np.arange(320, dtype=np.float32))[:, None]
    video = VideoSignal(toy_picture(), np.arange(4, dtype=np.int64), 1, 0)
    return Signal(0, video if media != "sound" else None, AudioSignal(tone, 0, 0) if media != "picture" else None)


def silent(*state):
    """No report."""


def encoded(fitted, signal, config=TAUGHT):
    return compress_chunk(fitted, signal, STREAMS, config, "cpu", silent).chunk


@pytest.mark.parametrize("model", [SMALL, APART])
@pytest.mark.parametrize("media", ["both", "picture", "sound"])
def test_any_source_and_model_has_a_teacher(media, model):
    """One teacher for picture and sound teaches one network or two; what it has no shape for, a SIREN teaches."""
    fit = replace(FIT, steps=3)
    config = replace(TAUGHT, model=model, fit=fit, teacher=TeacherConfig(LARGE, fit), verify=True)
    chunk = encode_chunk(toy_signal(media), STREAMS, config, "cpu", silent).chunk
    assert len(chunk.units) == (2 if media == "both" and model is APART else 1)


def test_a_student_without_share_of_the_source_knows_what_its_teacher_knows():
    """The teacher saw the negative, with its sound upside down."""
    signal = toy_signal()
    negative = replace(
        signal,
        video=replace(signal.video, values=255 - signal.video.values),
        audio=replace(signal.audio, values=-signal.audio.values),
    )
    teacher = fit_chunk(negative, teacher_config(TAUGHT), "cpu", silent)
    config = replace(TAUGHT, teacher=replace(TAUGHT.teacher, alpha=0.0))
    student = fit_chunk(signal, config, "cpu", silent, teacher)
    right, wrong = encoded(student, negative), encoded(student, signal)
    assert right.video.psnr_db > wrong.video.psnr_db + 4
    assert right.audio.snr_db > 5 > 0 > wrong.audio.snr_db


def test_a_quiet_teacher_teaches_as_well_as_a_loud_one():
    """Amplitudes are scaled for the student's fit, and the teacher's with them."""
    signal = toy_signal(loudness=0.01)
    config = replace(TAUGHT, teacher=replace(TAUGHT.teacher, alpha=0.0))
    assert encoded(fit_chunk(signal, config, "cpu", silent), signal).audio.snr_db > 3


def test_silence_stays_silent():
    signal = toy_signal(loudness=0.0)
    fit = replace(FIT, steps=5)
    config = replace(TAUGHT, fit=fit, teacher=replace(TAUGHT.teacher, fit=fit))
    assert encoded(fit_chunk(signal, config, "cpu", silent), signal).audio.snr_db == 100


@pytest.mark.parametrize(("media", "model"), [("both", SMALL), ("both", APART), ("sound", APART)])
def test_fine_tuning_raises_the_decoded_quality_of_coarse_weights(media, model):
    signal = toy_signal(media, loudness=0.02)
    config = EncodeConfig(model, FIT, QuantConfig(5), verify=True)
    fitted = fit_chunk(signal, config, "cpu", silent)
    tuned = replace(config, quant=replace(config.quant, finetune_steps=100))
    before, after = encoded(fitted, signal, config), encoded(fitted, signal, tuned)
    gains = []
    if media == "both":
        gains.append(after.video.psnr_db - before.video.psnr_db)
    gains.append(after.audio.snr_db - before.audio.snr_db)
    assert min(gains) > -0.2 and max(gains) > 1
    assert encoded(fitted, signal, config) == before


def test_every_network_is_reported_once_for_each_time_that_it_is_worked_on():
    seen = []
    config = replace(TAUGHT, model=APART, fit=replace(FIT, steps=2), quant=QuantConfig(8, finetune_steps=2))
    config = replace(config, teacher=replace(TAUGHT.teacher, fit=config.fit))
    encode_chunk(toy_signal(), STREAMS, config, "cpu", lambda unit, units, state: seen.append((unit, units)))
    assert sorted(set(seen)) == [(unit, 5) for unit in range(5)]  # a teacher, two students, both tuned
    assert seen == sorted(seen)


def test_a_unified_network_needs_a_unified_teacher():
    with pytest.raises(InputError, match="unified"):
        EncodeConfig(SMALL, teacher=TeacherConfig(APART))
    with pytest.raises(InputError, match="alpha"):
        TeacherConfig(LARGE, alpha=1.5)
