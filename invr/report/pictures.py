"""Frames beside each other: the source, a network, and another codec at equal bytes. The only place with Pillow."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from pathlib import Path

import numpy as np
from inrv_format.errors import InputError, InrvError
from numpy.typing import NDArray
from PIL import Image

from invr.bench.results import ClipInfo, Point
from invr.compare import open_clip
from invr.media import ReadConfig
from invr.media.stills import STILL_FORMATS, read_still
from invr.report.choose import EQUAL, Places
from invr.report.text import name_of, number, sentence

Frame = NDArray[np.uint8]
QUALITY = 85
# (frames, width) tried one after the other until the pictures of a clip fit their share of the page
LADDER = ((8, 480), (6, 480), (5, 480), (4, 480), (4, 400), (3, 400), (3, 320), (2, 320))


@dataclass(frozen=True, slots=True)
class Strip:
    """One side of the comparison: its caption as HTML, its frames by number, and each frame's PSNR where known."""

    caption: str
    frames: dict[int, Frame]
    psnr_db: Sequence[float] = ()


def comparison(
    clip: ClipInfo, network: Point | None, reference: Point | None, places: Places, share_bytes: int
) -> str:
    """HTML of the frames of a clip; files that are absent or unreadable are named instead."""
    wanted = spread(max(1, clip.frames), LADDER[0][0])
    strips, remarks = [], []
    for point in (None, network, reference):
        try:
            strips.append(_strip(clip, point, places, wanted))
        except InrvError as error:
            remarks.append(remark(point, error))
    notes = "".join(remarks)
    if len(strips) < 2:
        return notes
    if network and reference:
        notes += _unequal(network, reference)
    return _panes(clip, strips, share_bytes) + notes


def shown_pixels(clip: ClipInfo) -> int:
    """Pixels of the frames of a clip that are shown where there is room for all."""
    count, widest = LADDER[0]
    shrunk = min(1.0, widest / max(1, clip.width))
    return max(1, min(count, clip.frames) * round(clip.width * shrunk * clip.height * shrunk))


def remark(point: Point | None, error: InrvError) -> str:
    """Why the source (`point` None) or a point is not shown, with its name."""
    named = "" if isinstance(error, InputError) or point is None else f"{point.codec}, {point.rate}: "
    return sentence(f"{named}{error}.")


def spread(total: int, count: int) -> list[int]:
    """At most `count` different numbers of 0 to total - 1, both ends among them, evenly apart."""
    return sorted({round(each) for each in np.linspace(0, total - 1, min(count, total)).tolist()})


def color_mapped(levels: NDArray[np.uint8], palette: Sequence[str]) -> str:
    """A data URI of levels [H, W] through 256 colours as #rrggbb."""
    colors = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in palette], np.uint8)
    return _uri(_webp(colors[levels]))


def _strip(clip: ClipInfo, point: Point | None, places: Places, wanted: list[int]) -> Strip:
    """The wanted frames of the source (`point` None) or of an encoded file; InputError where it is absent."""
    if point is None:
        path = places.source(clip)
        if path is None:
            raise InputError(f"The source {clip.path} is not here (--media DIR says where to look for it)")
        return Strip(f"<b>original</b> {clip.width}×{clip.height}", _chosen(_media_frames(path, clip), wanted, path))
    path = places.encoded(point)
    if path is None:
        raise InputError(f"The file of {point.codec}, {point.rate} is not beside the results")
    frames = _chosen(_encoded_frames(path, point.codec), wanted, path)
    quality = point.metrics.get("psnr_rgb_db")
    caption = f"<b>{name_of(point)}</b> {number(point.file_bytes)} bytes, {number(quality, 2)}\u00a0dB"
    return Strip(caption, frames, point.frames.get("psnr_rgb_db", ()))


def _media_frames(path: Path, clip: ClipInfo | None = None) -> Iterator[Frame]:
    """Upright frames of a media or `.inrv` file; with `clip`, of its source and cropped as it was."""
    with open_clip(path, read=ReadConfig(audio=False)) as source:
        depth = source.video.bit_depth if source.video else 8
        for frame in source.frames():
            yield _cropped(_eight_bit(frame.values, depth), clip)


