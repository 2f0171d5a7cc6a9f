"""The results of a benchmark as text for people (Markdown) and for spreadsheets (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from invr.bench.results import BdRate, Bench, ClipInfo, Point

MIB = 1 << 20

# Columns beside the metrics: heading, and the cell of a point.
COSTS: dict[str, Callable[[Point], str]] = {
    "codec": lambda point: point.codec,
    "rate": lambda point: point.rate,
    "file B": lambda point: str(point.file_bytes),
    "payload B": lambda point: str(point.payload_bytes),
    "bpp": lambda point: f"{point.bpp:.4f}" if point.bpp is not None else "",
    "kbit/s": lambda point: f"{point.kbps:.1f}" if point.kbps else "",
}
TIMES: dict[str, Callable[[Point], str]] = {
    "enc s": lambda point: f"{point.encode_s:.2f}",
    "enc CPU s": lambda point: f"{point.encode_cpu_s:.2f}",
    "enc MiB": lambda point: _mebibytes(point.encode_peak_bytes),
    "dec s": lambda point: f"{point.decode_s:.2f}",
    "dec CPU s": lambda point: f"{point.decode_cpu_s:.2f}",
    "dec MiB": lambda point: _mebibytes(point.decode_peak_bytes),
    "MAC/px": lambda point: f"{point.mac_per_pixel:.0f}" if point.mac_per_pixel is not None else "",
}
SHOWN_METRICS = (
    ("psnr_rgb_db", "PSNR RGB", 2),
    ("psnr_rgb_mse_db", "over MSE", 2),
    ("psnr_yuv_db", "PSNR YUV", 2),
    ("ssim", "SSIM", 4),
    ("ms_ssim", "MS-SSIM", 4),
    ("lpips", "LPIPS", 4),
    ("snr_db", "SNR", 2),
    ("lsd_db", "LSD", 2),
    ("visqol_mos", "ViSQOL", 2),
    ("pesq_mos", "PESQ", 2),
    ("stoi", "STOI", 3),
    ("cdpam", "CDPAM", 3),
)


def markdown(bench: Bench) -> str:
    """Tables of all points, one for each clip, and of all BD-rates, behind the command and the machine."""
    parts = [f"Command: `{bench.command}`", machine_line(bench.machine)]
    for clip in bench.clips:
        points = [point for point in bench.points if point.clip == clip.name]
        parts += [f"## {clip.name}", _clip(clip), _points(points)]
    if bench.bd_rates:
        parts += ["## BD-rate", _deltas(bench.bd_rates)]
    return "\n\n".join(parts) + "\n"


def comma_separated(bench: Bench) -> str:
    """One line for each point, with all its metrics."""
    metrics = sorted({name for point in bench.points for name in point.metrics})
    columns = [
        *(
            "clip",
            "codec",
            "rate",
            "medium",
            "file_bytes",
            "payload_bytes",
            "bpp",
            "kbps",
            "encode_s",
            "encode_cpu_s",
        ),
        *("encode_peak_bytes", "decode_s", "decode_cpu_s", "decode_peak_bytes", "mac_per_pixel"),
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *metrics, "notes", "error"])
    for point in bench.points:
        cells = [_plain(getattr(point, name)) for name in columns]
        scores = [_plain(point.metrics.get(name)) for name in metrics]
        writer.writerow([*cells, *scores, "; ".join(point.notes), point.error])
    return text.getvalue()


def _plain(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def machine_line(machine: dict[str, str]) -> str:
    """What was measured on, in one line."""
    return "Machine: " + ", ".join(f"{name} {value}" for name, value in machine.items())


def _clip(clip: ClipInfo) -> str:
    parts = [f"`{clip.path}`"]
    if clip.frames:
        rate = f" at {clip.fps:.3f} fps" if clip.fps else ""
        parts.append(f"{clip.width}x{clip.height}, {clip.frames} frames{rate}")
    if clip.samples:
        parts.append(f"{clip.samples} samples of {clip.channels} channels at {clip.sample_rate_hz} Hz")
    return ", ".join(parts)


def _points(points: list[Point]) -> str:
    metrics = [item for item in SHOWN_METRICS if any(item[0] in point.metrics for point in points)]
    rows = []
    for point in points:
        if point.error:
            rows.append([point.codec, point.rate, f"failed: {point.error}"])
            continue
        scores = [f"{point.metrics[name]:.{digits}f}" if name in point.metrics else "" for name, _, digits in metrics]
        rows.append([*(cell(point) for cell in COSTS.values()), *scores, *(cell(point) for cell in TIMES.values())])
    notes = _notes(points)
    table = _table([*COSTS, *(title for _, title, _ in metrics), *TIMES], rows, words=2)
    return "\n\n".join([table, *(["\n".join(f"- {note}" for note in notes)] if notes else [])])


def _notes(points: list[Point]) -> list[str]:
    """Each note once, behind the codecs that it is about; one that is about all stands alone."""
    codecs: dict[str, list[str]] = {}
    for point in points:
        for note in point.notes:
            if point.codec not in codecs.setdefault(note, []):
                codecs[note].append(point.codec)
    everyone = len({point.codec for point in points if not point.error})
    return [note if len(names) == everyone else f"{', '.join(names)}: {note}" for note, names in codecs.items()]


def _deltas(deltas: tuple[BdRate, ...]) -> str:
    rows = []
    for delta in deltas:
        overlap = f"{delta.overlap[0]:.2f} to {delta.overlap[1]:.2f}" if delta.overlap else ""
        percent = f"{delta.percent:+.1f} %" if delta.percent is not None else "-"
        basis = "payload" if delta.rate == "payload_bytes" else "file"
        rows.append([delta.clip, delta.codec, delta.anchor, delta.metric, basis, percent, overlap, delta.note])
    return _table(["clip", "codec", "anchor", "metric", "bytes", "BD-rate", "overlap", "note"], rows, words=5)


def _table(headings: list[str], rows: list[list[str]], words: int) -> str:
    """A Markdown table whose first `words` columns are text and whose others are numbers."""
    ruler = ["---" if number < words else "---:" for number in range(len(headings))]
    lines = [headings, ruler, *([*row, *[""] * (len(headings) - len(row))] for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _mebibytes(size: int | None) -> str:
    return f"{size / MIB:.0f}" if size is not None else ""
