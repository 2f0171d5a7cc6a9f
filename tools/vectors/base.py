"""The small file that most faults are made in: two chunks of picture and sound, and where its fields lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from inrv_format.chunk import Chunk, build_chunk
from inrv_format.families import AudioSirenSpec, SirenSpec
from inrv_format.schema import AUDIO_SPAN, CHUNK_HEADER, UNIT_HEADER, VIDEO_SPAN
from inrv_format.streams import AudioStream, Stream, VideoStream
from inrv_format.unit import Unit, build_unit

from vectors.networks import frames, make_chunk, samples
from vectors.surgery import overwritten, with_field, write_file
from vectors.vector import DAMAGED, Vector

SMALL_PICTURE = VideoStream(6, 4, Fraction(1, 25))
STREAMS: dict[int, Stream] = {0: SMALL_PICTURE, 1: AudioStream(1000, 2, "stereo")}
SMALL, LOW = SirenSpec(first=3, width=3, depth=0), AudioSirenSpec(first=3, width=3, depth=0, octaves=3)


@lru_cache(maxsize=1)
def chunks_of_base() -> tuple[Chunk, Chunk]:
    """Two chunks whose sound overlaps by 10 samples."""
    first = make_chunk(STREAMS, frames(), samples(count=60), [SMALL, LOW])
    return first, make_chunk(STREAMS, frames(3), samples(60, 60, 10), [SMALL, LOW], index=1)


def base_file() -> bytes:
    """The whole file."""
    return write_file(STREAMS, chunks_of_base())


def with_second(**fields: Any) -> bytes:
    """The file with other fields of its second chunk; the index says the same."""
    first, second = chunks_of_base()
    return write_file(STREAMS, [first, replace(second, **fields)])


def with_video(**fields: Any) -> bytes:
    """The file with other fields of its second chunk's picture span."""
    return with_second(video=frames(3, **fields))


def with_audio(**fields: Any) -> bytes:
    """The file with other fields of its second chunk's sound span."""
    return with_second(audio=samples(60, 60, **{"overlap": 10, "pts": 50} | fields))


def with_units(*units: Unit, **fields: Any) -> bytes:
    """The file with these units in its second chunk."""
    return with_second(units=units, **fields)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a chunk's content its spans and units begin, as `build_chunk` puts them."""

    video: int
    audio: int
    units: tuple[int, ...]


def layout_of(chunk: Chunk) -> Layout:
    """Of a chunk whose frames are a step apart."""
    video = CHUNK_HEADER.sizeof()
    audio = video + (VIDEO_SPAN.sizeof() if chunk.video else 0)
    begins = [audio + (AUDIO_SPAN.sizeof() if chunk.audio else 0)]
    for unit in chunk.units:
        begins.append(begins[-1] + len(build_unit(unit)))
    return Layout(video, audio, tuple(begins))


def with_chunk_field(struct: Any, name: str, value: Any) -> bytes:
    """The file with another value in the second chunk's header or span; the index keeps to the true one."""
    first, second = chunks_of_base()
    layout, content = layout_of(second), build_chunk(second)
    at = {id(CHUNK_HEADER): 0, id(VIDEO_SPAN): layout.video, id(AUDIO_SPAN): layout.audio}[id(struct)]
    return write_file(STREAMS, [first, (second, with_field(content, struct, name, value, at))])


def with_unit_field(name: str, value: int, unit: int = 0) -> bytes:
    """The file with another value in the header of a unit of the second chunk."""
    first, second = chunks_of_base()
    content = with_field(build_chunk(second), UNIT_HEADER, name, value, layout_of(second).units[unit])
    return write_file(STREAMS, [first, (second, content)])


def with_unit_bytes(at: int, piece: bytes) -> bytes:
    """The file with other bytes after the header of the second chunk's first unit, which is its spec."""
    first, second = chunks_of_base()
    begin = layout_of(second).units[0] + UNIT_HEADER.sizeof()
    return write_file(STREAMS, [first, (second, overwritten(build_chunk(second), begin + at, piece))])


Fault = tuple[str, str, str, bytes] | tuple[str, str, str, bytes, str]


def faults(rows: Sequence[Fault]) -> list[Vector]:
    """Rows as vectors, damaged unless they say otherwise."""
    return [Vector(f"faulty/{row[0]}", row[1], row[2], row[3], row[4] if len(row) > 4 else DAMAGED) for row in rows]
