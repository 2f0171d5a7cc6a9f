"""The contact sheet: one frame as it was and as it is at each width, side by side (Chalise et al. 2025, figure 9-17).

The only place of this room with Pillow, which draws the labels; without it the sheet has none.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from inrv_format.errors import InputError
from inrv_format.streams import VideoStream
from numpy.typing import NDArray

from invr.compare import open_clip
from invr.decoder import open_video
from invr.media import ReadConfig, WriteConfig, open_sink
from invr.metrics import frame_psnr_db
from invr.sweep.results import BitPoint, Contact, in_bits

Picture = NDArray[np.uint8]
Frame = NDArray[np.uint8] | NDArray[np.uint16]
NARROWEST, WIDEST = 256, 640
GAP, LABEL_HEIGHT, TEXT_SIZE = 8, 40, 14
PAPER, INK, SOFT = 255, (28, 30, 33), (93, 99, 107)


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture [H, W, 3] with its name, and numbers in small print."""

    name: str
    note: str
    picture: Picture


def write_contact(
    source: str, folder: Path, read: ReadConfig, points: Sequence[BitPoint], frame: int, name: str
) -> Contact:
    """Write the sheet of `frame` to `folder`/`name`; InputError where the source has no such frame."""
    original, bit_depth = _source_frame(source, read, frame)
    cells = [Cell("original", f"frame {frame}", _eight_bit(original, bit_depth))]
    for point in points:
        with open_video(folder / point.file) as video:
            decoded = np.rot90(video[frame], -(video.video.rotation // 90))
        note = f"{point.file_bytes:,} bytes, {frame_psnr_db(original, decoded, bit_depth):.2f} dB"
        cells.append(Cell(in_bits(point.bits), note, _eight_bit(decoded, bit_depth)))
    sheet, labelled = draw(cells)
    _write_png(folder / name, sheet)
    return Contact(name, frame, tuple(cell.name for cell in cells), labelled)


def draw(cells: Sequence[Cell]) -> tuple[Picture, bool]:
    """The sheet [H, W, 3] of pictures of one size in reading order, and whether it has labels."""
    pictures = [_resized(cell.picture) for cell in cells]
    height, width = pictures[0].shape[:2]
    columns = math.ceil(math.sqrt(len(cells)))
    rows = math.ceil(len(cells) / columns)
    step_y, step_x = height + LABEL_HEIGHT + GAP, width + GAP
    sheet = np.full((rows * step_y + GAP, columns * step_x + GAP, 3), PAPER, np.uint8)
    corners = [(GAP + k // columns * step_y, GAP + k % columns * step_x) for k in range(len(cells))]
    for (top, left), picture in zip(corners, pictures, strict=True):
        sheet[top : top + height, left : left + width] = picture
    return _labelled(sheet, [(left, top + height) for top, left in corners], cells)


def _labelled(sheet: Picture, corners: Sequence[tuple[int, int]], cells: Sequence[Cell]) -> tuple[Picture, bool]:
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        return sheet, False
    image = Image.fromarray(sheet)
    canvas = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(TEXT_SIZE), ImageFont.load_default(TEXT_SIZE - 2)
    for (x, y), cell in zip(corners, cells, strict=True):
        canvas.text((x, y + 3), cell.name, fill=INK, font=large)
        canvas.text((x, y + 5 + TEXT_SIZE), cell.note, fill=SOFT, font=small)
    return np.asarray(image), True


def _source_frame(source: str, read: ReadConfig, number: int) -> tuple[Frame, int]:
    """A frame [H, W, C] and its bit depth, which is that of the decoded ones too."""
    with open_clip(source, read=read) as clip:
        found = next(islice(clip.frames(), number, None), None)
        if found is None or clip.video is None:
            raise InputError(f"{os.fspath(source)}: has no frame {number}")
        return found.values, clip.video.bit_depth


def _eight_bit(frame: Frame, bit_depth: int) -> Picture:
    """A frame [H, W, 3] of 8 bit; grey in three equal components."""
    values = (frame >> (bit_depth - 8)).astype(np.uint8)
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def _resized(picture: Picture) -> Picture:
    """Small pictures with every pixel repeated, large ones as means of whole blocks, so that labels fit."""
    height, width, _ = picture.shape
    if width < NARROWEST:
        factor = -(-NARROWEST // width)
        return picture.repeat(factor, axis=0).repeat(factor, axis=1)
    block = min(-(-width // WIDEST), height)
    kept = picture[: height // block * block, : width // block * block]
    blocks = kept.reshape(height // block, block, width // block, block, 3)
    means: Picture = np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
    return means


def _write_png(path: Path, sheet: Picture) -> None:
    video = VideoStream(sheet.shape[1], sheet.shape[0], time_base=Fraction(1, 25), chroma="rgb")
    with open_sink(path, video, None, WriteConfig(format="png")) as sink:
        sink.write_video(sheet[None], np.zeros(1, np.int64), 1)
