"""The work that a decode says it took is what it evaluated and read; the rest of the file may as well be damaged."""

import io
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from inrv_format.errors import InputError, InvalidDataError
from inrv_format.families.base import count_weights
from inrv_format.reader import Reader
from inrv_format.writer import Writer
from toys import TOY_STREAMS, TOY_VIDEO, toy_chunk, toy_file

from invr.config import DecodeConfig
from invr.crop import Crop
from invr.decoder import DecodedFrame, Decoding, decode
from invr.fields.siren import Siren
from invr.media import WriteConfig

NULL = WriteConfig(format="null")


def silent_file(chunks: int = 4) -> bytes:
    """Pictures alone: three frames of 7x5 a chunk, 25 a second."""
    target = io.BytesIO()
    writer = Writer(target, {0: TOY_VIDEO}, {})
    for index in range(chunks):
        chunk = toy_chunk(index)
        writer.write(replace(chunk, audio=None, units=chunk.units[:1]))
    writer.close()
    return target.getvalue()


def without(data: bytes, kept: set[int]) -> bytes:
    """The file with the boxes of all other chunks overwritten, headers and all."""
    damaged = bytearray(data)
    for number, entry in enumerate(Reader(io.BytesIO(data)).index.entries):
        if number not in kept:
            damaged[entry.offset : entry.offset + entry.length] = b"?" * entry.length
    return bytes(damaged)


def frames(data: bytes, **options: object) -> list[np.ndarray]:
    events = Decoding(io.BytesIO(data), DecodeConfig(**options)).events()
    return [event.values.astype(int) for event in events if isinstance(event, DecodedFrame)]


class Pipe(io.BytesIO):
    """Bytes that cannot be sought."""

    def seek(self, *_):
        raise OSError("a pipe")

    tell = seek


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"start_s": 0.25, "duration_s": 0.05}, {2}),
        ({"start_s": 0.2, "duration_s": 0.1}, {1, 2}),
        ({"frames": 3}, {0}),
        ({"at_s": (0.37,)}, {3}),
        ({"at_s": (0.05, 0.06, 0.3)}, {0, 2}),
        ({"start_s": 0.25, "duration_s": 0.05, "fps": Fraction(100)}, {2}),
    ],
)
def test_boxes_of_other_chunks_are_not_read(options, kept):
    data = silent_file()
    assert frames(data, **options)
    for whole, part in zip(frames(data, **options), frames(without(data, kept), **options), strict=True):
        assert np.array_equal(whole, part)
    needed = next(iter(kept))
    with pytest.raises(InvalidDataError):
        frames(without(data, kept - {needed}), **options)


def test_with_sound_the_first_chunk_is_read_too_but_not_inflated():
    data = toy_file(4)
    span = {"start_s": 0.25, "duration_s": 0.05}
    assert len(frames(without(data, {0, 2}), **span)) == 1
    with pytest.raises(InvalidDataError):
        frames(without(data, {2}), **span)
    chunks = list(Reader(io.BytesIO(data)).chunks())
    broken = [replace(unit, payload=b"?" * len(unit.payload)) for unit in chunks[0].units]
    target = io.BytesIO()
    writer = Writer(target, TOY_STREAMS, {})
    for chunk in (replace(chunks[0], units=tuple(broken)), *chunks[1:]):
        writer.write(chunk)
    writer.close()
    assert len(frames(target.getvalue(), **span)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"size": (3, 2)},
        {"scale": 2.0},
        {"scale": 2.0, "crop": Crop(3, 1, 4, 2)},
        {"crop": Crop(6, 4, 1, 1), "fps": Fraction(50)},
        {"start_s": 0.25, "duration_s": 0.05},
        {"at_s": (0.05, 0.06)},
    ],
)
def test_the_points_counted_are_those_evaluated(monkeypatch, options):
    points, blocks = [], Siren.blocks

    def counted(field, position, y, x):
        points.append(len(y) * len(x))
        return blocks(field, position, y, x)

    monkeypatch.setattr(Siren, "blocks", counted)
    work = decode(io.BytesIO(silent_file()), io.BytesIO(), DecodeConfig(**options), NULL).work
    unit = toy_chunk().units[0]
    shapes = [shape for shape in unit.spec.tensor_shapes(unit.domain) if shape[0] != "motion"]
    assert work.pixels == sum(points) > 0
    assert work.macs == work.pixels * count_weights(shapes)


def test_a_full_decode_takes_the_work_that_the_chunks_state():
    data = toy_file(3)
    work = decode(io.BytesIO(data), io.BytesIO(), write=NULL).work
    assert work.macs == work.whole_macs == sum(toy_chunk(index).macs for index in range(3))
    assert (work.pixels, work.samples, work.chunks, work.whole_chunks) == (9 * 35, 1200, 3, 3)
    assert work.share == 1.0
    assert work.exact
    assert work.bytes_read <= work.whole_bytes == len(data)


