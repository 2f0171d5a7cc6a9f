"""BD-rate against curves whose distance is known."""

import pytest

from invr.metrics.bdrate import bd_rate

pytest.importorskip("bjontegaard", reason="needs invr[bench]")
ANCHOR = [(1000.0 * 2**k, 30.0 + 3 * k) for k in range(5)]


def test_half_the_bytes_at_equal_quality_is_minus_fifty():
    delta = bd_rate(ANCHOR, [(rate / 2, quality) for rate, quality in ANCHOR])
    assert delta.percent == pytest.approx(-50.0)
    assert delta.overlap == (30.0, 42.0)


def test_a_codec_against_itself_is_zero():
    assert bd_rate(ANCHOR, ANCHOR).percent == pytest.approx(0.0)


def test_a_straight_shift_in_quality_costs_what_the_slope_says():
    """3 dB for each doubling: 1.5 dB less quality at the same bytes is half a doubling more bytes."""
    delta = bd_rate(ANCHOR, [(rate, quality - 1.5) for rate, quality in ANCHOR])
    assert delta.percent == pytest.approx(100 * (2**0.5 - 1), rel=1e-6)
    assert delta.overlap == (30.0, 40.5)


def test_without_overlap_there_is_no_number():
    delta = bd_rate(ANCHOR, [(rate, quality - 20) for rate, quality in ANCHOR])
    assert (delta.percent, delta.overlap, delta.note) == (None, None, "no overlap")


def test_three_points_are_too_few():
    assert bd_rate(ANCHOR, ANCHOR[:3]).note == "3 points of rising quality, 4 are needed"


def test_points_off_the_curve_are_left_out():
    delta = bd_rate(ANCHOR, [*ANCHOR, (9000.0, 31.0)])
    assert delta.percent == pytest.approx(0.0)
    assert delta.note == "1 points off the curve left out"
