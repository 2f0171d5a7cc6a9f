"""--quality through the real command."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from inrv_format.streams import VideoStream
from toys import run_invr

from invr.media import WriteConfig, open_sink


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Four frames of 64x48 with noise: at a low price of bits it asks for many weights."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    noise = 128 + 35 * np.random.default_rng(0).standard_normal((4, 48, 64, 1))
    values = np.clip(noise, 0, 255).astype(np.uint8).repeat(3, axis=3)
    with open_sink(path, VideoStream(64, 48, Fraction(1, 25)), None, WriteConfig()) as sink:
        sink.write_video(values, np.arange(4, dtype=np.int64), 1)
    return path


def encoded(clip: Path, path: Path, *options: object) -> dict:
    """What `invr info` says of the clip encoded with these options."""
    done = run_invr("encode", clip, "-o", path, "-j", "1", "--steps", "60", "--verify", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(run_invr("info", path, "--json", "--chunks").stdout)


def test_a_higher_quality_gets_more_weights_and_more_bytes(clip, tmp_path):
    low, high = (encoded(clip, tmp_path / f"{quality}.inrv", "--quality", quality) for quality in (10, 90))
    assert int(high["format"]["size"]) > 1.5 * int(low["format"]["size"])
    assert "lambda=0.48" in low["format"]["tags"]["settings"]


def test_the_default_is_quality_50(clip, tmp_path):
    encoded(clip, tmp_path / "a.inrv")
    encoded(clip, tmp_path / "b.inrv", "--quality", "50")
    assert (tmp_path / "a.inrv").read_bytes() == (tmp_path / "b.inrv").read_bytes()


def test_bits_are_fitted_without_a_price(clip, tmp_path):
    shown = encoded(clip, tmp_path / "a.inrv", "--bits", "7")
    assert "bits=7" in shown["format"]["tags"]["settings"]


@pytest.mark.parametrize("options", [("--quality", "101"), ("--quality", "-1"), ("--quality", "50", "--bits", "8")])
def test_what_makes_no_sense_is_refused(clip, tmp_path, options):
    done = run_invr("encode", clip, "-o", tmp_path / "a.inrv", *options)
    assert done.returncode == 2
    assert "--quality" in done.stderr
    assert not (tmp_path / "a.inrv").exists()
