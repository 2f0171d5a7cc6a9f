"""Whole files: random access, pipes, versions, damage."""

import io

import pytest
from inrv_format import InrvError, InvalidDataError, Reader, TruncatedError, UnsupportedError
from mutants import Pipe
from toys import TOY_STREAMS, toy_chunk, toy_file
from vectors.surgery import put_together, take_apart, with_header_field


def test_any_chunk_is_found_through_the_index():
    reader = Reader(io.BytesIO(toy_file(4)))
    assert reader.chunk(2) == toy_chunk(2)
    assert reader.chunk(0) == toy_chunk(0)
    assert reader.index.frame_count == 12
    assert reader.index.sample_count == 4 * 400 - 3 * 40


def test_a_pipe_gives_the_same_chunks():
    data = toy_file(3)
    assert list(Reader(Pipe(data)).chunks()) == list(Reader(io.BytesIO(data)).chunks())


def test_streams_and_tags_are_read():
    reader = Reader(io.BytesIO(toy_file()))
    assert reader.streams == TOY_STREAMS
    assert reader.tags == {"encoder": "toy"}


def read_all(source) -> None:
    reader = Reader(source)
    for chunk in reader.chunks():
        for unit in chunk.units:
            unit.symbols()


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_every_cut_is_refused(source):
    data = toy_file(1)
    for length in range(len(data)):
        with pytest.raises(InvalidDataError):
            read_all(source(data[:length]))


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_every_bit_flip_is_refused(source):
    data = toy_file(1)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(InrvError):
            read_all(source(bytes(damaged)))


def test_a_newer_version_is_unsupported_not_damaged():
    with pytest.raises(UnsupportedError, match="version 2"):
        Reader(io.BytesIO(with_header_field(toy_file(), "version_needed", 2)))


def test_a_must_understand_bit_is_unsupported():
    with pytest.raises(UnsupportedError, match="0x4"):
        Reader(io.BytesIO(with_header_field(toy_file(), "must_understand", 4)))


def test_a_may_ignore_bit_is_ignored():
    assert list(Reader(Pipe(with_header_field(toy_file(), "may_ignore", 4))).chunks())


def _with_box(data: bytes, box_type: bytes) -> bytes:
    """The file with one more box right before its index."""
    pieces = take_apart(data)
    place = pieces.place(b"INDX")
    return put_together(pieces.with_boxes(place, place, (box_type, b"?")))


def test_an_unknown_ancillary_box_is_passed_over():
    assert list(Reader(Pipe(_with_box(toy_file(1), b"next"))).chunks()) == [toy_chunk(0)]


def test_an_unknown_critical_box_needs_a_newer_version():
    with pytest.raises(UnsupportedError, match="NEXT"):
        list(Reader(Pipe(_with_box(toy_file(1), b"NEXT"))).chunks())


def test_a_known_box_out_of_place_is_refused():
    with pytest.raises(InvalidDataError, match="after the first chunk"):
        list(Reader(Pipe(_with_box(toy_file(1), b"tags"))).chunks())


def test_a_text_file_is_told_apart_from_a_damaged_one():
    with pytest.raises(InvalidDataError, match=r"not an \.inrv file"):
        Reader(io.BytesIO(b"hello, world, this is text"))
    with pytest.raises(InvalidDataError, match="line ends"):
        Reader(io.BytesIO(toy_file().replace(b"\r\n", b"\n", 1)))
    with pytest.raises(TruncatedError):
        Reader(io.BytesIO(b"\x89IN"))


def test_bytes_after_the_footer_are_refused():
    with pytest.raises(InvalidDataError):
        read_all(Pipe(toy_file() + b"\0"))