def test_the_work_of_chunks_not_read_is_estimated():
    data = silent_file()
    work = decode(io.BytesIO(data), io.BytesIO(), DecodeConfig(start_s=0.25, duration_s=0.05), NULL).work
    assert (work.chunks, work.whole_chunks, work.exact) == (1, 4, False)
    assert work.share == pytest.approx(1 / 12, rel=0.05)
    entry = Reader(io.BytesIO(data)).index.entries[2]
    assert work.bytes_read < len(data) - 3 * entry.length + 50


@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({}, 1),
        ({"start_s": 0.24, "duration_s": 0.12}, 1 / 4),
        ({"frames": 4}, 4 / 12),
        ({"scale": 2.0}, 4),
        ({"crop": Crop(0, 0, 7, 1)}, 1 / 5),
        ({"fps": Fraction(50)}, 2),
        ({"at_s": (0.1, 0.4)}, 2 / 12),
        ({"stills": 6}, 6 / 12),
    ],
)
def test_the_share_is_foreseen(options, share):
    decoding = Decoding(io.BytesIO(silent_file()), DecodeConfig(**options))
    assert decoding.foreseen_share == pytest.approx(share, rel=0.02)
    list(decoding.events())
    assert decoding.work.share == pytest.approx(share, rel=0.02)


def test_of_a_pipe_the_whole_is_known_when_it_has_come_by():
    work = decode(Pipe(silent_file()), io.BytesIO(), write=NULL).work
    assert (work.share, work.exact, work.whole_bytes) == (1.0, True, None)
    part = decode(Pipe(silent_file()), io.BytesIO(), DecodeConfig(duration_s=0.1), NULL).work
    assert (part.share, part.whole_chunks) == (None, None)


def test_a_target_without_sound_or_picture_costs_neither(tmp_path):
    (tmp_path / "a.inrv").write_bytes(toy_file(2))
    sound = decode(tmp_path / "a.inrv", tmp_path / "a.wav")
    picture = decode(tmp_path / "a.inrv", tmp_path / "a%d.png")
    assert (sound.work.pixels, sound.work.samples, sound.frames, sound.samples) == (0, 800, 0, 760)
    assert (picture.work.pixels, picture.work.samples, picture.frames, picture.samples) == (6 * 35, 0, 6, 0)
    assert "the target takes no picture" in sound.warnings
    assert "a picture takes no sound" in picture.warnings


def test_a_picture_at_a_frames_time_is_that_frame_and_between_two_it_is_another():
    data = silent_file()
    stored = frames(data)
    (same,), (between,) = frames(data, at_s=(4 / 25,)), frames(data, at_s=(4.5 / 25,))
    assert np.array_equal(same, stored[4])
    assert not np.array_equal(between, stored[4])
    assert np.array_equal(frames(data, at_s=(0.0,))[0], stored[0])


def test_pictures_at_times_of_a_pipe_are_the_same():
    data, asked = silent_file(), DecodeConfig(at_s=(0.05, 0.4))
    events = list(Decoding(Pipe(data), asked).events())
    assert [event.pts for event in events] == [0, 350_000]
    for event, frame in zip(events, frames(data, at_s=asked.at_s), strict=True):
        assert np.array_equal(event.values, frame)


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_a_picture_after_the_end_is_refused(source):
    with pytest.raises(InputError, match="--at"):
        list(Decoding(source(silent_file()), DecodeConfig(at_s=(0.48,))).events())


@pytest.mark.parametrize(
    "options",
    [{"at_s": (1.0, 1.0)}, {"at_s": (-1.0,)}, {"at_s": (float("nan"),)}, {"at_s": (1.0,), "fps": Fraction(5)}],
)
def test_times_that_make_no_sense_are_refused(options):
    with pytest.raises(InputError):
        DecodeConfig(**options)


def test_the_cropped_picture_has_its_size_and_the_wholes_shape():
    file = io.BytesIO()
    stream = replace(TOY_VIDEO, rotation=90, sample_aspect_ratio=Fraction(4, 3))
    writer = Writer(file, {0: stream}, {})
    chunk = toy_chunk()
    writer.write(replace(chunk, audio=None, units=chunk.units[:1]))
    writer.close()
    data, crop = file.getvalue(), Crop(1, 2, 3, 4)
    decoding = Decoding(io.BytesIO(data), DecodeConfig(crop=crop))
    assert (decoding.video.width, decoding.video.height, decoding.video.sample_aspect_ratio) == (3, 4, Fraction(3, 4))
    for part, whole in zip(frames(data, crop=crop), frames(data), strict=True):
        assert np.abs(part - whole[2:6, 1:4]).max() <= 1


@pytest.mark.parametrize(("crop", "scale"), [(Crop(5, 0, 3, 1), 1.0), (Crop(0, 10, 1, 1), 2.0)])
def test_a_crop_outside_is_refused_with_what_is_allowed(crop, scale):
    with pytest.raises(InputError, match=f"up to {round(7 * scale)} and y [+] h up to {round(5 * scale)}"):
        Decoding(io.BytesIO(silent_file()), DecodeConfig(crop=crop, scale=scale))
