"""A contact sheet: frames evenly spaced in time, evaluated at the size of a thumbnail, in one picture."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from inrv_format.errors import InputError
from inrv_format.limits import DEFAULT_LIMITS
from inrv_format.reader import Reader
from inrv_format.streams import VideoStream
from numpy.typing import NDArray

from invr.config import DecodeConfig, require_of_input, require_option
from invr.decoder import DecodedFrame, Decoding, Source
from invr.device import translated_backend
from invr.media import WriteConfig, open_sink
from invr.media.formats import IMAGE_CODECS, muxer_name
from invr.source import opened
from invr.work import Work

COLUMNS, COUNT, WIDTH = 4, 16, 160
# Pixels of black around and between the thumbnails.
GAP = 4


@dataclass(frozen=True, slots=True)
class SheetConfig:
    """A grid of `columns` x `rows` thumbnails `width` pixels wide, or of `count` in either; what is None follows."""

    columns: int | None = None
    rows: int | None = None
    count: int | None = None
    width: int = WIDTH
    device: str = "cpu"
    threads: int = 0

    def __post_init__(self) -> None:
        for option, value in (("--columns", self.columns), ("--rows", self.rows), ("--count", self.count)):
            require_option(value is None or 0 < value <= 1000, option, value, "1 to 1000")
        require_option(0 < self.width <= 16384, "--width", self.width, "1 to 16384")
        two = None in (self.columns, self.rows, self.count)
        require_option(two, "--count", "with --columns and --rows", "two of the three")

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and how many thumbnails there are, if the file has as many frames."""
        if self.count and self.rows:
            return -(-self.count // self.rows), self.count
        columns = self.columns or min(COLUMNS, self.count or COUNT)
        return columns, self.count or columns * (self.rows or COUNT // COLUMNS)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was drawn: the time of each thumbnail from the file's start, row by row, and what it took."""

    times_s: tuple[float, ...]
    columns: int
    size: tuple[int, int]
    work: Work
    warnings: tuple[str, ...]


def contact_sheet(
    source: Source,
    target: Source,
    config: SheetConfig | None = None,
    write: WriteConfig | None = None,
) -> Sheet:
    """Draw the sheet of an `.inrv` file that can be sought, as a picture of any format that decodes are written in.

    Each chunk is read once, and only those with a thumbnail. Raises InputError for what is asked for,
    InvalidDataError and its kin for a damaged file, OutputError for the target.
    """
    config, write = config or SheetConfig(), _picture_format(target, write or WriteConfig())
    with ExitStack() as stack:
        stack.enter_context(translated_backend())
        file = stack.enter_context(opened(source)) if isinstance(source, (str, os.PathLike)) else source
        reader = Reader(file)
        columns, count = config.grid
        size = _thumbnail_size(reader, config.width)
        _require_size(size, columns, count)
        asked = DecodeConfig(size=size, stills=count, device=config.device, threads=config.threads)
        decoding = Decoding(reader, asked)
        frames = [event for event in decoding.events() if isinstance(event, DecodedFrame)]
        if not frames:
            raise InputError("the file has no frames")
        columns = min(columns, len(frames))
        sheet = _laid_out([frame.values for frame in frames], columns)
        assert decoding.video is not None
        stream = _sheet_stream(decoding.video, sheet)
        sink = stack.enter_context(open_sink(target, stream, None, write))
        sink.write_video(sheet[None], np.zeros(1, np.int64), 1)
        times_s = tuple(decoding.time_s(frame) for frame in frames)
        warnings = (*decoding.warnings, *sink.warnings)
    return Sheet(times_s, columns, (stream.width, stream.height), decoding.work, warnings)


def _picture_format(target: Source, write: WriteConfig) -> WriteConfig:
    """PNG for a file object, unless another format is asked for; OptionError for one that holds no picture."""
    if write.format is None and not isinstance(target, (str, os.PathLike)):
        write = replace(write, format="png")
    muxer = muxer_name(target, write)
    require_option(muxer in IMAGE_CODECS, "a contact sheet", f"as {muxer}", ", ".join(IMAGE_CODECS))
    return write


def _thumbnail_size(reader: Reader, width: int) -> tuple[int, int]:
    """Width and height in square pixels, as the upright picture is shown."""
    if reader.index is None:
        raise InputError("a contact sheet needs a file that can be sought, not a pipe")
    video = reader.video
    if video is None:
        raise InputError("a contact sheet shows pictures, and the file has sound only")
    shape = Fraction(video.width, video.height) * (video.sample_aspect_ratio or 1)
    if video.rotation in (90, 270):
        shape = 1 / shape
    return width, max(1, round(width / shape))


def _require_size(size: tuple[int, int], columns: int, count: int) -> None:
    """Refuse a sheet that no picture may be as large as, before anything is evaluated."""
    width, height = (
        GAP + number * (side + GAP) for number, side in zip((columns, -(-count // columns)), size, strict=True)
    )
    fits = width <= DEFAULT_LIMITS.width and height <= DEFAULT_LIMITS.height
    allowed = f"{DEFAULT_LIMITS.width}x{DEFAULT_LIMITS.height} and less"
    require_of_input(fits, "a contact sheet of", f"{width}x{height}", allowed)


def _laid_out(pictures: list[NDArray[np.generic]], columns: int) -> NDArray[np.generic]:
    """Pictures of one size [H, W, C], row by row, on black."""
    height, width, components = pictures[0].shape
    rows = -(-len(pictures) // columns)
    down, across = height + GAP, width + GAP
    sheet = np.zeros((GAP + rows * down, GAP + columns * across, components), pictures[0].dtype)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = GAP + row * down, GAP + column * across
        sheet[top : top + height, left : left + width] = picture
    return sheet


def _sheet_stream(video: VideoStream, sheet: NDArray[np.generic]) -> VideoStream:
    """The sheet as the one frame of a stream of its colours and depth."""
    chroma = "gray" if video.components == 1 else "rgb"
    height, width = sheet.shape[:2]
    return replace(video, width=width, height=height, chroma=chroma, sample_aspect_ratio=Fraction(1))
