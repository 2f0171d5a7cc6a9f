"""Chunks with other numbers and times, their units copied as they stand (`spec/inrv.md` section 6)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from inrv_format.chunk import EXPLICIT_PTS, MAX_TICKS, SECTION, Chunk
from inrv_format.errors import InvalidDataError
from inrv_format.schema import AUDIO_SPAN, CHUNK_HEADER, VIDEO_SPAN

MAX_INDEX = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Shift:
    """What is added to a chunk's index, to its first frame and sample, and to its times in ticks of each stream."""

    index: int = 0
    frames: int = 0
    ticks: int = 0
    samples: int = 0
    sound_ticks: int = 0


def shifted(content: bytes, chunk: Chunk, shift: Shift, *, alone: bool = False) -> bytes:
    """Content of the box of `chunk` with `shift` added; InvalidDataError for what leaves the format's ranges.

    With `alone` its sound overlaps nothing: what was overlap counts as samples of its own, at the same time.
    """
    data = bytearray(content)
    _add(data, 0, CHUNK_HEADER, "index", shift.index, MAX_INDEX)
    place = CHUNK_HEADER.sizeof()
    if chunk.video:
        _add(data, place, VIDEO_SPAN, "first_frame", shift.frames)
        _add(data, place, VIDEO_SPAN, "first_pts", shift.ticks)
        listed = data[place + _field(VIDEO_SPAN, "pts_mode").start] == EXPLICIT_PTS
        place += VIDEO_SPAN.sizeof() + 4 * (len(chunk.video.pts) - 1) * listed
    if chunk.audio:
        overlap = chunk.audio.overlap if alone else 0
        _add(data, place, AUDIO_SPAN, "first_sample", shift.samples - overlap)
        _add(data, place, AUDIO_SPAN, "pts", shift.sound_ticks)
        _add(data, place, AUDIO_SPAN, "overlap", -overlap)
    return bytes(data)


def _add(data: bytearray, place: int, struct: Any, name: str, amount: int, high: int = MAX_TICKS) -> None:
    """Add to a field of the structure that lies at `place`."""
    field = _field(struct, name)
    signed = name.endswith("pts")
    where = slice(place + field.start, place + field.stop)
    value = int.from_bytes(data[where], "little", signed=signed) + amount
    if not (-high if signed else 0) <= value <= high:
        raise InvalidDataError(f"{name} becomes {value}, out of range", section=SECTION)
    data[where] = value.to_bytes(field.stop - field.start, "little", signed=signed)


def _field(struct: Any, name: str) -> slice:
    """Where a field lies in its structure."""
    before = itertools.takewhile(lambda field: field.name != name, struct.subcons)
    start = sum(field.sizeof() for field in before)
    return slice(start, start + getattr(struct, name).sizeof())
