"""Which points the page compares, and where their files and sources lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from invr.bench.results import Bench, ClipInfo, Point
from invr.report.codecs import in_order, is_network

EQUAL = 1.1
REFERENCES = {"video": ("x264-medium", "x264-veryslow")}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as shown: its title, its unit ("" for none) and its decimals."""

    title: str
    unit: str = ""
    decimals: int = 2

    @property
    def label(self) -> str:
        """Title and unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


METRICS = {
    "psnr_rgb_db": Metric("PSNR RGB", "dB"),
    "psnr_rgb_mse_db": Metric("PSNR of mean MSE", "dB"),
    "psnr_yuv_db": Metric("PSNR YUV", "dB"),
    "ssim": Metric("SSIM", "", 4),
    "ms_ssim": Metric("MS-SSIM", "", 4),
    "lpips": Metric("LPIPS", "", 4),
    "snr_db": Metric("SNR", "dB"),
    "lsd_db": Metric("LSD", "dB"),
    "visqol_mos": Metric("ViSQOL", "MOS"),
    "cdpam": Metric("CDPAM", "", 4),
    "pesq_mos": Metric("PESQ", "MOS"),
    "stoi": Metric("STOI", "", 4),
}
CURVES = {
    "video": ("psnr_rgb_db", "ssim", "ms_ssim", "snr_db", "visqol_mos"),
    "audio": ("snr_db", "visqol_mos"),
    "image": ("psnr_rgb_db",),
}


def metric_of(name: str) -> Metric:
    """How a metric is shown; one that is not in METRICS by its own name."""
    return METRICS.get(name, Metric(name, "", 4))


def metric_names(points: Sequence[Point]) -> list[str]:
    """All metrics that any of the points has, in the order of METRICS, then by name."""
    found = {name for point in points for name in point.metrics}
    return [name for name in METRICS if name in found] + sorted(found - set(METRICS))


def main_metric(clip: ClipInfo) -> str:
    """The metric that a clip's codecs are compared by."""
    return CURVES.get(clip.medium, CURVES["video"])[0]


def points_of(bench: Bench, clip: ClipInfo) -> list[Point]:
    """All points of a clip, failed ones included, ordered by codec and size."""
    points = [point for point in bench.points if point.clip == clip.name]
    order = in_order({point.codec for point in points})
    return sorted(points, key=lambda point: (order.index(point.codec), bool(point.error), point.file_bytes))


def measured(points: Sequence[Point]) -> list[Point]:
    """The points that have a measurement."""
    return [point for point in points if not point.error and point.file_bytes > 0]


@dataclass(frozen=True, slots=True)
class Places:
    """Where files may lie: beside the results, in the current directory, and in `media` if one is given."""

    results: Path
    media: Path | None = None

    def encoded(self, point: Point) -> Path | None:
        """The encoded file of a point, None where it is absent."""
        path = self.results / point.file
        return path if point.file and path.is_file() else None

    def source(self, clip: ClipInfo) -> Path | None:
        """The source of a clip, None where it is absent."""
        paths = [Path(clip.path), self.results / clip.path]
        if self.media is not None:
            paths = [self.media / clip.path, self.media / Path(clip.path).name, *paths]
        return next((path for path in paths if clip.path and path.is_file()), None)


def nearest(point: Point, others: Sequence[Point]) -> Point | None:
    """Of `others` the one whose file is nearest in size, as a ratio."""
    return min(others, key=lambda other: _distance(point, other), default=None)


def nearest_of_each(point: Point, others: Sequence[Point]) -> list[Point]:
    """For each codec of `others` its point nearest to `point` in size."""
    codecs = in_order({other.codec for other in others})
    found = [nearest(point, [other for other in others if other.codec == codec]) for codec in codecs]
    return [each for each in found if each is not None]


def references(clip: ClipInfo, points: Sequence[Point]) -> list[Point]:
    """The measured points that pictures and sounds are compared with: x264 for video, else every anchor."""
    others = [point for point in measured(points) if not is_network(point.codec)]
    named = [point for point in others if point.codec in REFERENCES.get(clip.medium, ())]
    return named or others


def shown_network(clip: ClipInfo, points: Sequence[Point], places: Places) -> Point | None:
    """The network whose frames, sound and weights the page shows.

    Where there is a choice: a file that is there before one that is not, `invr-*` before the papers' recipes, the
    codec of the best metric, and of its points one at equal bytes with a reference, near the middle of its sizes.
    """
    candidates = [point for point in measured(points) if is_network(point.codec)]
    candidates = [point for point in candidates if places.encoded(point)] or candidates
    candidates = [point for point in candidates if not point.codec.endswith("paper")] or candidates
    if not candidates:
        return None
    metric = main_metric(clip)
    codec = max(candidates, key=lambda point: point.metrics.get(metric, -math.inf)).codec
    ladder = sorted((point for point in candidates if point.codec == codec), key=lambda point: point.file_bytes)
    anchors = references(clip, points)

    def rank(point: Point) -> tuple[float, float]:
        other = nearest(point, anchors)
        apart = max(math.log(EQUAL), _distance(point, other)) if other else 0.0
        return apart, abs(ladder.index(point) - (len(ladder) - 1) / 2)

    return min(ladder, key=rank)


def _distance(one: Point, other: Point) -> float:
    return abs(math.log(one.file_bytes / other.file_bytes))
