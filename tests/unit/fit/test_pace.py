"""How far a fit is, by steps and by a clock that the tests set."""

from dataclasses import replace

import pytest

from invr.config import FitConfig
from invr.fit import pace
from invr.fit.pace import LEAST_STEPS, Pace

CONFIG = FitConfig(steps=1000, rows=10, columns=10)


class Clock:
    """Stands in for the module `time`."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def taken(clock, config, points=0, step_s=lambda step: 1.0):
    """Steps and seconds until the fit is over."""
    fitting = Pace(config, points)
    while fitting.progress < 1:
        clock.now += step_s(fitting.step)
        fitting.advance()
    return fitting.step, clock.now


def test_without_a_limit_it_is_steps_that_count(clock):
    assert taken(clock, CONFIG, step_s=lambda step: 1e6)[0] == 1000


def test_a_limit_that_is_not_needed_changes_nothing(clock):
    assert taken(clock, replace(CONFIG, limit_s=1e4))[0] == 1000


def test_the_limit_is_kept(clock):
    assert taken(clock, replace(CONFIG, limit_s=400.0))[1] == pytest.approx(400, abs=1)


def test_the_evaluation_is_part_of_it(clock):
    # 3,000 points are 30 steps' points, and evaluating them is a third of their work.
    assert taken(clock, replace(CONFIG, limit_s=400.0), points=3000)[1] == pytest.approx(390, abs=1)


def test_a_machine_that_slows_down_keeps_it_too(clock):
    assert taken(clock, replace(CONFIG, limit_s=400.0), step_s=lambda step: 1 + step / 100)[1] < 440


def test_no_fit_is_shorter_than_the_least(clock):
    assert taken(clock, replace(CONFIG, limit_s=1e-3))[0] == LEAST_STEPS
    assert taken(clock, replace(CONFIG, limit_s=1e-3, steps=12))[0] == 12
