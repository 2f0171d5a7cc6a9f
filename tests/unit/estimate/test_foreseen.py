"""What probes tell of a whole encode, for a survey made by hand."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from invr.config import EncodeConfig, FitConfig, Goal
from invr.estimate.estimate import _foreseen
from invr.estimate.load import Load
from invr.estimate.probe import Probe, counted_steps
from invr.estimate.survey import Survey
from invr.goals.laws import gained_db, growth

SHORT, STEPS, FRAMING = 160, 4000, 500
LOADS = (Load({1: 1000}, 7e3, 1e6, 30), Load({1: 3000}, 9e3, 3e6, 20))


def probe_of(load: Load, bits: int, psnr_db: float) -> Probe:
    encoded = SimpleNamespace(
        content=bytes(bits // 8 + 40), chunk=SimpleNamespace(video=SimpleNamespace(psnr_db=psnr_db))
    )
    return Probe(load, SHORT, step_s=load.step_work * 1e-6, rest_s=2.0, bits={1: bits}, encoded=encoded)


SURVEY = Survey(LOADS, (probe_of(LOADS[0], 4000, 27.0),), quality=None, read_s=0.5, duration_s=2.0)
CONFIG = EncodeConfig(fit=FitConfig(steps=STEPS, lmbda=0.03))


def test_payloads_go_by_weights_and_grow_with_steps():
    found = _foreseen(SURVEY, CONFIG, FRAMING)
    assert found.size_bytes == round(FRAMING + 2 * 40 + 4 * 500 * growth(SHORT, STEPS))
    without_price = replace(CONFIG, fit=replace(CONFIG.fit, lmbda=0.0))
    assert _foreseen(SURVEY, without_price, FRAMING).size_bytes == FRAMING + 2 * 40 + 4 * 500


def test_psnr_rises_from_the_mean_of_the_probes():
    two = replace(SURVEY, probes=(*SURVEY.probes, probe_of(LOADS[1], 9000, 31.0)))
    assert _foreseen(two, CONFIG, FRAMING).psnr_db == pytest.approx(29.0 + gained_db(SHORT, STEPS))
    silent = replace(SURVEY.probes[0], encoded=SimpleNamespace(content=b"", chunk=SimpleNamespace(video=None)))
    assert math.isnan(_foreseen(replace(SURVEY, probes=(silent,)), CONFIG, FRAMING).psnr_db)


def test_time_goes_by_work():
    found = _foreseen(SURVEY, CONFIG, FRAMING)
    fits_s = 16e3 * 1e-6 * counted_steps(CONFIG.fit)
    assert found.time_s == pytest.approx(0.5 + 2.0 * 4 + fits_s)
    assert (found.steps, found.chunks, found.frames, found.probed) == (STEPS, 2, 50, 1)


def test_a_budget_takes_steps_until_few_are_left():
    whole_s = _foreseen(SURVEY, CONFIG, FRAMING).time_s
    half = replace(CONFIG, goal=Goal(time_s=8.5 + (whole_s - 8.5) / 2))
    found = _foreseen(SURVEY, half, FRAMING)
    assert found.steps == STEPS / 2
    assert found.time_s == pytest.approx(half.goal.time_s)
    assert found.psnr_db < _foreseen(SURVEY, CONFIG, FRAMING).psnr_db
    assert _foreseen(SURVEY, replace(CONFIG, goal=Goal(time_s=1.0)), FRAMING).steps == 50


def test_a_goal_is_pursued_in_several_fits():
    plain, pursued = (
        _foreseen(SURVEY, config, FRAMING).time_s for config in (CONFIG, replace(CONFIG, goal=Goal(psnr_db=30.0)))
    )
    assert 1.2 * plain < pursued < 2.5 * plain
