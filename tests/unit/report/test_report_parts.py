"""The parts of the page that compute something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invr.bench.results import ClipInfo, Point

pytest.importorskip("bokeh", reason="needs invr[bench]")
pytest.importorskip("PIL", reason="needs invr[bench]")

from invr.report.choose import Places, nearest, shown_network
from invr.report.codecs import STYLES, THICK, in_order, is_network, style_of
from invr.report.pictures import shown_pixels, spread
from invr.report.sounds import COLUMNS, FLOOR_DB, ROWS, decibels, spectral_power
from invr.report.text import number, significant
from invr.report.weights import BINS, counts

CLIP = ClipInfo("clip", "clip.mkv", "video", "")


def point(codec: str, size: int, quality: float = 30.0) -> Point:
    return Point("clip", codec, "", "video", file_bytes=size, metrics={"psnr_rgb_db": quality})


def test_networks_are_drawn_thickest_and_come_first():
    assert all((style.width == THICK) == is_network(name) for name, style in STYLES.items())
    assert in_order({"x264-medium", "invr-fast", "abc", "jpeg"}) == ["invr-fast", "x264-medium", "jpeg", "abc"]


def test_an_unknown_codec_keeps_its_style():
    assert style_of("vvenc") == style_of("vvenc")
    assert style_of("invr-next").width == THICK


def test_nearest_is_by_ratio():
    assert nearest(point("a", 100), [point("b", 50), point("b", 190)]).file_bytes == 190


def test_the_network_shown_has_a_reference_at_equal_bytes():
    points = [point("invr-fast", 900, 40), *(point("invr-medium", 1000 * k, 40 + k) for k in (1, 2, 3, 4))]
    points += [point("siren-av-paper", 3000, 60), point("x264-medium", 4100), point("x265-medium", 1000)]
    assert shown_network(CLIP, points, Places(Path())) == point("invr-medium", 4000, 44)
    assert shown_network(CLIP, points[-2:], Places(Path())) is None


def test_frames_are_spread_over_the_whole_clip():
    assert spread(24, 8) == [0, 3, 7, 10, 13, 16, 20, 23]
    assert spread(3, 8) == [0, 1, 2]
    assert spread(1, 8) == [0]


def test_large_clips_get_more_of_the_page():
    assert shown_pixels(ClipInfo("a", "", "video", "", 960, 540, 20)) == 8 * 480 * 270
    assert shown_pixels(ClipInfo("a", "", "image", "", 100, 50, 1)) == 5000
    assert shown_pixels(CLIP) == 1


@pytest.mark.parametrize("rate", [8000.0, 6000.0])
def test_a_tone_lies_at_its_frequency(rate):
    times = np.arange(int(rate)) / rate
    tone = np.sin(2 * np.pi * 1000 * times)[:, None].astype(np.float32)
    power = spectral_power(tone, rate, 1.0, 4000.0)
    assert power.shape == (ROWS, COLUMNS)
    row = ROWS - 1 - int(power.argmax(axis=0)[COLUMNS // 2])
    assert row * 4000 / ROWS == pytest.approx(1000 * 4000 / 4000, abs=4000 / ROWS * 2)


def test_decibels_have_a_floor():
    levels = decibels(np.array([[0.0, 1e-3, 1.0, 2.0]]), 1.0)
    np.testing.assert_allclose(levels, [[FLOOR_DB, -30.0, 0.0, 0.0]])


@pytest.mark.parametrize("span", [1, 2, 64, 65, 1000])
def test_bins_hold_every_weight(span):
    bins = counts(np.arange(-3, span - 3, dtype=np.int32))
    assert len(bins) <= BINS and bins.sum() == span


def test_numbers():
    assert number(1234567) == "1\u202f234\u202f567"
    assert number(-1.25, 1) == "−1.2" and number(None) == number(float("nan")) == "–"
    assert [significant(value) for value in (0.0123, 1.5, 123.4, 98765, 0)] == [
        "0.0123",
        "1.50",
        "123",
        "98\u202f765",
        "0",
    ]
