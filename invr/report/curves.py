"""The page's plots by bokeh; a plot leaves as the JSON that bokeh's script draws."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bokeh.embed import json_item
from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    InlineStyleSheet,
    Legend,
    LegendItem,
    Line,
    MultiLine,
    NumeralTickFormatter,
    Scatter,
    Span,
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from invr.bench.results import ClipInfo, Point
from invr.report.choose import main_metric, measured, metric_of
from invr.report.codecs import THICK, Style, in_order, style_of
from invr.report.text import name_of, number, significant

# the page's script makes room for as many columns of the legend as fit
HEIGHT, LEGEND_ROW, LEGEND_COLUMNS = 370, 25, 3
NEUTRAL = "#7d828a"
TOOLS = "pan,box_zoom,wheel_zoom,reset,save"
TICKS = "0[.]0[00000]"
# the legend takes its text's colour before it is in the page, so not from the page's style sheet
LEGEND_CSS = ".bk-label { color: var(--ink) !important; }"
DECADES = range(-5, 8)
# decades that the data span at most -> the ticks of each decade
MANTISSAS = {1.2: (1, 1.5, 2, 3, 4, 5, 7), 3.0: (1, 2, 5), 99.0: (1,)}
FIT_LABEL = "fit's estimate"


def scripts() -> list[str]:
    """The text of bokeh's JavaScript, the part that plots need."""
    texts: list[str] = Resources(mode="inline", components=["bokeh"], minified=True).js_raw
    return texts


class Plots:
    """The plots of a page: each is given a place in the HTML, and all together are drawn by the page's script."""

    def __init__(self) -> None:
        self._items: list[Any] = []

    def packed(self) -> str:
        """All of them for the page's script: JSON, gzip, base64."""
        text = json.dumps(self._items, separators=(",", ":"))
        return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()

    def place(self, plot: figure, title: str) -> str:
        """HTML of the plot's place."""
        target = plot.name = f"plot-{len(self._items)}"
        self._items.append(json_item(plot, target))
        return (
            f'<figure class="plot"><figcaption>{title}</figcaption>'
            f'<div id="{target}" class="bokeh" style="min-height:{plot.height}px"></div></figure>'
        )


def rate_curve(clip: ClipInfo, points: Sequence[Point], metric: str) -> figure | None:
    """Rate against distortion, all codecs; None where no point has the metric."""
    in_bpp = clip.medium == "image"
    found = [point for point in measured(points) if metric in point.metrics and _rate(point, in_bpp)]
    if not found:
        return None
    rates = [_rate(point, in_bpp) for point in found]
    plot = _empty("bit per pixel" if in_bpp else "kbit/s", metric_of(metric).label, rates)
    items = []
    for codec in in_order({point.codec for point in found}):
        own = sorted((point for point in found if point.codec == codec), key=lambda point: point.file_bytes)
        source = _source(own, metric, [_rate(point, in_bpp) for point in own])
        line = plot.add_glyph(source, _line(style_of(codec)))
        items.append(LegendItem(label=codec, renderers=[line, _markers(plot, source, style_of(codec))]))
    _explain_points(plot, items, metric)
    return with_legend(plot, items)


def time_curve(clip: ClipInfo, points: Sequence[Point]) -> figure | None:
    """Encoding time against quality: every point, and the estimates while the networks were fitted."""
    metric = main_metric(clip)
    found = [point for point in measured(points) if metric in point.metrics and point.encode_s > 0]
    if not found:
        return None
    codecs = in_order({point.codec for point in found})
    fits = {codec: _fits([point for point in found if point.codec == codec]) for codec in codecs}
    seconds = [x for fit in fits.values() for line in fit["x"] for x in line]
    plot = _empty("seconds to encode", metric_of(metric).label, seconds + [point.encode_s for point in found])
    items, lines = [], []
    for codec, columns in fits.items():
        own = [point for point in found if point.codec == codec]
        source = _source(own, metric, [point.encode_s for point in own])
        renderers = [_markers(plot, source, style_of(codec))]
        if columns["x"]:
            fit = MultiLine(xs="x", ys="y", line_color=style_of(codec).color, line_width=1.2, line_alpha=0.6)
            lines.append(plot.add_glyph(_columns(columns), fit))
        items.append(LegendItem(label=codec, renderers=renderers + (lines[-1:] if columns["x"] else [])))
    _explain_points(plot, items, metric)
    _explain(plot, lines, [("fit of", "@rate"), ("chunk", "@chunk"), (FIT_LABEL, "$y{0.00} dB at $x{0.0} s")])
    return with_legend(plot, items)


def frame_curve(network: Point, anchors: Sequence[Point]) -> figure | None:
    """PSNR of every frame, and where the network's chunks begin."""
    found = [point for point in (network, *anchors) if point.frames.get("psnr_rgb_db")]
    if not found:
        return None
    plot = _empty("frame", metric_of("psnr_rgb_db").label)
    items = []
    for point in found:
        values = [round(value, 3) for value in point.frames["psnr_rgb_db"]]
        line = plot.add_glyph(_columns({"x": list(range(len(values))), "y": values}), _line(style_of(point.codec)))
        items.append(LegendItem(label=point.codec, renderers=[line]))
        named = [("point", name_of(point)), ("file", f"{number(point.file_bytes)} bytes")]
        _explain(plot, [line], [*named, ("frame", "@x"), ("PSNR", "@y{0.00} dB")])
    for start in network.chunk_starts:
        if start:
            plot.add_layout(
                Span(location=start - 0.5, dimension="height", line_color=NEUTRAL, line_dash="dotted", line_width=1)
            )
    return with_legend(plot, items)


