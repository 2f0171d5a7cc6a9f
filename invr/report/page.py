"""`invr report`: a benchmark's results as one HTML page that loads nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from inrv_format.errors import UnsupportedError

from invr.bench.results import Bench, ClipInfo, Point, read_bench
from invr.output import TargetFile
from invr.report.choose import (
    CURVES,
    Places,
    main_metric,
    measured,
    metric_of,
    nearest,
    nearest_of_each,
    points_of,
    references,
    shown_network,
)
from invr.report.codecs import is_network
from invr.report.looks import PAGE, SCRIPT, STYLE
from invr.report.tables import bd_rate_table, clip_table, point_table
from invr.report.text import name_of, number, sentence

if TYPE_CHECKING:
    from invr.report.curves import Plots

# the frames get what the rest leaves of the page, in bytes of pictures, which base64 makes a third longer
PAGE_BYTES, LEAST_PICTURE_BYTES = 2_400_000, 300_000
LIBRARIES = {"bokeh": "bokeh", "PIL": "Pillow"}


@dataclass(frozen=True, slots=True)
class _View:
    """A clip, its points, and the network and the reference that its pictures and sounds compare."""

    clip: ClipInfo
    points: list[Point]
    network: Point | None
    reference: Point | None


def write_report(
    source: str | os.PathLike[str], target: str | os.PathLike[str], media: str | os.PathLike[str] | None = None
) -> int:
    """Write the page of the `bench.json` at `source`; returns its bytes.

    Clips are looked for in the folder `media` first. Raises InputError for the results, OutputError for the target,
    UnsupportedError where a library is missing; files of clips that are absent are named on the page.
    """
    places = Places(Path(source).resolve().parent, Path(media) if media is not None else None)
    page = build_page(read_bench(source), places).encode()
    with TargetFile(target) as file:
        file.write(page)
    return len(page)


def build_page(bench: Bench, places: Places) -> str:
    """The page as HTML."""
    for module, name in LIBRARIES.items():
        try:
            import_module(module)
        except ImportError as error:
            raise UnsupportedError(f"the report needs {name}: pip install 'invr[bench]'") from error
    from invr.report.curves import Plots, scripts

    plots = Plots()
    views = [_view(clip, points_of(bench, clip), places) for clip in bench.clips]
    sections = {
        "Rate and distortion": _each(views, lambda view: _rate_curves(view, plots)),
        "BD-rate": _bd_rates(bench),
        "All points": _each(views, lambda view: point_table(view.points)),
        "PSNR per frame": _each(views, lambda view: _frame_curve(view, plots)),
        "Time to quality": _each(views, lambda view: _time_curve(view, plots)),
        "Frames": "",
        "Spectrograms": _sounds(views, places),
        "Weights": _each(views, lambda view: _weights(view, places)),
    }
    code = "\n".join(f"<script>{text}</script>" for text in [*scripts(), SCRIPT])
    packed = plots.packed()
    left = PAGE_BYTES - len(code) - len(packed) - sum(len(text) for text in sections.values())
    sections["Frames"] = _frames(views, places, max(LEAST_PICTURE_BYTES, left * 3 // 4))
    body = _header(bench, list(sections))
    body += "".join(f'<h2 id="{_anchor(title)}">{title}</h2>\n{text}\n' for title, text in sections.items())
    return PAGE.substitute(title="invr benchmark", style=STYLE, body=body, plots=packed, scripts=code)


def _view(clip: ClipInfo, points: list[Point], places: Places) -> _View:
    network = shown_network(clip, points, places)
    anchors = references(clip, points)
    anchors = [point for point in anchors if places.encoded(point)] or anchors
    return _View(clip, points, network, nearest(network, anchors) if network else None)


def _header(bench: Bench, titles: Sequence[str]) -> str:
    links = "".join(f'<a href="#{_anchor(title)}">{title}</a>' for title in titles)
    facts = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in bench.machine.items())
    failed = sum(1 for point in bench.points if point.error)
    count = f"{len(bench.clips)} clips, {len(bench.points)} points"
    return (
        f"<header><h1>invr benchmark</h1>\n<p>{count}{f', {failed} of them not measured' if failed else ''}.</p>\n"
        f'<code class="command">{escape(bench.command)}</code>\n<dl class="machine">{facts}</dl>\n</header>\n'
        f"<nav>{links}</nav>\n{clip_table(bench.clips)}"
    )


def _each(views: Sequence[_View], text_of: Callable[[_View], str]) -> str:
    """A heading and a text for each clip that has one."""
    texts = ((view.clip.name, text_of(view)) for view in views)
    return "\n".join(f"<h3>{escape(name)}</h3>\n{text}" for name, text in texts if text) or sentence("No results.")


def _rate_curves(view: _View, plots: Plots) -> str:
    from invr.report.curves import rate_curve

    clip = view.clip
    curves = {metric_of(name).title: rate_curve(clip, view.points, name) for name in CURVES.get(clip.medium, ())}
    placed = "".join(plots.place(curve, title) for title, curve in curves.items() if curve is not None)
    failed = "".join(f"<li>{name_of(point)}: {escape(point.error)}</li>" for point in view.points if point.error)
    return (f'<div class="plots">{placed}</div>' if placed else sentence("No point was measured.")) + (
        f'<p class="remark">Not measured:</p><ul class="failures">{failed}</ul>' if failed else ""
    )


def _bd_rates(bench: Bench) -> str:
    texts = [(clip.name, bd_rate_table(bench.bd_rates, clip)) for clip in bench.clips]
    tables = "\n".join(f"<h3>{escape(name)}</h3>\n{text}" for name, text in texts if text)
    if not tables:
        return sentence("No delta rates were computed.")
    return (
        "<p>Bytes more (+) or fewer (−) than the anchor at equal metric, by Bjøntegaard's method; below each, the "
        "interval of the metric that both curves cover.</p>\n" + tables
    )


def _frame_curve(view: _View, plots: Plots) -> str:
    from invr.report.curves import frame_curve

    if view.clip.medium != "video":
        return ""
    if view.network is None:
        return sentence("No network was measured.")
    anchors = [point for point in measured(view.points) if not is_network(point.codec)]
    chosen = nearest_of_each(view.network, anchors)
    curve = frame_curve(view.network, chosen)
    if curve is None:
        return sentence("No point has its frames' PSNR.")
    named = ", ".join(f"{name_of(point)} ({number(point.file_bytes)})" for point in (view.network, *chosen))
    return (
        plots.place(curve, "dotted: the network's chunks begin")
        + f'<p class="remark">Points nearest in file size, with their bytes: {named}.</p>'
    )


def _time_curve(view: _View, plots: Plots) -> str:
    from invr.report.curves import time_curve

    curve = time_curve(view.clip, view.points)
    if curve is None:
        return ""
    title = f"{metric_of(main_metric(view.clip)).title}; thin lines: the fit's estimate, chunk by chunk"
    if view.clip.medium == "audio":
        title += ", as PSNR, which is not on the scale of SNR"
    return plots.place(curve, title)


def _frames(views: Sequence[_View], places: Places, picture_bytes: int) -> str:
    from invr.report.pictures import comparison, shown_pixels

    pictured = [view for view in views if view.clip.medium != "audio"]
    if not pictured:
        return sentence("No clip has a picture.")
    areas = {view.clip.name: shown_pixels(view.clip) for view in pictured}
    total = sum(areas.values())

    def text_of(view: _View) -> str:
        share = (areas[view.clip.name] / total + 1 / len(pictured)) / 2
        return comparison(view.clip, view.network, view.reference, places, round(share * picture_bytes))

    return _each(pictured, text_of)


def _sounds(views: Sequence[_View], places: Places) -> str:
    from invr.report.sounds import spectrograms

    heard = [(view.clip, [point for point in view.points if "snr_db" in point.metrics]) for view in views]
    sounding = [_view(clip, points, places) for clip, points in heard if points and clip.sample_rate_hz]
    if not sounding:
        return sentence("No clip's sound was measured.")
    return _each(sounding, lambda view: spectrograms(view.clip, view.network, view.reference, places))


def _weights(view: _View, places: Places) -> str:
    from invr.report.weights import histograms

    return histograms(view.network, places) if view.network else ""


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
