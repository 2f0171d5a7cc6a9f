"""Networks of many sizes, each fitted to the start of the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from inrv_format.families.base import count_weights

from invr.compare import CompareConfig, Comparison, compare
from invr.config import EncodeConfig, ModelConfig
from invr.encode_chunk import EncodedChunk, FittedChunk
from invr.encode_progress import EncodeProgress
from invr.media import ReadConfig
from invr.sweep.bits import chosen_scores
from invr.sweep.config import SizeGrid
from invr.sweep.folder import FILES
from invr.sweep.progress import Report, SweepProgress
from invr.sweep.results import SizePoint
from invr.variants import encode_variants

SCORES = {
    "video": ("psnr_rgb_db", "ssim"),
    "audio": ("snr_db", "lsd_db", "visqol_mos", "cdpam"),
}
# Sound's PSNR, whose peak is the source's own, is there for the loss alone.
MEASURED = ("ssim", "psnr_db", *SCORES["audio"])
CHUNK_FRAMES = 1 << 16
PICTURE_SPAN = 2.0


@dataclass(slots=True)
class _Watch:
    """What the networks of one fit are, and when its last step was."""

    report: Report
    say: Callable[[EncodeProgress], SweepProgress]
    network: str = ""
    parameters: int = 0
    payload_bytes: int = 0
    fit_s: float = 0.0

    def inspect(self, fitted: FittedChunk, encoded: list[EncodedChunk]) -> None:
        self.network = " + ".join(dict.fromkeys(plan.spec.NAME for plan in fitted.plans))
        self.parameters += sum(count_weights(plan.spec.tensor_shapes(plan.domain)) for plan in fitted.plans)
        self.payload_bytes += sum(len(unit.payload) for unit in encoded[0].chunk.units)

    def on_fit(self, state: EncodeProgress) -> None:
        self.fit_s = state.elapsed_s
        self.report(self.say(state))


def sweep_sizes(
    source: str,
    folder: Path,
    grid: SizeGrid,
    config: EncodeConfig,
    read: ReadConfig,
    media: tuple[str, ...],
    report: Report,
    *,
    first: int = 0,
) -> Iterator[SizePoint]:
    """Fit each network of the grid to one chunk, the first seconds of `media` (`video`, `audio` or both) in `source`.

    Pictures and sound are fitted to files of their own, so that each size is known; a unified network gives two
    points of one file. `first` fits came before in the whole sweep.
    """
    sizes = product(grid.durations_s, grid.depths, grid.widths, groups_of(media, config.model))
    count = first + len(grid) * len(groups_of(media, config.model))
    for number, (duration_s, depth, width, group) in enumerate(sizes, start=first):
        task = f"{width}x{depth}, {duration_s:g} s, {' and '.join(group)}"
        say = partial(SweepProgress, number, count, task)
        watch = _Watch(report, say)
        span = replace(
            read,
            duration_s=duration_s,
            chunk_s=2 * duration_s + 1,
            video="video" in group,
            audio="audio" in group,
        )
        sized = replace(config, model=model_of(config.model, width, depth), chunk_frames=CHUNK_FRAMES)
        name = f"{FILES}/size-{width}x{depth}-{duration_s:g}s-{'-'.join(group)}.inrv"
        variants = [(config.quant, folder / name)]
        (result,) = encode_variants(source, variants, sized, span, watch.on_fit, inspect=watch.inspect)
        report(say(None))
        compared = compare(source, folder / name, CompareConfig(metrics=MEASURED, read=span, device=config.device))
        for medium in group:
            size = {"width": width, "depth": depth, "duration_s": duration_s, "bits": config.quant.bits}
            yield _point(medium, size, name, watch, compared, result.duration_s)


def groups_of(media: tuple[str, ...], model: ModelConfig) -> list[tuple[str, ...]]:
    """The media of each fit of a size."""
    return [media] if model.unified and len(media) == 2 else [(medium,) for medium in media]


def model_of(model: ModelConfig, width: int, depth: int) -> ModelConfig:
    """The model with its size fixed; the branches of a unified network are as wide as its shared layers."""
    return replace(
        model, picture_shape=(width, depth), sound="siren", sound_shape=(width, depth), av_shape=(width, width, depth)
    )


def _point(
    medium: str, size: dict[str, Any], name: str, watch: _Watch, compared: Comparison, duration_s: float
) -> SizePoint:
    scores, missing = chosen_scores(compared, {medium: SCORES[medium]})
    return SizePoint(
        medium=medium,
        network=watch.network,
        **size,
        parameters=watch.parameters,
        file=name,
        file_bytes=compared.distorted_bytes,
        payload_bytes=watch.payload_bytes,
        bytes_per_s=compared.distorted_bytes / duration_s,
        loss=loss_of(medium, compared),
        scores=scores,
        missing=missing,
        fit_s=watch.fit_s,
    )


def loss_of(medium: str, compared: Comparison) -> float:
    """Mean squared error with values in [-1, 1], from the PSNR over all of them: the peak is 2, of sound 1.

    The fits' own domain, in which (Mahdi 2025, section 4.2.1) plots it. An exact copy counts as 100 dB.
    """
    if medium == "video":
        assert compared.video is not None
        return PICTURE_SPAN**2 * _share(compared.video.scores["psnr_rgb_mse_db"])
    assert compared.sound is not None
    return _share(compared.sound.scores["psnr_db"])


def _share(level_db: float) -> float:
    return float(10 ** (-level_db / 10))
