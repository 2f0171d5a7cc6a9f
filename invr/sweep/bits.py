"""One fit, quantized to many bit widths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inrv_format.streams import VideoStream

from invr.compare import CompareConfig, Comparison, compare
from invr.config import EncodeConfig
from invr.encode_progress import EncodeProgress
from invr.media import ReadConfig
from invr.sweep.folder import FILES
from invr.sweep.progress import Report, SweepProgress
from invr.sweep.results import BitPoint, Histogram, in_bits
from invr.sweep.weights import WeightWatch
from invr.variants import encode_variants

VIDEO_SCORES, AUDIO_SCORES = ("psnr_rgb_db", "ssim"), ("snr_db",)


@dataclass(frozen=True, slots=True)
class BitSweep:
    """The widths in ascending order, the histograms of the weights, the frames of the source, and warnings."""

    points: tuple[BitPoint, ...]
    histograms: tuple[Histogram, ...]
    frames: int
    warnings: tuple[str, ...]


def sweep_bits(
    source: str,
    folder: Path,
    bits: Sequence[int],
    config: EncodeConfig,
    read: ReadConfig,
    video: VideoStream | None,
    report: Report,
    *,
    count: int = 1,
) -> BitSweep:
    """Fit once, write a file below `folder` for each width, and score what these files decode to.

    `video` is the stream of pictures that `source` gives. `config.quant` says how to quantize, its bits aside;
    `count` is the number of fits of the whole sweep, of which this is the first.
    """
    widths = sorted(set(bits))
    names = {each: f"{FILES}/bits-{each}.inrv" for each in widths}
    variants = [(replace(config.quant, bits=each), folder / names[each]) for each in widths]
    watch = WeightWatch(widths, video)

    def on_fit(state: EncodeProgress) -> None:
        report(SweepProgress(0, count, "all bit widths", state))

    results = encode_variants(source, variants, config, read, on_fit, inspect=watch)
    points, frames = [], 0
    for each in widths:
        report(SweepProgress(0, count, in_bits(each), None))
        compared = compare(source, folder / names[each], _wanted(config, read))
        frames = len(compared.video.times_s) if compared.video else 0
        points.append(_point(each, names[each], watch, compared))
    return BitSweep(tuple(points), watch.histograms, frames, results[0].warnings)


def _wanted(config: EncodeConfig, read: ReadConfig) -> CompareConfig:
    return CompareConfig(metrics=("ssim", "snr_db"), read=read, device=config.device)


def _point(bits: int, name: str, watch: WeightWatch, compared: Comparison) -> BitPoint:
    scores, missing = chosen_scores(compared, {"video": VIDEO_SCORES, "audio": AUDIO_SCORES})
    frames = watch.picture_db[bits]
    return BitPoint(
        bits=bits,
        file=name,
        file_bytes=compared.distorted_bytes,
        payload_bytes=watch.payload_bytes[bits],
        sqnr_db=watch.noise[bits].sqnr_db(),
        plain_sqnr_db=watch.noise[bits].sqnr_db(phases=False),
        picture_sqnr_db=math.fsum(frames) / len(frames) if frames else None,
        scores=scores,
        missing=missing,
        tensors=watch.noise[bits].tensors(),
    )


def chosen_scores(
    compared: Comparison, wanted: dict[str, tuple[str, ...]]
) -> tuple[dict[str, float], dict[str, str]]:
    """The scores of these names by medium, and why some of them are missing."""
    scores: dict[str, float] = {}
    missing: dict[str, str] = {}
    for medium, part in (("video", compared.video), ("audio", compared.sound)):
        if part is not None and medium in wanted:
            scores |= {name: part.scores[name] for name in wanted[medium] if name in part.scores}
            missing |= part.missing
    return scores, missing
