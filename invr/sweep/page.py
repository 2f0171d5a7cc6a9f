"""The page of a sweep: tables, plots by bokeh, contact sheet and histograms in one HTML file that loads nothing."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    LegendItem,
    NumeralTickFormatter,
    PrintfTickFormatter,
)
from bokeh.plotting import figure

from invr.report.choose import metric_of
from invr.report.codecs import MARKERS
from invr.report.curves import HEIGHT, NEUTRAL, TOOLS, Plots, scripts, with_legend
from invr.report.looks import PAGE, SCRIPT, STYLE
from invr.report.text import number, sentence, significant, table
from invr.sweep.results import Histogram, SizePoint, Sweep, TensorNoise, in_bits
from invr.sweep.table import Column, Point, bit_columns, missing_lines, notes_of, phases_line, size_columns

COLORS = ("#d55e00", "#2580c3", "#009e73", "#8d6cc9", "#e69f00", "#808080")
DASHES = ("solid", "dashed", "dotted", "dotdash")
THEORY = "6.02 dB a bit"
DB_PER_BIT = 20 * math.log10(2)
BAR_WIDTH, BAR_HEIGHT = 96, 40
# decades that the data span at most -> the ticks of each decade
MANTISSAS = {1.2: (1, 2, 3, 5), 2.5: (1, 2, 5), 99.0: (1,)}
LARGER_IS_WORSE = {"lsd_db", "cdpam"}

Series = tuple[str, Sequence[float], Sequence[float | None]]

_STYLE = """
.numbers th, .numbers td { text-align: right; }
.contact img { display: block; max-width: 100%; height: auto; }
.histograms svg { display: block; width: 5.2rem; height: 2.5rem; border-bottom: 1px solid var(--soft); }
.histograms .bars { fill: var(--accent); }
.histograms td, .histograms th { text-align: center; font-size: .75rem; padding: .3rem .35rem; }
.histograms tbody th { text-align: left; }
.histograms small { display: block; color: var(--soft); }
"""


def build_page(sweep: Sweep, folder: Path) -> str:
    """The page as HTML; the contact sheet is read from `folder`."""
    plots = Plots()
    sections: dict[str, str] = {}
    if sweep.bits:
        sections["Bit width"] = _bits(sweep, plots)
    if sweep.contact:
        sections["Contact sheet"] = _contact(sweep, folder)
    if sweep.histograms:
        sections["Weights"] = _weights(sweep)
    if sweep.sizes:
        sections["Network size"] = _sizes(sweep.sizes, plots)
    code = "\n".join(f"<script>{text}</script>" for text in [*scripts(), SCRIPT])
    body = _header(sweep, list(sections))
    body += "".join(f'<h2 id="{_anchor(title)}">{title}</h2>\n{text}\n' for title, text in sections.items())
    return PAGE.substitute(title="invr sweep", style=STYLE + _STYLE, body=body, plots=plots.packed(), scripts=code)


def _header(sweep: Sweep, titles: Sequence[str]) -> str:
    links = "".join(f'<a href="#{_anchor(title)}">{title}</a>' for title in titles)
    facts = {
        "settings": ", ".join(f"{key} {value}" for key, value in sweep.settings.items()),
        "machine": ", ".join(f"{key} {value}" for key, value in sweep.machine.items()),
    }
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    return (
        f'<header><h1>invr sweep: {escape(sweep.source)}</h1>\n<code class="command">{escape(sweep.command)}</code>\n'
        f'<dl class="machine">{rows}</dl>\n</header>\n<nav>{links}</nav>\n'
    )


def _bits(sweep: Sweep, plots: Plots) -> str:
    points = sweep.bits
    widths = [point.bits for point in points]
    title = "Size"
    kilobytes = [
        ("file", widths, [point.file_bytes / 1000 for point in points]),
        ("compressed weights", widths, [point.payload_bytes / 1000 for point in points]),
    ]
    placed = plots.place(_plot("bits of a weight", "kB", kilobytes), title)
    for name in dict.fromkeys(name for point in points for name in point.scores):
        metric = metric_of(name)
        series = [("decoded file", widths, [point.scores.get(name) for point in points])]
        placed += plots.place(_plot("bits of a weight", metric.label, series), metric.title)
    noise: list[Series] = [
        ("all weights", widths, [point.sqnr_db for point in points]),
        ("without phases", widths, [point.plain_sqnr_db for point in points]),
        ("frames", widths, [point.picture_sqnr_db for point in points]),
        (THEORY, widths, [DB_PER_BIT * width for width in widths]),
    ]
    placed += plots.place(_plot("bits of a weight", "SQNR (dB)", noise), "Signal to quantization noise")
    columns = bit_columns(points)
    exception = " (1 bit never is)" if points[0].bits == 1 else ""
    symmetric = f"symmetric around zero{exception}" if sweep.symmetric else "with zero-points"
    intro = f"One fit, quantized {len(points)} times, {symmetric}: {phases_line(sweep)}."
    return f"<p>{escape(intro)}</p>{_table(columns, points)}" + f'<div class="plots">{placed}</div>'


def _contact(sweep: Sweep, folder: Path) -> str:
    assert sweep.contact is not None
    picture = base64.b64encode((folder / sweep.contact.file).read_bytes()).decode()
    cells = escape(", ".join(sweep.contact.cells), quote=True)
    caption = f"Frame {sweep.contact.frame} as it was, and as the file of each width decodes."
    image = f'<img src="data:image/png;base64,{picture}" alt="{cells}">'
    return f'<figure class="contact">{image}<figcaption>{caption}</figcaption></figure>'


def _weights(sweep: Sweep) -> str:
    noise = {(point.bits, tensor.network, tensor.tensor): tensor for point in sweep.bits for tensor in point.tensors}
    head = ["Tensor", "as fitted", *(in_bits(point.bits) for point in sweep.bits)]
    rows = []
    for each in sweep.histograms:
        shape = "×".join(str(size) for size in each.shape)
        row = f'<th scope="row"><b>{escape(each.tensor)}</b> {shape}<small>{_ends(each)}</small></th>'
        row += f"<td>{_bars(each.fitted)}<small>{escape(each.network)}</small></td>"
        for bits, counts in each.quantized.items():
            row += f"<td>{_bars(counts)}{_loss(noise[bits, each.network, each.tensor])}</td>"
        rows.append(row)
    intro = (
        "Weights of the networks of the first chunk, all widths over the interval given on the left, each scaled to "
        "its fullest bin; below each, the bits that the tensor was stored with and its SQNR over all chunks."
    )
    return f"<p>{intro}</p>{table(head, rows, 'histograms')}"


def _bars(counts: Sequence[int]) -> str:
    step, most = BAR_WIDTH / len(counts), max(counts)
    path = "".join(
        f"M{i * step:.1f} {BAR_HEIGHT}v{-BAR_HEIGHT * count / most:.1f}h{step:.1f}V{BAR_HEIGHT}z"
        for i, count in enumerate(counts)
        if count
    )
    box = f'viewBox="0 0 {BAR_WIDTH} {BAR_HEIGHT}" preserveAspectRatio="none"'
    return f'<svg {box}><path class="bars" d="{path}"/></svg>'


def _ends(histogram: Histogram) -> str:
    return f"{significant(histogram.low)} to {significant(histogram.high)}"


def _loss(tensor: TensorNoise) -> str:
    level = f"{number(tensor.sqnr_db, 1)} dB" if tensor.sqnr_db is not None else "exact"
    return f"<small>{in_bits(tensor.bits)}</small><small>{level}</small>"


def _sizes(points: Sequence[SizePoint], plots: Plots) -> str:
    text = _table(size_columns(points), points)
    for medium in dict.fromkeys(point.medium for point in points):
        own = [point for point in points if point.medium == medium]
        placed = plots.place(_size_plot(own, "loss (MSE)", "loss", log_y=True), "Loss")
        for name in dict.fromkeys(name for point in own for name in point.scores):
            metric = metric_of(name)
            plot = _size_plot(own, metric.label, name)
            worse = ", lower is better" if name in LARGER_IS_WORSE else ""
            placed += plots.place(plot, metric.title + worse)
        if len({point.duration_s for point in own}) > 1:
            placed += plots.place(_duration_plot(own), "Loss and length")
        text += f'<h3>{"Pictures" if medium == "video" else "Sound"}</h3><div class="plots">{placed}</div>'
    return text


def _size_plot(points: Sequence[SizePoint], y_label: str, name: str, *, log_y: bool = False) -> figure:
    """A value against the number of parameters, one line for each depth and duration."""
    groups: dict[tuple[float, int], list[SizePoint]] = {}
    for point in sorted(points, key=lambda point: point.parameters):
        groups.setdefault((point.duration_s, point.depth), []).append(point)
    series: list[Series] = [
        (
            f"{duration_s:g} s, {depth} hidden",
            [p.parameters for p in own],
            [p.loss if name == "loss" else p.scores.get(name) for p in own],
        )
        for (duration_s, depth), own in sorted(groups.items())
    ]
    depths = len({depth for _, depth in groups})
    return _plot("parameters", y_label, series, log_x=True, log_y=log_y, per_color=depths)


def _duration_plot(points: Sequence[SizePoint]) -> figure:
    groups: dict[tuple[int, int], list[SizePoint]] = {}
    for point in sorted(points, key=lambda point: point.duration_s):
        groups.setdefault((point.width, point.depth), []).append(point)
    series: list[Series] = [
        (f"{width}×{depth}", [p.duration_s for p in own], [p.loss for p in own])
        for (width, depth), own in sorted(groups.items())
    ]
    depths = len({depth for _, depth in groups})
    return _plot("seconds", "loss (MSE)", series, log_x=True, log_y=True, per_color=depths)


def _plot(
    x_label: str,
    y_label: str,
    series: Sequence[Series],
    *,
    log_x: bool = False,
    log_y: bool = False,
    per_color: int = 1,
) -> figure:
    """Lines with markers; `per_color` neighbours share a colour and differ in dash and marker."""
    plot = _empty(x_label, y_label, log_x=log_x, log_y=log_y)
    items = []
    kept = [(name, [(a, b) for a, b in zip(x, y, strict=True) if b is not None]) for name, x, y in series]
    kept = [(name, pairs) for name, pairs in kept if pairs]
    for place, (name, pairs) in enumerate(kept):
        items.append(LegendItem(label=name, renderers=_line(plot, name, pairs, place, per_color)))
    values = [pair for _, pairs in kept for pair in pairs]
    for axis, k, log in ((plot.xaxis, 0, log_x), (plot.yaxis, 1, log_y)):
        if log:
            axis.ticker = _log_ticks([pair[k] for pair in values])
    if not log_x and values:
        plot.xaxis.ticker = FixedTicker(ticks=sorted({a for a, _ in values}))
    return with_legend(plot, items) if len(items) > 1 else plot


def _line(plot: figure, name: str, pairs: list[tuple[float, float]], place: int, per_color: int) -> list[Any]:
    """One line, and a marker at each point that shows its numbers under the pointer; theory has none."""
    color = NEUTRAL if name == THEORY else COLORS[place // per_color % len(COLORS)]
    style = place % per_color
    x, y = zip(*pairs, strict=True)
    source = ColumnDataSource({"x": list(x), "y": list(y), "name": [name] * len(pairs)})
    dash = "dotted" if name == THEORY else DASHES[style % len(DASHES)]
    line = plot.line("x", "y", source=source, color=color, line_width=2, line_dash=dash)
    if name == THEORY:
        return [line]
    marks = plot.scatter("x", "y", source=source, color=color, size=8, marker=MARKERS[style % len(MARKERS)])
    tips = [("", "@name"), (plot.xaxis.axis_label, "@x{0,0.[00]}"), (plot.yaxis.axis_label, "@y{%0.4g}")]
    plot.add_tools(HoverTool(renderers=[marks], tooltips=tips, formatters={"@y": "printf"}, visible=False))
    return [line, marks]


def _empty(x_label: str, y_label: str, *, log_x: bool, log_y: bool) -> figure:
    """A figure without data, in colours that can be read on white and on black."""
    plot = figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_axis_type="log" if log_x else "linear",
        y_axis_type="log" if log_y else "linear",
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
    plot.toolbar.logo = None
    plot.grid.grid_line_color, plot.grid.grid_line_alpha = NEUTRAL, 0.25
    plot.xaxis.formatter = NumeralTickFormatter(format="0,0[.]00")
    if log_y:
        plot.yaxis.formatter = PrintfTickFormatter(format="%.0e")
    for axis in plot.axis:
        axis.axis_label_text_color = axis.major_label_text_color = NEUTRAL
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = NEUTRAL
        axis.axis_label_text_font_style, axis.axis_label_text_font_size = "normal", "13px"
        axis.major_label_text_font_size = "12px"
    return plot


def _log_ticks(values: Sequence[float]) -> FixedTicker:
    span = math.log10(max(values) / min(values))
    mantissas = next(ticks for decades, ticks in MANTISSAS.items() if span <= decades)
    decades = range(math.floor(math.log10(min(values))) - 1, math.ceil(math.log10(max(values))) + 2)
    return FixedTicker(ticks=[each * 10.0**decade for decade in decades for each in mantissas])


def _table(columns: Sequence[Column], points: Sequence[Point]) -> str:
    rows = ["".join(f"<td>{escape(column.text(point))}</td>" for column in columns) for point in points]
    notes = [*notes_of(columns), *missing_lines(points)]
    return table([column.title for column in columns], rows, "numbers") + "".join(sentence(note) for note in notes)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
