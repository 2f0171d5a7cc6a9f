"""Contact sheets: which frames, at which size, where they lie, and that no chunk is inflated twice."""

import io
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from inrv_format.errors import InputError
from inrv_format.reader import Reader
from inrv_format.streams import VideoStream
from inrv_format.unit import Unit
from inrv_format.writer import Writer
from toys import TOY_VIDEO, toy_chunk, toy_file

from invr.config import DecodeConfig
from invr.decoder import DecodedFrame, Decoding
from invr.media import WriteConfig
from invr.thumbs import GAP, SheetConfig, contact_sheet


def picture_file(stream: VideoStream = TOY_VIDEO, chunks: int = 4) -> bytes:
    """Three frames a chunk."""
    target = io.BytesIO()
    writer = Writer(target, {0: stream}, {})
    for index in range(chunks):
        chunk = toy_chunk(index)
        writer.write(replace(chunk, audio=None, units=chunk.units[:1]))
    writer.close()
    return target.getvalue()


def drawn(data: bytes, config: SheetConfig, format_name: str = "png") -> np.ndarray:
    target = io.BytesIO()
    contact_sheet(io.BytesIO(data), target, config, WriteConfig(format_name))
    with av.open(io.BytesIO(target.getvalue())) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


@pytest.mark.parametrize(
    ("columns", "rows", "count", "grid"),
    [
        (None, None, None, (4, 16)),
        (3, None, None, (3, 12)),
        (None, 2, None, (4, 8)),
        (3, 2, None, (3, 6)),
        (None, None, 3, (3, 3)),
        (None, None, 10, (4, 10)),
        (5, None, 7, (5, 7)),
        (None, 2, 7, (4, 7)),
    ],
)
def test_what_is_not_given_of_the_grid_follows(columns, rows, count, grid):
    assert SheetConfig(columns, rows, count).grid == grid


def test_thumbnails_are_the_frames_at_that_size_evenly_spaced():
    data = picture_file()
    sheet = drawn(data, SheetConfig(columns=2, count=3, width=6))
    events = Decoding(io.BytesIO(data), DecodeConfig(size=(6, 4))).events()
    frames = [event.values for event in events if isinstance(event, DecodedFrame)]
    assert sheet.shape == (GAP + 2 * (4 + GAP), GAP + 2 * (6 + GAP), 3)
    for number, place in enumerate((2, 6, 10)):  # the middles of thirds of twelve frames
        top, left = GAP + number // 2 * (4 + GAP), GAP + number % 2 * (6 + GAP)
        assert np.array_equal(sheet[top : top + 4, left : left + 6], frames[place])
    assert not sheet[GAP + 4 + GAP :, GAP + 6 :].any()


def test_no_chunk_is_read_or_inflated_twice_and_sound_not_at_all(monkeypatch):
    read, inflated = [], []
    chunk, symbols = Reader.chunk, Unit.symbols
    monkeypatch.setattr(Reader, "chunk", lambda self, number: read.append(number) or chunk(self, number))
    monkeypatch.setattr(Unit, "symbols", lambda self: inflated.append(self.spec.NAME) or symbols(self))
    sheet = contact_sheet(io.BytesIO(toy_file(4)), io.BytesIO(), SheetConfig(count=8, width=7))
    assert read == [0, 1, 2, 3]
    assert inflated == ["siren"] * 4
    assert (sheet.work.samples, sheet.work.pixels, sheet.work.chunks) == (0, 8 * 35, 4)


def test_chunks_without_a_thumbnail_are_not_read():
    data = bytearray(picture_file())
    for number in (0, 1, 3):
        entry = Reader(io.BytesIO(picture_file())).index.entries[number]
        data[entry.offset : entry.offset + entry.length] = b"?" * entry.length
    sheet = contact_sheet(io.BytesIO(bytes(data)), io.BytesIO(), SheetConfig(count=1, width=7))
    assert sheet.times_s == (0.24,)


def test_there_are_no_more_thumbnails_than_frames():
    sheet = contact_sheet(io.BytesIO(picture_file(chunks=1)), io.BytesIO(), SheetConfig(width=7))
    assert sheet.times_s == pytest.approx([0.02, 0.06, 0.1], abs=1e-6)
    assert (sheet.columns, sheet.size) == (3, (GAP + 3 * (7 + GAP), GAP + 5 + GAP))


@pytest.mark.parametrize(
    ("rotation", "aspect", "height"), [(0, Fraction(1), 10), (90, Fraction(1), 20), (0, Fraction(2), 5), (0, 0, 10)]
)
def test_thumbnails_have_square_pixels_and_stand_upright(rotation, aspect, height):
    stream = replace(TOY_VIDEO, rotation=rotation, sample_aspect_ratio=Fraction(aspect))
    sheet = contact_sheet(io.BytesIO(picture_file(stream)), io.BytesIO(), SheetConfig(count=1, width=14))
    assert sheet.size == (14 + 2 * GAP, height + 2 * GAP)


@pytest.mark.parametrize("name", ["png", "jpg", "bmp", "tiff", "webp"])
def test_every_picture_format_takes_a_sheet(name):
    assert drawn(picture_file(), SheetConfig(count=2, width=7), name).shape == (5 + 2 * GAP, 2 * 7 + 3 * GAP, 3)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"columns": 2, "rows": 2, "count": 4}, "two of the three"),
        ({"rows": 0}, "--rows 0"),
        ({"width": 99_999}, "--width"),
        ({"width": 9000}, "16384x16384"),
    ],
)
def test_sheets_that_cannot_be_are_refused(config, words):
    with pytest.raises(InputError, match=words):
        contact_sheet(io.BytesIO(picture_file()), io.BytesIO(), SheetConfig(**config))