def _rate(point: Point, in_bpp: bool) -> float:
    return (point.bpp or 0.0) if in_bpp else point.kbps


def _empty(x_label: str, y_label: str, x: Sequence[float] = ()) -> figure:
    """A figure without data; with `x` its axis is logarithmic and its ticks suit these values.

    Its colours can be read on white and on black, for a bokeh that does not take them from the page's style sheet.
    """
    plot = figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_axis_type="log" if x else "linear",
        x_axis_label=x_label,
        y_axis_label=y_label,
        tools=TOOLS,
        toolbar_location="above",
        active_drag=None,
        active_scroll=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_right=16,
    )
    if x:
        span = math.log10(max(x) / min(x))
        mantissas = next(ticks for decades, ticks in MANTISSAS.items() if span <= decades)
        major = [each * 10.0**decade for decade in DECADES for each in mantissas]
        minor = [each * 10.0**decade for decade in DECADES for each in range(2, 10)]
        plot.xaxis.ticker = FixedTicker(ticks=major, minor_ticks=minor)
    plot.toolbar.logo = None
    plot.grid.grid_line_color = NEUTRAL
    plot.grid.grid_line_alpha = 0.25
    for axis in plot.axis:
        axis.formatter = NumeralTickFormatter(format=TICKS)
        axis.axis_label_text_color = axis.major_label_text_color = NEUTRAL
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = NEUTRAL
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = "13px"
        axis.major_label_text_font_size = "12px"
    return plot


def with_legend(plot: figure, items: list[LegendItem]) -> figure:
    """Put the legend below the plot, and room for it."""
    legend = Legend(
        items=items,
        click_policy="hide",
        ncols=LEGEND_COLUMNS,
        background_fill_alpha=0,
        border_line_color=None,
        inactive_fill_color=NEUTRAL,
        inactive_fill_alpha=0.4,
        label_text_color=NEUTRAL,
        stylesheets=[InlineStyleSheet(css=LEGEND_CSS)],
        label_text_font_size="12px",
        glyph_width=26,
        label_standoff=5,
        spacing=6,
        padding=0,
        margin=6,
        location="top_left",
    )
    plot.add_layout(legend, "below")
    plot.height += LEGEND_ROW * math.ceil(len(items) / LEGEND_COLUMNS)
    return plot


def _columns(columns: Mapping[str, Sequence[Any]]) -> ColumnDataSource:
    return ColumnDataSource({name: list(values) for name, values in columns.items()})


def _source(points: Sequence[Point], metric: str, x: list[float]) -> ColumnDataSource:
    """The columns of the markers and of what is shown when the pointer is over one."""
    shown = metric_of(metric)
    return _columns(
        {
            "x": x,
            "y": [point.metrics[metric] for point in points],
            "codec": [point.codec for point in points],
            "rate": [point.rate for point in points],
            "bytes": [number(point.file_bytes) for point in points],
            "bpp": [number(point.bpp, 4) for point in points],
            "kbps": [number(point.kbps, 1) for point in points],
            "value": [f"{number(point.metrics[metric], shown.decimals)} {shown.unit}" for point in points],
            "seconds": [significant(point.encode_s) for point in points],
        }
    )


def _fits(points: Sequence[Point]) -> dict[str, list[Any]]:
    """What the fits of the chunks estimated, one line for each chunk."""
    columns: dict[str, list[Any]] = {"x": [], "y": [], "rate": [], "chunk": []}
    for point in points:
        for chunk in sorted({int(entry[1]) for entry in point.history}):
            steps = [entry for entry in point.history if int(entry[1]) == chunk and entry[0] >= 0.001]
            columns["x"].append([round(entry[0], 3) for entry in steps])
            columns["y"].append([round(entry[2], 2) for entry in steps])
            columns["rate"].append(f"{point.codec}, {point.rate}")
            columns["chunk"].append(chunk)
    return columns


def _line(style: Style) -> Line:
    return Line(line_color=style.color, line_dash=style.dash, line_width=style.width)


def _markers(plot: figure, source: ColumnDataSource, style: Style) -> Any:
    """One marker a point; those of the networks lie above the others."""
    glyph = Scatter(
        marker=style.marker,
        size=style.size,
        line_color=style.color,
        line_width=1.5,
        fill_color=style.color,
        fill_alpha=0.0 if style.hollow else 1.0,
    )
    return plot.add_glyph(source, glyph, level="overlay" if style.width == THICK else "glyph")


def _explain_points(plot: figure, items: Sequence[LegendItem], metric: str) -> None:
    """Show a point's numbers under the pointer."""
    tips = [
        ("codec", "@codec"),
        ("rate", "@rate"),
        ("file", "@bytes bytes, @kbps kbit/s, @bpp bpp"),
        (escape(metric_of(metric).title), "@value"),
        ("encode", "@seconds s"),
    ]
    markers = [each for item in items for each in item.renderers if isinstance(each.glyph, Scatter)]
    _explain(plot, markers, tips)


def _explain(plot: figure, renderers: Sequence[Any], tips: list[tuple[str, str]]) -> None:
    """Show `tips` under the pointer; bokeh takes their fixed parts as HTML."""
    plot.add_tools(HoverTool(renderers=list(renderers), tooltips=tips, visible=False))