def _encoded_frames(path: Path, codec: str) -> Iterator[Frame]:
    """Frames of an encoded file."""
    if codec not in STILL_FORMATS:
        yield from _media_frames(path)
        return
    try:
        yield read_still(path, codec)
    except OSError as error:
        raise InputError(f"{path}: {error}") from error


def _chosen(frames: Iterator[Frame], wanted: list[int], path: Path) -> dict[int, Frame]:
    found = {i: frame for i, frame in enumerate(islice(frames, wanted[-1] + 1)) if i in wanted}
    if len(found) < len(wanted):
        raise InputError(f"{path}: has fewer than {wanted[-1] + 1} frames")
    return found


def _cropped(frame: Frame, clip: ClipInfo | None) -> Frame:
    if clip is None or clip.crop is None:
        return frame
    left, top, width, height = clip.crop
    return frame[top : top + height, left : left + width]


def _eight_bit(frame: NDArray[np.uint8] | NDArray[np.uint16], bit_depth: int) -> Frame:
    """A frame [H, W, 3] of 8 bit; grey in three equal components."""
    values = (frame >> (bit_depth - 8)).astype(np.uint8)
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def _panes(clip: ClipInfo, strips: list[Strip], share_bytes: int) -> str:
    """The strips side by side with one slider, as many frames and as wide as their share of the page allows."""
    for count, width in LADDER:
        numbers = _thinned(sorted(strips[0].frames), count)
        pictures = [[_webp(_narrowed(strip.frames[i], width)) for i in numbers] for strip in strips]
        if sum(len(picture) for row in pictures for picture in row) <= share_bytes:
            break
    panes = []
    for strip, row in zip(strips, pictures, strict=True):
        shots = []
        for place, (i, picture) in enumerate(zip(numbers, row, strict=True)):
            quality = f": {number(strip.psnr_db[i], 2)}\u00a0dB" if i < len(strip.psnr_db) else ""
            hidden = " hidden" if place else ""
            name = escape(f"{clip.name}, frame {i}", quote=True)
            note = f"<small>frame {i}{quality}</small>" if clip.frames > 1 else ""
            shots.append(f'<div class="shot"{hidden}><img src="{_uri(picture)}" alt="{name}">{note}</div>')
        panes.append(f'<figure class="pane">{"".join(shots)}<figcaption>{strip.caption}</figcaption></figure>')
    names = [strip.caption.split("</b>")[0].removeprefix("<b>") for strip in strips]
    return (
        f'<div class="compare">{_controls(clip, len(numbers), names)}<div class="panes">{"".join(panes)}</div></div>'
    )


def _controls(clip: ClipInfo, count: int, names: list[str]) -> str:
    group = escape(f"view {clip.name}", quote=True)
    choices = [("all", " checked", "side by side"), *((str(i), "", name) for i, name in enumerate(names))]
    views = "".join(
        f'<label><input type="radio" name="{group}" value="{value}"{checked}> {name}</label>'
        for value, checked, name in choices
    )
    slider = (
        f'<label class="slide">Frame <input type="range" min="0" max="{count - 1}" step="1" value="0"></label>'
        if count > 1
        else ""
    )
    return f'<div class="controls">{slider}<span class="views">{views}</span></div>'


def _unequal(network: Point, reference: Point) -> str:
    """A remark where the nearest file is not of about equal size."""
    ratio = reference.file_bytes / network.file_bytes
    if 1 / EQUAL <= ratio <= EQUAL:
        return ""
    names = f"{reference.codec} file has {number(ratio, 2)} times the bytes of {network.codec}, {network.rate}"
    return sentence(f"The nearest {names}.")


def _thinned(numbers: list[int], count: int) -> list[int]:
    return [numbers[i] for i in spread(len(numbers), count)]


def _narrowed(frame: Frame, width: int) -> Frame:
    if frame.shape[1] <= width:
        return frame
    size = (width, max(1, round(frame.shape[0] * width / frame.shape[1])))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def _webp(frame: Frame) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(frame)).save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()


def _uri(picture: bytes) -> str:
    return "data:image/webp;base64," + base64.b64encode(picture).decode()
