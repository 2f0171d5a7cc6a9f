"""`compare`: two files in, their distance in every measure that was asked for out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from inrv_format.errors import InputError, OptionError
from inrv_format.streams import VideoStream
from numpy.typing import NDArray

from invr.compare.clips import Clip, open_clip
from invr.compare.pairing import best_delay, check_pictures, check_sounds, paired_frames, paired_samples
from invr.media import ReadConfig, luma_weights
from invr.metrics.listening import SOUND_METRICS, SPEECH_METRICS, compression_quality, sound_scores
from invr.metrics.picture import PICTURE_METRICS, Frame, PictureScorer

LARGEST_DELAY_S = 0.25
PCM_BYTES = 2


@dataclass(frozen=True, slots=True)
class CompareConfig:
    """What is compared, and how.

    `metrics` are names of PICTURE_METRICS and SOUND_METRICS, None for all (those of speech only with `speech`).
    `align_sound` moves the distorted sound to where it fits best before it is measured. `read` cuts the reference.
    """

    metrics: tuple[str, ...] | None = None
    speech: bool = False
    align_sound: bool = False
    read: ReadConfig = field(default_factory=ReadConfig)
    device: str = "cpu"

    def __post_init__(self) -> None:
        known = [*PICTURE_METRICS, *SOUND_METRICS]
        for name in self.metrics or ():
            if name not in known:
                raise OptionError(f"metric {name}: allowed are {', '.join(known)}")

    @property
    def picture_metrics(self) -> list[str]:
        """Names of the wanted scores of pictures beside PSNR."""
        return [name for name in PICTURE_METRICS if self.metrics is None or name in self.metrics]

    @property
    def sound_metrics(self) -> list[str]:
        """Names of the wanted scores of sound."""
        if self.metrics is not None:
            return [name for name in SOUND_METRICS if name in self.metrics]
        return [name for name in SOUND_METRICS if self.speech or name not in SPEECH_METRICS]


@dataclass(frozen=True, slots=True)
class VideoComparison:
    """Scores of pictures: means over the clip, per frame, when each frame is shown, and why a score is missing."""

    width: int
    height: int
    times_s: list[float]
    scores: dict[str, float]
    frames: dict[str, list[float]]
    missing: dict[str, str]

    @property
    def pixels(self) -> int:
        """Pixels of all frames."""
        return self.width * self.height * len(self.times_s)


@dataclass(frozen=True, slots=True)
class SoundComparison:
    """Scores of sound, `delay` samples by which it was moved earlier, and why a score is missing."""

    sample_rate_hz: int
    channels: int
    samples: int
    delay: int
    scores: dict[str, float]
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was measured; `distorted_bytes` is the size of the distorted file."""

    video: VideoComparison | None
    sound: SoundComparison | None
    reference_bytes: int
    distorted_bytes: int
    notes: tuple[str, ...]

    @property
    def bpp(self) -> float | None:
        """Bits of the distorted file for each pixel; None without pictures."""
        return 8 * self.distorted_bytes / self.video.pixels if self.video else None


def compare(
    reference: str | os.PathLike[str],
    distorted: str | os.PathLike[str],
    config: CompareConfig | None = None,
    report: Callable[[int], None] | None = None,
) -> Comparison:
    """Compare `distorted` (media or `.inrv`) with `reference`; `report` gets the number of frames compared so far.

    Frames are paired by their times since the first one. Raises InputError when sizes, rates, counts or lengths
    differ, or the files have no kind of stream in common.
    """
    config = config or CompareConfig()
    with (
        open_clip(reference, read=config.read, device=config.device) as one,
        open_clip(distorted, read=_same_media(config.read), device=config.device) as other,
    ):
        notes = list(_unpaired(one, other))
        video = _pictures(one, other, config, report)
        sizes = Path(reference).stat().st_size, Path(distorted).stat().st_size
        sound = _sounds(one, other, config, None if video else sizes[1])
        if video is None and sound is None:
            raise InputError(f"{one.name} and {other.name} have neither pictures nor sound in common")
        return Comparison(video, sound, *sizes, tuple(notes))


def _same_media(read: ReadConfig) -> ReadConfig:
    """The whole of a file, of the media that are compared."""
    return ReadConfig(video=read.video, audio=read.audio)


def score_frames(
    pairs: Iterator[tuple[Frame, Frame, float]],
    stream: VideoStream,
    metrics: list[str],
    report: Callable[[int], None] | None = None,
) -> VideoComparison:
    """Scores of pairs of frames (and their times) of a stream's size, bit depth and matrix."""
    scorer = PictureScorer(stream.bit_depth, metrics, luma_weights(stream.matrix))
    times = []
    for one, other, time_s in pairs:
        scorer.add(one, other)
        times.append(time_s)
        if report:
            report(len(times))
    return VideoComparison(stream.width, stream.height, times, scorer.means(), scorer.frames, scorer.missing)


def _unpaired(one: Clip, other: Clip) -> Iterator[str]:
    for kind in ("video", "audio"):
        streams = getattr(one, kind), getattr(other, kind)
        if (streams[0] is None) != (streams[1] is None):
            yield f"only {(other if streams[0] is None else one).name} has {kind}, which is not compared"


def _pictures(
    one: Clip, other: Clip, config: CompareConfig, report: Callable[[int], None] | None
) -> VideoComparison | None:
    """The comparison of pictures; both clips are read to their ends in any case."""
    if one.video is None or other.video is None:
        for clip in (one, other):
            for _ in clip.frames():
                pass
        return None
    check_pictures(one, other, one.video, other.video)
    depths = one.video.bit_depth, other.video.bit_depth
    pairs = ((a, _rescaled(b, depths[1], depths[0]), time_s) for a, b, time_s in paired_frames(one, other))
    return score_frames(pairs, one.video, config.picture_metrics, report)


def _rescaled(values: Frame, bits: int, wanted: int) -> Frame:
    """Frames of `bits` a component in steps of `wanted`, rounded."""
    if bits == wanted:
        return values
    scaled = np.rint(values.astype(np.float64) * (((1 << wanted) - 1) / ((1 << bits) - 1)))
    return scaled.astype(np.uint8) if wanted <= 8 else scaled.astype(np.uint16)


def _sounds(one: Clip, other: Clip, config: CompareConfig, compressed_bytes: int | None) -> SoundComparison | None:
    reference, distorted = one.sound(), other.sound()
    if one.audio is None or other.audio is None or reference is None or distorted is None:
        return None
    check_sounds(one, other, one.audio, other.audio)
    rate = one.audio.sample_rate_hz
    delay = best_delay(reference, distorted, int(LARGEST_DELAY_S * rate)) if config.align_sound else 0
    pair = paired_samples(reference, distorted, rate, delay)
    return score_samples(*pair, rate, config.sound_metrics, delay, compressed_bytes)


def score_samples(
    reference: NDArray[np.float32],
    decoded: NDArray[np.float32],
    sample_rate_hz: int,
    metrics: list[str],
    delay: int = 0,
    compressed_bytes: int | None = None,
) -> SoundComparison:
    """Scores of samples [N, C]; Q_comp too where CDPAM and the bytes of the sound alone are known."""
    samples, channels = reference.shape
    scores, missing = sound_scores(reference, decoded, sample_rate_hz, metrics)
    if "cdpam" in scores and compressed_bytes is not None:
        original = samples * channels * PCM_BYTES
        scores["q_comp"] = compression_quality(compressed_bytes, original, scores["cdpam"])
    return SoundComparison(sample_rate_hz, channels, samples, delay, scores, missing)
