"""`invr estimate` against what `invr encode` then does, on a clip of a moment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from toys import toy_clip
from warm import warm_run

OPTIONS = ("-j", "1", "--steps", "20", "--chunk-frames", "4")


def invr(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command line."""
    return warm_run(arguments, stdin)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Twelve frames of 16x12 with a tone."""
    return toy_clip(tmp_path_factory.mktemp("clip"), 12, rate_hz=8000)


def test_a_fit_as_short_as_its_probe_is_foreseen(clip, tmp_path):
    done = invr("estimate", clip, "--json", *OPTIONS)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    encoded = invr("encode", clip, "-o", tmp_path / "a.inrv", *OPTIONS)
    assert encoded.returncode == 0, encoded.stderr
    size = (tmp_path / "a.inrv").stat().st_size
    assert found["size_bytes"] == pytest.approx(size, rel=0.05)
    assert found["bits_per_s"] == pytest.approx(8 * found["size_bytes"] / 0.48)
    assert float(encoded.stderr.split(b"PSNR ")[1].split()[0]) == pytest.approx(found["psnr_db"], abs=0.5)
    assert (found["chunks"], found["frames"], found["probed"], found["steps"]) == (3, 12, 2, 20)
    assert "quality" not in found


def test_a_person_gets_one_line_from_a_pipe_too(clip):
    done = invr("estimate", "-", *OPTIONS, "-vn", stdin=clip.read_bytes())
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.decode().splitlines()
    assert line.startswith("about ")
    assert "PSNR" not in line
    assert "told from 1 of 20" in line


def test_a_goal_names_its_quality(clip):
    found = json.loads(invr("estimate", clip, "--json", *OPTIONS, "--target-size", "300", "-an").stdout)
    assert found["quality"] == 0.0
    assert found["size_bytes"] > 300


def test_what_is_not_estimated_is_said(clip):
    assert invr("estimate", clip, "--preset", "paper-av").returncode == 2
    assert b"no more than pixels" in invr("estimate", clip, "--tiles", "20x20").stderr
    assert invr("estimate", clip, "--target-psnr", "30", "-vn").returncode == 3
    assert invr("estimate", clip, "--quality", "30", "--bits", "8").returncode == 2
