"""`invr report` as a whole command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from toy_bench import toy_bench
from toys import run_invr

pytest.importorskip("bokeh", reason="needs invr[bench]")
pytest.importorskip("PIL", reason="needs invr[bench]")


def report(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_invr("report", *arguments)


@pytest.fixture(scope="module")
def bench_path(tmp_path_factory) -> Path:
    return toy_bench(tmp_path_factory.mktemp("bench"))


def test_a_page_is_written_once_and_again_only_with_y(bench_path, tmp_path):
    target = tmp_path / "page.html"
    done = report(bench_path, "-o", target)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"{target}: ") and done.stderr.endswith(" MB\n")
    assert target.read_text().startswith("<!DOCTYPE html>")
    assert report(bench_path, "-o", target).returncode == 8
    again = report(bench_path, "-o", target, "-y", "-q")
    assert (again.returncode, again.stderr) == (0, "")


def test_what_is_no_benchmark_is_refused(tmp_path):
    (tmp_path / "bench.json").write_text("{}")
    done = report(tmp_path / "bench.json", "-o", tmp_path / "page.html")
    assert done.returncode == 3
    assert done.stderr == f"invr: {tmp_path / 'bench.json'}: not the results of a benchmark (version 1)\n"
    assert report(tmp_path / "none.json", "-o", tmp_path / "page.html").returncode == 3
    assert not (tmp_path / "page.html").exists()


def test_the_results_are_never_overwritten(bench_path):
    assert report(bench_path, "-o", bench_path, "-y").returncode == 8


def test_help_needs_no_library():
    done = report("--help")
    assert done.returncode == 0 and "--media DIR" in done.stdout
