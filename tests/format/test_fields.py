"""Every field of every structure: what is written is read, and written again it is the same bytes."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inrv_format import Reader
from inrv_format.boxes import build_box, read_box
from inrv_format.chunk import build_chunk, parse_chunk
from inrv_format.families import family_id, parse_family
from inrv_format.index import build_index, build_stream, build_tags, parse_index, parse_stream, parse_tags
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.quantization import TensorHeader
from inrv_format.schema import Cursor
from strategies import AUDIO_STREAM, SPECS, TAGS, U8, U32, VIDEO_STREAM, chunks, indices, tensor_headers
from toys import file_of

# Work follows from what is drawn; that it is bounded is shown elsewhere.
ANY_WORK = Limits(
    macs_per_chunk=1 << 99,
    macs_per_file=1 << 99,
    values_per_chunk=1 << 99,
    pixels_per_frame=1 << 99,
    samples_per_chunk=1 << 99,
)


def of_box(box):
    data = build_box(*box)
    found = read_box(io.BytesIO(data), 0, DEFAULT_LIMITS)
    read = (found.type, found.sequence, found.content)
    return data, read, build_box(*read)


def of_stream(stream):
    data = build_stream(*stream)
    read = parse_stream(data, offset=0, limits=ANY_WORK)
    return data, read, build_stream(*read)


def of_tags(tags):
    data = build_tags(tags)
    read = parse_tags(data, DEFAULT_LIMITS)
    return data, read, build_tags(read)


def of_spec(spec):
    data = spec.pack()
    read = parse_family(family_id(spec), data)
    return data, read, read.pack()


def of_record(header):
    data = header.pack()
    read = TensorHeader.parse(Cursor(data))
    return data, read, read.pack()


def of_chunk(drawn):
    streams, chunk = drawn
    data = build_chunk(chunk)
    read = parse_chunk(data, streams, limits=ANY_WORK)
    return data, (streams, read), build_chunk(read)


def of_index(index):
    data = build_index(index)
    read = parse_index(data, offset=1 << 63, limits=DEFAULT_LIMITS)
    return data, read, build_index(read)


def of_file(drawn):
    (streams, chunk), tags = drawn
    data = file_of([chunk], streams, tags)
    reader = Reader(io.BytesIO(data), limits=ANY_WORK)
    (read,) = reader.chunks()
    return data, ((reader.streams, read), reader.tags), file_of([read], reader.streams, reader.tags)


BOXES = st.tuples(st.from_regex(rb"[A-Za-z]{4}", fullmatch=True), U32, st.binary(max_size=40))
STRUCTURES = {
    "box": (BOXES, of_box),
    "stream": (st.tuples(U8, VIDEO_STREAM | AUDIO_STREAM), of_stream),
    "tags": (TAGS, of_tags),
    "spec": (SPECS, of_spec),
    "record": (tensor_headers(), of_record),
    "chunk": (chunks(), of_chunk),
    "index": (indices(), of_index),
    "file": (st.tuples(chunks(), TAGS), of_file),
}


def stays(name: str, examples: int) -> None:
    values, written_twice = STRUCTURES[name]

    @settings(max_examples=examples, deadline=None)
    @given(values)
    def check(value: object) -> None:
        data, read, again = written_twice(value)
        assert data == again
        assert repr(read) == repr(value)  # of which a NaN is one as well

    check()


@pytest.mark.parametrize("name", STRUCTURES)
def test_what_is_written_comes_back(name):
    stays(name, 200)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRUCTURES)
def test_what_is_written_comes_back_always(name):
    stays(name, 2000)
