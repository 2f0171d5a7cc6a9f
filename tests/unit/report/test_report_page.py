"""The page as text: what it says, and what it says where something is missing."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from inrv_format.errors import UnsupportedError

from invr.bench.results import Bench, Point, read_bench, write_bench
from invr.report.choose import Places
from invr.report.page import build_page, write_report

pytest.importorskip("bokeh", reason="needs invr[bench]")
pytest.importorskip("PIL", reason="needs invr[bench]")

TITLES = [
    "Rate and distortion", "BD-rate", "All points", "PSNR per frame", "Time to quality", "Frames", "Spectrograms",
    "Weights",
]  # fmt: skip
VOID = {"meta", "img", "input", "br"}


class Nesting(HTMLParser):
    """Checks that every element is closed, and collects what the elements refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def body(page: str) -> str:
    """The part between the header and bokeh's script, without pictures."""
    text = page[page.index("<body>") : page.index('<script type="text/plain"')]
    return re.sub(r"data:[^\"]*", "data:", text)


@pytest.fixture(scope="module")
def page(page_path) -> str:
    return page_path.read_text()


def test_sections_stand_in_their_order(page):
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", page) == TITLES


def test_the_page_is_well_formed_and_refers_to_nothing_outside(page):
    nesting = Nesting()
    nesting.feed(page)
    assert nesting.open == []
    assert all(address.startswith(("#", "data:image/webp;base64,")) for address in nesting.addresses)


def test_text_from_outside_is_escaped(page):
    text = body(page)
    assert "invr bench &lt;toy&gt;" in text and "toy &amp; co" in text
    assert "svtav1, crf 63: the &lt;encoder&gt; failed" in text
    assert "<encoder>" not in page and "<toy>" not in page


def test_delta_rates_say_where_there_is_none(page):
    text = body(page)
    assert "+123.4 %" in text and "30.00 to 33.00 dB" in text
    assert "no overlap" in text and "fewer than four points" in text


def test_every_point_has_its_row(page):
    rows = re.findall(r"<tr>(.*?)</tr>", body(page), re.S)
    points = [row for row in rows if "rate " in row or "crf 63" in row]
    assert len(points) == 25
    network = next(row for row in points if "invr-fast" in row and "rate 1" in row)
    assert re.findall(r'<td class="n">([^<]*)</td>', network)[:3] == ["2\u202f090", "1\u202f990", "79.6190"]
    assert "1\u202f234" in network


def test_frames_show_three_sides_at_equal_bytes(page):
    text = body(page)
    frames = text[text.index('<div class="compare">') : text.index("Spectrograms</h2>")]
    assert frames.count('class="pane"') == 3 and frames.count("<img") == 3 * 6
    assert "original" in frames and "invr-fast, rate" in frames and "x264-medium, rate" in frames


def test_spectrograms_and_weights_are_there(page):
    text = body(page)
    spectra = text[text.index("Spectrograms</h2>") :]
    assert spectra.count('class="pane spectrum"') == 3
    assert "picture network of the first chunk, siren" in spectra and "<b>first.weight</b> 6×3" in spectra
    assert "sound network of the first chunk, audio-siren" in spectra and "<b>first.weight</b> 5×6" in spectra


def test_missing_files_are_said_in_one_sentence(bench_path, tmp_path):
    shutil.copy(bench_path, tmp_path / "bench.json")
    write_report(tmp_path / "bench.json", tmp_path / "page.html")
    text = body((tmp_path / "page.html").read_text())
    assert "The source clip.mkv is not here (--media DIR says where to look for it)." in text
    assert re.search(r"The file of invr-fast, rate \d is not beside the results\.", text)
    assert "<img" not in text


def test_clips_are_looked_for_in_media(bench_path, tmp_path):
    shutil.copy(bench_path, tmp_path / "bench.json")
    shutil.copytree(bench_path.parent / "files", tmp_path / "files")
    write_report(tmp_path / "bench.json", tmp_path / "page.html", bench_path.parent)
    assert "is not here" not in body((tmp_path / "page.html").read_text())


def test_a_damaged_file_is_named(bench_path, tmp_path):
    shutil.copytree(bench_path.parent, tmp_path / "bench")
    for path in (tmp_path / "bench" / "files").glob("*.inrv"):
        path.write_bytes(path.read_bytes()[:500])
    page = build_page(read_bench(bench_path), Places(tmp_path / "bench"))
    remarks = re.findall(r'class="remark">([^<]*)<', body(page))
    assert (
        sum(bool(re.match(r"invr-fast, rate \d: the file has no footer: it was cut off", each)) for each in remarks)
        == 4
    )


def test_an_empty_benchmark_is_a_page():
    page = build_page(Bench("invr bench", {}, (), (), ()), Places(Path()))
    assert "0 clips, 0 points" in page and "No delta rates" in page


def test_a_missing_library_is_named(monkeypatch, bench_path):
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(UnsupportedError, match=r"the report needs bokeh: pip install 'invr\[bench\]'"):
        build_page(read_bench(bench_path), Places(bench_path.parent))


def test_clips_without_networks_or_measurements(bench_path, tmp_path):
    bench = read_bench(bench_path)
    points = tuple(
        Point(p.clip, p.codec, p.rate, p.medium, error="no") for p in bench.points if p.codec != "invr-fast"
    )
    write_bench(replace(bench, points=points), tmp_path / "bench.json")
    write_report(tmp_path / "bench.json", tmp_path / "page.html")
    assert "No point was measured." in (tmp_path / "page.html").read_text()
