"""The laws against what docs/research/goals.md measured."""

import pytest

from invr.goals.laws import DB_PER_POINT, OCTAVES_PER_POINT, gained_db, growth, probe_steps


def test_psnr_rises_with_steps_as_on_four_clips():
    for measured_db in (29.93 - 24.20, 30.87 - 26.41, 26.91 - 22.27, 33.60 - 26.97):
        assert gained_db(200, 1400) == pytest.approx(measured_db, abs=1.6)
    for measured_db in (29.93 - 28.66, 30.87 - 29.90, 26.91 - 25.99, 33.60 - 32.29):
        assert gained_db(700, 1400) == pytest.approx(measured_db, abs=0.3)
    assert gained_db(300, 300) == 0


def test_bytes_grow_a_little_with_steps():
    assert growth(200, 1400) == pytest.approx(6_777 / 6_423, abs=0.01)
    assert growth(300, 300) == 1


def test_a_quality_is_bytes_and_decibels():
    # carphone at 200 steps, foreman at 1,400, quality 25 and 75
    assert pytest.approx(12_320 / 1_942, rel=0.15) == 2 ** (50 * OCTAVES_PER_POINT)
    assert pytest.approx(33.29 - 26.53, abs=0.5) == 50 * DB_PER_POINT


@pytest.mark.parametrize(("steps", "probe"), [(30, 30), (400, 200), (4000, 200), (30_000, 1200)])
def test_a_probe_is_short_but_not_too_short(steps, probe):
    assert probe_steps(steps) == probe
