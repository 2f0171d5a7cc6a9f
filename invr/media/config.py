"""What the caller chooses for reading and for writing media; both are checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inrv_format.errors import OptionError


@dataclass(frozen=True, slots=True)
class ReadConfig:
    """How a source is read.

    `format` is FFmpeg's name of the demuxer, None to probe. `start_s`, `duration_s` and `frames` cut the source as
    FFmpeg's `-ss`, `-t` and `-frames:v` do. A chunk is `chunk_frames` frames unless the reader is told otherwise, or
    `chunk_s` of sound where there is no video; neighbouring chunks share `overlap_s` of sound. With `packets` sound
    comes with the packets that it was decoded from. `size` is (width, height) to scale to, None to keep.
    Raises OptionError for a value out of range.
    """

    format: str | None = None
    start_s: float = 0.0
    duration_s: float | None = None
    frames: int | None = None
    chunk_frames: int = 32
    chunk_s: float = 4.0
    overlap_s: float = 0.005
    video: bool = True
    audio: bool = True
    packets: bool = False
    threads: int = 2
    ignore_errors: bool = False
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        _require(math.isfinite(self.start_s) and self.start_s >= 0, "start_s", self.start_s, "0 or more")
        length = self.duration_s
        _require(length is None or 0 < length < math.inf, "duration_s", length, "more than 0")
        _require(self.frames is None or self.frames > 0, "frames", self.frames, "1 or more")
        _require(self.chunk_frames > 0, "chunk_frames", self.chunk_frames, "1 or more")
        _require(0.01 <= self.chunk_s < math.inf, "chunk_s", self.chunk_s, "0.01 or more")
        _require(0 <= self.overlap_s <= 1, "overlap_s", self.overlap_s, "0 to 1")
        _require(self.threads > 0, "threads", self.threads, "1 or more")
        _require(self.size is None or min(self.size) > 0, "size", self.size, "a width and a height of 1 or more")
        _require(self.video or self.audio, "video and audio", False, "at least one of them True")


@dataclass(frozen=True, slots=True)
class WriteConfig:
    """How a target is written, in FFmpeg's names; None chooses by the target's name and the streams.

    `crf` is the quality of a lossy video codec (lower is better). With `bitexact` muxer and encoders write nothing
    that differs between two times: no dates, random numbers or versions. Raises OptionError for a value out of range.
    """

    format: str | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    pix_fmt: str | None = None
    crf: int | None = None
    bitexact: bool = False
    threads: int = 2

    def __post_init__(self) -> None:
        _require(self.crf is None or 0 <= self.crf <= 63, "crf", self.crf, "0 to 63")
        _require(self.threads > 0, "threads", self.threads, "1 or more")


def _require(good: bool, option: str, value: object, allowed: str) -> None:
    if not good:
        raise OptionError(f"{option} is {value}, allowed is {allowed}")
