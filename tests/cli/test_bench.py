"""`tools/bench --smoke`: the whole benchmark, on the shipped sample."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from invr.bench.results import read_bench

ROOT = Path(__file__).resolve().parents[2]


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run tools/bench with this Python."""
    command = [sys.executable, str(ROOT / "tools" / "bench"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=ROOT)


def test_smoke_measures_every_kind_of_codec_and_writes_its_results(tmp_path):
    for module in ("bjontegaard", "PIL"):
        pytest.importorskip(module, reason="needs invr[bench]")
    done = bench("--smoke", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    results = read_bench(tmp_path / "bench.json")
    measured = {point.codec for point in results.points}
    assert {"x264-medium", "svtav1", "opus", "jxl", "invr-paper", "siren-av-paper", "coin-paper"} <= measured
    assert not [point.error for point in results.points if point.error]
    assert any(delta.codec == "x265-medium" and delta.percent is not None for delta in results.bd_rates)
    assert "## BD-rate" in done.stdout
    assert done.stdout == (tmp_path / "bench.md").read_text()
    assert (tmp_path / "bench.csv").read_text().count("\n") == len(results.points) + 1


def test_a_wrong_configuration_is_one_line(tmp_path):
    config = tmp_path / "bench.toml"
    config.write_text('[[clip]]\nname = "a"\npath = "a.mp4"\n[[codec]]\nname = "vvc"\nrates = [1]\n')
    done = bench(config, "-o", tmp_path / "out")
    assert done.returncode == 3
    assert done.stderr.startswith("bench: ") and len(done.stderr.splitlines()) == 1
