"""A whole benchmark: every clip through every codec, each measurement kept as soon as it is made."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inrv_format.errors import OutputError

from invr.bench.clips import BenchClip, load_clip
from invr.bench.config import BenchConfig, CodecConfig
from invr.bench.encodes import coded_together, definition, measure, takes
from invr.bench.results import BdRate, Bench, ClipInfo, Point, point_from_record
from invr.metrics.bdrate import bd_rate

FILES = "files"
RATES = ("payload_bytes", "file_bytes")


class Journal:
    """Points that are measured already, kept in a file of one JSON object a line.

    A point counts only for the very clip, codec and rate that it was measured with.
    """

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self._path = path
        self._points: dict[str, Point] = {}
        if fresh:
            path.unlink(missing_ok=True)
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    record = json.loads(line)
                except ValueError:  # the line that was being written when the program was stopped
                    continue
                self._points[record["key"]] = point_from_record(record["point"])

    def __getitem__(self, key: str) -> Point:
        """The last point with these settings."""
        return self._points[key]

    def has(self, key: str) -> bool:
        """Whether a point was measured with these settings; one that failed is tried again."""
        return key in self._points and not self._points[key].error

    def add(self, key: str, point: Point) -> None:
        """Keep a point."""
        self._points[key] = point
        with self._path.open("a") as file:
            file.write(json.dumps({"key": key, "point": asdict(point)}) + "\n")


def execute(
    config: BenchConfig,
    folder: str | os.PathLike[str],
    command: str,
    report: Callable[[str], None],
    *,
    fresh: bool = False,
) -> Bench:
    """Measure all that is not in `folder` yet; `report` gets a line for each point. Returns the whole.

    Encoded files stay below `folder`, points in its `points.jsonl`: started again, a benchmark goes on.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{place}: {error.strerror}") from error
    journal = Journal(place / "points.jsonl", fresh=fresh)
    clips: list[ClipInfo] = []
    points: list[Point] = []
    for clip_config in config.clips:
        clip = load_clip(clip_config, place / FILES)
        clips.append(clip.info)
        for codec in config.codecs:
            if takes(codec, clip):
                for point in _points(clip, codec, config, place, journal, report):
                    points.append(point)
    deltas = tuple(_deltas(points, config))
    return Bench(command, machine(), tuple(clips), tuple(points), deltas)


def _points(
    clip: BenchClip,
    codec: CodecConfig,
    config: BenchConfig,
    place: Path,
    journal: Journal,
    report: Callable[[str], None],
) -> Iterator[Point]:
    keys = {rate: _key(clip, codec, rate, config.metrics) for rate in codec.rates}
    missing = [rate for rate in codec.rates if not journal.has(keys[rate])]
    if missing and coded_together(codec):
        missing = list(codec.rates)
    folder = place / FILES / clip.info.name
    for rate, point in measure(clip, codec, missing, folder, config.metrics):
        journal.add(keys[rate], point)
        report(point_line(point))
    for rate in codec.rates:
        yield journal[keys[rate]]


def _key(clip: BenchClip, codec: CodecConfig, rate: float, metrics: tuple[str, ...]) -> str:
    settings = asdict(codec)
    for name in ("rates", "clips"):
        settings.pop(name)
    parts: list[Any] = [clip.info.sha256, asdict(clip.config), settings, definition(codec, rate), sorted(metrics)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def point_line(point: Point) -> str:
    """`foreman x264-medium crf 26: 14210 bytes, psnr_rgb_db 31.84, encoded in 0.3 s`."""
    if point.error:
        return f"{point.clip} {point.codec} {point.rate}: {point.error}"
    name = next((name for name in ("psnr_rgb_db", "snr_db") if name in point.metrics), "")
    quality = f", {name} {point.metrics[name]:.2f}" if name else ""
    return (
        f"{point.clip} {point.codec} {point.rate}: {point.file_bytes} bytes{quality}, "
        f"encoded in {point.encode_s:.1f} s, decoded in {point.decode_s:.2f} s"
    )


def _deltas(points: list[Point], config: BenchConfig) -> Iterator[BdRate]:
    """BD-rates of every codec against every anchor on every clip where both were measured."""
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if not point.error:
            groups.setdefault((point.clip, point.codec), []).append(point)
    for (clip, codec), tests in groups.items():
        for anchor in config.anchors:
            if anchor == codec or (clip, anchor) not in groups:
                continue
            for metric in config.bd_metrics:
                for rate in RATES:
                    curves = [_curve(group, metric, rate) for group in (groups[clip, anchor], tests)]
                    if all(curves):
                        delta = bd_rate(*curves)
                        yield BdRate(clip, codec, anchor, metric, delta.percent, delta.overlap, delta.note, rate)


def _curve(points: list[Point], metric: str, rate: str) -> list[tuple[float, float]]:
    return [(float(getattr(point, rate)), point.metrics[metric]) for point in points if metric in point.metrics]


def machine() -> dict[str, str]:
    """What the numbers of time and memory depend on."""
    facts = {
        "system": platform.platform(terse=True),
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "python": platform.python_version(),
    }
    return facts | {name: version(name) for name in ("invr", "torch", "av", "numpy")}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
