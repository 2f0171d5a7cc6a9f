"""Presets: the papers' numbers, and that options win over them."""

from dataclasses import replace

import pytest
from inrv_format.chunk import TileGrid
from inrv_format.families.base import count_weights

from invr.config import MODELS, EncodeConfig
from invr.encode_chunk import teacher_config
from invr.fit.sizing import plan_units
from invr.presets import PAPERS, PRESETS, SPEEDS, model_name, with_steps

AV, INVR = PAPERS["paper-av"].config, PAPERS["paper-invr"].config


def weights(config, picture, sound):
    (plan,) = plan_units(picture, sound, TileGrid(), config.model)
    return count_weights(plan.spec.tensor_shapes(plan.domain))


def test_teacher_and_student_are_those_of_tables_8_2_and_8_3():
    clip = (30, 256, 448, 3), (344_064, 1)
    assert (weights(teacher_config(AV), *clip), weights(AV, *clip)) == (2_369_029, 1_298_029)
    assert (AV.teacher.fit.steps, AV.teacher.fit.adam_rate, AV.teacher.fit.schedule) == (7000, 1e-5, "constant")
    assert (AV.fit.steps, AV.fit.adam_rate, AV.fit.schedule) == (6000, 1e-4, "drop")
    assert (AV.fit.picture_weight, AV.fit.sound_weight, AV.fit.l1, AV.fit.optimizer) == (0.5, 0.5, 0.0, "adam")
    assert (AV.quant.bits, AV.quant.symmetric, AV.quant.keep_phases, AV.coder) == (16, True, False, "lzma2")


def test_one_medium_alone_gets_sirens_of_the_same_width():
    for config, depth in ((AV, 4), (teacher_config(AV), 6)):
        for clip in (((30, 256, 448, 3), None), (None, (9000, 1))):
            (plan,) = plan_units(*clip, TileGrid(), config.model)
            assert (plan.spec.first, plan.spec.width, plan.spec.depth) == (512, 512, depth)


def test_invr_is_its_paper():
    assert weights(INVR, (15, 128, 128, 3), None) == 91_395
    assert (INVR.fit.steps, INVR.fit.sampling, INVR.fit.l1, INVR.chunk_frames) == (25_000, "frame", 1e-6, 15)
    assert (INVR.quant.bits, INVR.teacher, INVR.coder) == (8, None, EncodeConfig().coder)


@pytest.mark.parametrize("name", PRESETS)
def test_steps_are_those_of_each_fit(name):
    config = with_steps(PRESETS[name].config, 7)
    assert config.fit.steps == 7 and (config.teacher is None or config.teacher.fit.steps == 7)
    assert with_steps(PRESETS[name].config, None) is PRESETS[name].config


def test_the_speeds_differ_in_their_fits_only():
    for preset in SPEEDS.values():
        assert replace(preset.config, fit=EncodeConfig().fit) == EncodeConfig()


def test_models_have_names():
    assert [model_name(config.model) for config in (AV, INVR, EncodeConfig())] == ["av-student", "invr", "auto"]
    assert model_name(replace(MODELS["auto"], picture_shape=(7, 7))) == "other"
