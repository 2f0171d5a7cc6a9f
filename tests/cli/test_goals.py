"""Goals through the real command: what it says, its exit code, and what excludes what."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from toys import run_invr, toy_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Six frames of 16x12."""
    return toy_clip(tmp_path_factory.mktemp("clip"))


def encode(clip: Path, target: Path, *options: object) -> subprocess.CompletedProcess[str]:
    return run_invr("encode", clip, "-o", target, "-j", "1", "--steps", "12", *options)


def test_a_goal_that_is_reached_is_said(clip, tmp_path):
    done = encode(clip, tmp_path / "a.inrv", "--target-size", "1.2k", "--time-budget", "1:00")
    assert done.returncode == 0, done.stderr
    line = done.stderr.splitlines()[-1]
    assert 1080 <= (tmp_path / "a.inrv").stat().st_size <= 1200
    assert re.search(r"target 1\.2 kB: 1\.[12] kB", line)
    assert "target 60.0 s: " in line
    assert "size=1200" in run_invr("info", tmp_path / "a.inrv", "--json").stdout


def test_a_goal_that_is_missed_has_a_file_and_a_code_of_its_own(clip, tmp_path):
    done = encode(clip, tmp_path / "a.inrv", "-b", "1k")
    assert done.returncode == 10
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("invr: target 1.0 kbit/s: ")
    assert last.endswith("; the file is written and whole")
    assert run_invr("test", tmp_path / "a.inrv").returncode == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--target-psnr", "30", "--quality", "0"),
        ("--target-size", "10k", "--bits", "8"),
        ("--bitrate", "10k", "--finetune-steps", "5"),
        ("--bitrate", "10k", "--target-size", "10k"),
        ("--target-size", "0"),
        ("--bitrate", "10kb"),
        ("--time-budget", "soon"),
    ],
)
def test_what_cannot_be_asked_for(clip, tmp_path, options):
    done = encode(clip, tmp_path / "a.inrv", *options)
    assert done.returncode == 2
    assert options[0] in done.stderr
    assert not (tmp_path / "a.inrv").exists()


def test_help_knows_the_code():
    assert "10 the file is written but misses its goal" in " ".join(run_invr("--help").stdout.split())
