"""What a person or a program sees while a command works; all of it goes to stderr or to --progress."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from invr.decoder import DecodeProgress
    from invr.encode_progress import EncodeProgress
    from invr.goals import Outcome
    from invr.work import Work

LINE_EVERY_S = 10.0


class Display:
    """A tqdm line on a terminal that can redraw it, a plain line every ten seconds elsewhere, nothing when quiet.

    `records` gets blocks of `key=value` lines in FFmpeg's `-progress` grammar; readers ignore keys they do not know.
    """

    def __init__(self, *, quiet: bool, records: BinaryIO | None) -> None:
        self._quiet = quiet
        self._records = records
        self._bar: Any = None
        self._started = self._last_line = time.monotonic()
        if not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from tqdm import tqdm

            self._bar = tqdm(
                total=1.0, bar_format="{percentage:3.0f}% |{bar:12}| {desc}", file=sys.stderr, leave=False
            )

    def show(self, line: str, done: float | None, record: dict[str, object]) -> None:
        """Show one state; `done` is the finished share of the work, None if unknown."""
        self._write_record(record | {"progress": "continue"})
        if self._bar is not None:
            self._bar.n = min(1.0, done or 0.0)
            self._bar.set_description_str(line)
        elif not self._quiet and time.monotonic() - self._last_line >= LINE_EVERY_S:
            self._last_line = time.monotonic()
            percent = "" if done is None else f"{100 * done:.0f}% | "
            sys.stderr.write(f"{percent}{line}\n")

    def finish(self, line: str, record: dict[str, object]) -> None:
        """Take the bar away and leave one line."""
        self._write_record(record | {"progress": "end"})
        self.close()
        if not self._quiet:
            sys.stderr.write(line + "\n")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def note(self, line: str) -> None:
        """One line that stays."""
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        elif not self._quiet:
            sys.stderr.write(line + "\n")

    def say(self, message: str) -> None:
        """One line about how the work goes on."""
        self.note(f"invr: {message}")

    def warn(self, message: str) -> None:
        """One line about something that is not kept."""
        if not self._quiet:
            warn(message)

    def _write_record(self, record: dict[str, object]) -> None:
        if self._records is not None:
            self._records.write("".join(f"{key}={value}\n" for key, value in record.items()).encode())


def warn(message: str) -> None:
    """One line on stderr, said even where quiet is asked for: something went wrong, and the rest was done."""
    sys.stderr.write(f"invr: warning: {message}\n")


def encode_line(state: EncodeProgress) -> str:
    """`chunk 2/12 | fit 35.12 dB | 41.2 kB | 0.012x | 00:12 elapsed, eta 00:27`."""
    chunks = state.chunks or "?"
    eta = "?" if state.eta_s is None else clock(state.eta_s)
    part = f" net {state.unit + 1}/{state.units}" if state.units > 1 else ""
    return (
        f"chunk {state.chunk + 1}/{chunks}{part} | fit {state.fit.psnr_db:.2f} dB | {size(state.bytes_written)} | "
        f"{speed(state.encoded_s, state.elapsed_s)} | {clock(state.elapsed_s)} elapsed, eta {eta}"
    )


def encode_record(state: EncodeProgress) -> dict[str, object]:
    """The same for programs."""
    return {
        "chunk": state.chunk + 1,
        "chunks": state.chunks or "N/A",
        "net": state.unit + 1,
        "nets": state.units,
        "step": state.fit.step,
        "steps": state.fit.steps,
        "psnr_db": f"{state.fit.psnr_db:.3f}",
        "total_size": state.bytes_written,
        "out_time_us": round(state.encoded_s * 1e6),
        "speed": speed(state.encoded_s, state.elapsed_s),
        "percent": f"{100 * state.done:.2f}" if state.chunks else "N/A",
    }


def decode_line(state: DecodeProgress, elapsed_s: float) -> str:
    """`chunk 2/12 | 64 frames | 21.3 fps`."""
    fps = state.frames / elapsed_s if elapsed_s > 0 else 0.0
    return f"chunk {state.chunk}/{state.chunks or '?'} | {state.frames} frames | {fps:.1f} fps"


def decode_record(state: DecodeProgress, elapsed_s: float) -> dict[str, object]:
    """The same for programs, with FFmpeg's names."""
    return {
        "frame": state.frames,
        "fps": f"{state.frames / max(elapsed_s, 1e-9):.2f}",
        "samples": state.samples,
        "chunk": state.chunk,
        "chunks": state.chunks or "N/A",
        "out_time_us": round(state.time_s * 1e6),
    }


def work_line(work: Work) -> str:
    """`work: 4.2e+08 multiply-adds, 3.1 % of the whole file's; 9000 pixels, 0 samples; chunks 1 of 4; read ...`."""
    about = "" if work.exact else "about "
    share = "" if work.share is None else f", {about}{percentage(work.share)} of the whole file's"
    of_chunks = f" of {work.whole_chunks}" if work.whole_chunks else ""
    of_bytes = f" of {size(work.whole_bytes)}" if work.whole_bytes else ""
    return (
        f"work: {work.macs:.2e} multiply-adds{share}; {work.pixels} pixels, {work.samples} samples; "
        f"chunks {work.chunks}{of_chunks}; read {size(work.bytes_read)}{of_bytes}"
    )


def percentage(share: float) -> str:
    """`3.1 %`."""
    return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"


def outcome_text(outcome: Outcome) -> str:
    """`target 30.00 dB: 30.12 dB`."""
    show = OUTCOME_TEXTS[outcome.name]
    return f"target {show(outcome.wanted)}: {show(outcome.reached)}"


def clock(seconds: float) -> str:
    """`01:02`, or `1:01:02` from an hour on."""
    total = round(seconds)
    hours, rest = divmod(total, 3600)
    minutes_seconds = f"{rest // 60:02}:{rest % 60:02}"
    return f"{hours}:{minutes_seconds}" if hours else minutes_seconds


def size(count: float) -> str:
    """Bytes for a person."""
    count = round(count)
    return f"{count} B" if count < 1000 else f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.2f} MB"


def speed(media_s: float, elapsed_s: float) -> str:
    """Media time per wall time."""
    ratio = media_s / elapsed_s if elapsed_s > 0 else 0.0
    return f"{ratio:.3g}x"


def decibels(value: float, name: str) -> list[str]:
    """`['PSNR 31.20 dB']`, or nothing for a medium that is absent."""
    return [] if math.isnan(value) else [f"{name} {value:.2f} dB"]


OUTCOME_TEXTS: dict[str, Callable[[float], str]] = {
    "psnr": lambda psnr_db: f"{psnr_db:.2f} dB",
    "size": size,
    "bitrate": lambda bits_per_s: f"{bits_per_s / 1e3:.1f} kbit/s",
    "time": lambda time_s: f"{time_s:.1f} s",
}
