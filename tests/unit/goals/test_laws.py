"""The laws against what docs/research/goals.md measured."""

import pytest

from invr.goals.laws import DB_PER_POINT, OCTAVES_PER_POINT, gained_db, growth, probe_steps


def test_psnr_rises_with_steps_as_on_four_clips():
    for measured_db in (29.23 - 24.17, 30.05 - 25.85, 26.81 - 21.79, 31.34 - 26.47):
        assert gained_db(200, 1400) == pytest.approx(measured_db, abs=1.0)
    assert gained_db(700, 1400) == pytest.approx(1.1, abs=0.3)
    assert gained_db(300, 300) == 0


def test_bytes_grow_a_little_with_steps():
    assert growth(200, 1400) == pytest.approx(1.09, abs=0.01)
    assert growth(300, 300) == 1


def test_a_quality_is_bytes_and_decibels():
    # foreman at 200 steps, quality 20 and 80
    assert pytest.approx(15_970 / 1_661, rel=0.15) == 2 ** (60 * OCTAVES_PER_POINT)
    assert pytest.approx(26.86 - 20.19, abs=0.5) == 60 * DB_PER_POINT


@pytest.mark.parametrize(("steps", "probe"), [(30, 30), (400, 100), (4000, 160), (30_000, 1200)])
def test_a_probe_is_short_but_not_too_short(steps, probe):
    assert probe_steps(steps) == probe
