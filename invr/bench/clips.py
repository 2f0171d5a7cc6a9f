"""The sources of a benchmark as arrays: the pixels and samples that every codec gets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from inrv_format.errors import InputError
from numpy.typing import NDArray

from invr.bench.config import ClipConfig
from invr.bench.results import ClipInfo
from invr.compare import open_clip
from invr.media import ReadConfig
from invr.media.transcode import write_lossless


@dataclass(frozen=True, slots=True)
class BenchClip:
    """A source in memory: `frames` [T, H, W, 3] in R, G, B at `rate` a second, `samples` [N, C]; None where absent.

    invr reads `source` as `read` says, which gives the same pixels.
    """

    info: ClipInfo
    config: ClipConfig
    frames: NDArray[np.uint8] | None
    rate: Fraction
    samples: NDArray[np.float32] | None
    source: Path
    read: ReadConfig

    @property
    def medium(self) -> str:
        """`video`, `audio`, `image`, or `av` for pictures and sound in one file."""
        return self.config.medium

    @property
    def duration_s(self) -> float:
        """Length of what is coded; a still picture lasts no time."""
        return self.info.duration_s


def load_clip(config: ClipConfig, folder: Path) -> BenchClip:
    """Read a source; a crop of it is kept in `folder` without loss, for invr to read."""
    path = Path(config.path)
    read = ReadConfig(
        frames=config.frames or None,
        duration_s=config.seconds or None,
        video=config.medium != "audio",
        audio=config.medium in ("audio", "av"),
    )
    with open_clip(path, read=read) as opened:
        pictures = [frame.values for frame in opened.frames()]
        sound, video, audio = opened.sound(), opened.video, opened.audio
    frames, source = _rgb(np.stack(pictures), config) if pictures else None, path
    rate = video.average_rate if video and video.average_rate else Fraction(1)
    if config.crop and frames is not None:
        left, top, width, height = config.crop
        frames = np.ascontiguousarray(frames[:, top : top + height, left : left + width])
        source = folder / f"{config.name}.mkv"
        source.parent.mkdir(parents=True, exist_ok=True)
        write_lossless(source, frames, rate)
        read = ReadConfig()
    samples = sound.values if sound is not None else None
    info = _info(config, frames, rate, samples, audio.sample_rate_hz if audio else 0)
    return BenchClip(info, config, frames, rate, samples, source, read)


def _rgb(values: NDArray[np.integer], config: ClipConfig) -> NDArray[np.uint8]:
    if values.dtype != np.uint8:
        raise InputError(f"{config.path}: the benchmark takes pictures of 8 bits")
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:3], 3)), np.uint8)


def _info(
    config: ClipConfig,
    frames: NDArray[np.uint8] | None,
    rate: Fraction,
    samples: NDArray[np.float32] | None,
    sample_rate_hz: int,
) -> ClipInfo:
    count, height, width = frames.shape[:3] if frames is not None else (0, 0, 0)
    still = config.medium == "image"
    length, channels = samples.shape if samples is not None else (0, 0)
    picture_s = 0.0 if still else count / float(rate)
    return ClipInfo(
        name=config.name,
        path=config.path,
        medium="video" if config.medium == "av" else config.medium,
        sha256=hashlib.sha256(Path(config.path).read_bytes()).hexdigest(),
        width=width,
        height=height,
        frames=count,
        fps=0.0 if still or not count else float(rate),
        sample_rate_hz=sample_rate_hz,
        channels=channels,
        samples=length,
        duration_s=max(picture_s, length / sample_rate_hz if sample_rate_hz else 0.0),
        crop=config.crop,
    )
