"""The toy benchmark, once for all tests of the report."""

from pathlib import Path

import pytest
from toy_bench import toy_bench


@pytest.fixture(scope="session")
def bench_path(tmp_path_factory) -> Path:
    """Path of the toy benchmark's results, its files beside it."""
    return toy_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def page_path(bench_path) -> Path:
    """Path of its page."""
    pytest.importorskip("bokeh", reason="needs invr[bench]")
    from invr.report.page import write_report

    write_report(bench_path, bench_path.with_suffix(".html"))
    return bench_path.with_suffix(".html")
