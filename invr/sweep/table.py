"""The results of a sweep as text for people and as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from invr.sweep.results import BitPoint, SizePoint, Sweep

Value = float | int | str | None
Point = BitPoint | SizePoint

ABSENT, LOSSLESS = "-", "exact"
PHASES_KEPT = (
    "tensors that hold frequencies and phases have the bits that their phases need, all others those of the row"
)
PHASES_NOT_KEPT = (
    "every tensor has the bits of the row, those that hold frequencies and phases too, as --every-tensor asks; the "
    "differences of motion take one more"
)
NOTES = {
    "sqnr_db": "SQNR: squares of all weights over squares of their quantization errors",
    "plain_sqnr_db": "SQNR w/o phases: the same of the tensors that hold neither frequencies nor phases",
    "picture_sqnr_db": "SQNR of frames: the middle frame of each chunk against that of the unquantized networks",
    "loss": "loss: mean squared error, values in [-1, 1], sound scaled to a peak of one as for its fit",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the name in CSV and JSON of what it shows, and how that is written."""

    title: str
    name: str
    form: str = "d"

    def value(self, point: Point) -> Value:
        """A field or a score of the point."""
        value: Value = point.scores.get(self.name) if self.name in _SCORE_NAMES else getattr(point, self.name)
        return value

    def text(self, point: Point) -> str:
        """The cell."""
        value = self.value(point)
        if value is None:
            return LOSSLESS if self.name in ("sqnr_db", "plain_sqnr_db") else ABSENT
        return value if isinstance(value, str) else f"{value:{self.form}}"


_SCORES = (
    Column("PSNR dB", "psnr_rgb_db", ".2f"),
    Column("SSIM", "ssim", ".4f"),
    Column("SNR dB", "snr_db", ".2f"),
    Column("LSD dB", "lsd_db", ".2f"),
    Column("ViSQOL", "visqol_mos", ".2f"),
    Column("CDPAM", "cdpam", ".4f"),
)
_SCORE_NAMES = frozenset(column.name for column in _SCORES)


def bit_columns(points: Sequence[BitPoint]) -> list[Column]:
    """The columns of the table of bit widths."""
    of_frames = [Column("of frames", "picture_sqnr_db", ".2f")]
    return [
        Column("bits", "bits"),
        Column("file B", "file_bytes"),
        Column("payload B", "payload_bytes"),
        *_score_columns(points),
        Column("SQNR dB", "sqnr_db", ".2f"),
        Column("w/o phases", "plain_sqnr_db", ".2f"),
        *(of_frames if any(point.picture_sqnr_db is not None for point in points) else []),
    ]


def size_columns(points: Sequence[SizePoint]) -> list[Column]:
    """The columns of the table of sizes."""
    return [
        Column("medium", "medium"),
        Column("network", "network"),
        Column("s", "duration_s", "g"),
        Column("depth", "depth"),
        Column("width", "width"),
        Column("bits", "bits"),
        Column("parameters", "parameters"),
        Column("file B", "file_bytes"),
        Column("payload B", "payload_bytes"),
        Column("B/s", "bytes_per_s", ".0f"),
        Column("loss", "loss", ".3e"),
        *_score_columns(points),
        Column("fit s", "fit_s", ".1f"),
    ]


def _score_columns(points: Sequence[Point]) -> list[Column]:
    """Of the scores that any of the points has or misses."""
    found = {name for point in points for name in (*point.scores, *point.missing)}
    return [column for column in _SCORES if column.name in found]


def text_of(sweep: Sweep) -> str:
    """Aligned tables of both sweeps, and below each what its columns mean and what is missing."""
    parts = []
    if sweep.bits:
        columns = bit_columns(sweep.bits)
        parts += [
            _aligned(columns, sweep.bits),
            _lines([phases_line(sweep), *notes_of(columns), *missing_lines(sweep.bits)]),
        ]
    if sweep.sizes:
        sized = size_columns(sweep.sizes)
        parts += [_aligned(sized, sweep.sizes), _lines([*notes_of(sized), *missing_lines(sweep.sizes)])]
    return "\n".join(parts)


def phases_line(sweep: Sweep) -> str:
    """Which way the tensors of phases were quantized."""
    return PHASES_KEPT if sweep.keep_phases else PHASES_NOT_KEPT


def notes_of(columns: Sequence[Column]) -> list[str]:
    """What columns mean."""
    names = {column.name for column in columns}
    return [note for name, note in NOTES.items() if name in names]


def missing_lines(points: Sequence[Point]) -> list[str]:
    """Why scores are missing, each reason once and with the number of rows."""
    reasons = Counter(f"{name}: {reason}" for point in points for name, reason in point.missing.items())
    return [f"missing in {count} of {len(points)} rows: {reason}" for reason, count in reasons.items()]


def comma_separated(columns: Sequence[Column], points: Sequence[Point]) -> str:
    """One row a point; the last column says why scores are missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(column.name for column in columns), "missing"])
    for point in points:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in point.missing.items())
        writer.writerow([*(_plain(column.value(point)) for column in columns), reasons])
    return text.getvalue()


def _aligned(columns: Sequence[Column], points: Sequence[Point]) -> str:
    rows = [[column.title for column in columns], *([column.text(point) for column in columns] for point in points)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(columns))]
    words = [isinstance(column.value(points[0]), str) for column in columns]
    lines = (
        "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, words, strict=True)
        )
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _lines(texts: Sequence[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _plain(value: Value) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
