"""The tables of the page: clips, delta rates and all points."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from invr.bench.results import BdRate, ClipInfo, Point
from invr.report.choose import metric_names, metric_of
from invr.report.codecs import in_order, is_network, style_of
from invr.report.text import ABSENT, left, megabytes, number, right, significant, table

NO_OVERLAP = "no overlap"

BASES = {"payload_bytes": "payload", "file_bytes": "file"}


def clip_table(clips: Sequence[ClipInfo]) -> str:
    """What was encoded."""
    head = ("Clip", "Medium", "Size", "Frames", "Frames/s", "Sound", "Seconds", "Crop", "Source", "SHA-256")
    rows = []
    for clip in clips:
        size = f"{clip.width}×{clip.height}" if clip.width else ABSENT
        sound = f"{number(clip.sample_rate_hz)} Hz, {clip.channels} ch" if clip.sample_rate_hz else ABSENT
        crop = "{2}×{3} at {0}, {1}".format(*clip.crop) if clip.crop else ABSENT
        cells = [
            f'<th scope="row">{escape(clip.name)}</th>',
            left(clip.medium),
            right(size),
            right(number(clip.frames) if clip.frames else ABSENT),
            right(significant(clip.fps, 4) if clip.fps else ABSENT),
            right(sound),
            right(number(clip.duration_s, 2)),
            right(crop),
            left(clip.path),
            f'<td><code title="{escape(clip.sha256)}">{escape(clip.sha256[:12])}</code></td>',
        ]
        rows.append("".join(cells))
    return table(head, rows, "clips")


def bd_rate_table(rates: Sequence[BdRate], clip: ClipInfo) -> str:
    """One row for each metric, kind of bytes and codec, one column for each anchor; "" without delta rates."""
    found = [rate for rate in rates if rate.clip == clip.name]
    if not found:
        return ""
    anchors = in_order({rate.anchor for rate in found})
    cells = {(rate.metric, rate.rate, rate.codec, rate.anchor): rate for rate in found}
    rows = []
    for metric, basis in dict.fromkeys((rate.metric, rate.rate) for rate in found):
        for codec in in_order({rate.codec for rate in found if (rate.metric, rate.rate) == (metric, basis)}):
            row = [codec_head(codec), left(metric_of(metric).title), left(BASES.get(basis, basis))]
            row += [_bd_cell(cells.get((metric, basis, codec, anchor))) for anchor in anchors]
            rows.append("".join(row))
    return table(("Codec", "Metric", "Bytes", *(f"against {anchor}" for anchor in anchors)), rows, "bd")


def _bd_cell(rate: BdRate | None) -> str:
    if rate is None:
        return right(ABSENT)
    metric = metric_of(rate.metric)
    if rate.percent is None:
        return right(f'<span class="none">{escape(rate.note or NO_OVERLAP)}</span>')
    sign = "+" if rate.percent > 0 else ""
    kind = "more" if rate.percent > 0 else "less"
    text = f'<b class="{kind}">{sign}{number(rate.percent, 1)} %</b>'
    if rate.overlap is not None:
        low, high = (number(end, metric.decimals) for end in rate.overlap)
        text += f"<small>{low} to {high} {escape(metric.unit)}</small>"
    return right(text + (f"<small>{escape(rate.note)}</small>" if rate.note else ""))


def codec_head(codec: str) -> str:
    """A row's head: the codec with its colour."""
    kind = "network" if is_network(codec) else "anchor"
    dot = f'<i class="dot" style="background:{style_of(codec).color}"></i>'
    return f'<th scope="row" class="{kind}">{dot}{escape(codec)}</th>'


def point_table(points: Sequence[Point]) -> str:
    """Every point of a clip; one that failed says why."""
    metrics = metric_names(points)
    costs = [f"{stage} {cost}" for stage in ("Encode", "Decode") for cost in ("s", "CPU s", "peak MB")]
    head = ["Codec", "Rate", "File bytes", "Payload bytes", "bpp", "kbit/s"]
    head += [metric_of(name).label for name in metrics] + costs + ["MAC/pixel"]
    noted = any(point.notes for point in points)
    width = len(head) - 2 + noted
    rows = []
    for point in points:
        names = codec_head(point.codec) + left(point.rate)
        if point.error:
            rows.append(f'{names}<td class="failed" colspan="{width}">not measured: {escape(point.error)}</td>')
        else:
            rows.append(names + _numbers(point, metrics) + (left("; ".join(point.notes)) if noted else ""))
    return table([*head, "Notes"] if noted else head, rows, "points")


def _numbers(point: Point, metrics: Sequence[str]) -> str:
    texts = [
        number(point.file_bytes),
        number(point.payload_bytes),
        number(point.bpp, 4),
        number(point.kbps, 1),
        *(number(point.metrics.get(name), metric_of(name).decimals) for name in metrics),
        significant(point.encode_s),
        significant(point.encode_cpu_s),
        megabytes(point.encode_peak_bytes),
        significant(point.decode_s),
        significant(point.decode_cpu_s),
        megabytes(point.decode_peak_bytes),
        number(point.mac_per_pixel),
    ]
    return "".join(right(text) for text in texts)
