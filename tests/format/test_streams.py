"""Stream descriptions, tags and the index: limits and ranges."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inrv_format.errors import InvalidDataError, LimitError
from inrv_format.index import (
    Index,
    IndexEntry,
    build_index,
    build_stream,
    build_tags,
    parse_index,
    parse_stream,
    parse_tags,
)
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.streams import AudioStream, VideoStream


@pytest.mark.parametrize(("field", "value"), [("width", 16385), ("height", 2**31)])
def test_pictures_outside_the_limits_are_refused(field, value):
    sizes = {"width": 16, "height": 16, field: value}
    content = build_stream(0, VideoStream(time_base=Fraction(1, 25), **sizes))
    with pytest.raises(LimitError):
        parse_stream(content, offset=0, limits=DEFAULT_LIMITS)


@pytest.mark.parametrize(
    "stream",
    [VideoStream(0, 8, Fraction(1, 25)), VideoStream(8, 0, Fraction(1, 25)), AudioStream(0, 1), AudioStream(8000, 0)],
)
def test_a_stream_of_nothing_is_damaged_not_too_large(stream):
    with pytest.raises(InvalidDataError) as refusal:
        parse_stream(build_stream(0, stream), offset=0, limits=DEFAULT_LIMITS)
    assert not isinstance(refusal.value, LimitError)


def test_a_zero_time_base_is_refused():
    content = bytearray(build_stream(0, VideoStream(8, 8, Fraction(1, 25))))
    content[10:14] = bytes(4)
    with pytest.raises(InvalidDataError, match="time_base"):
        parse_stream(bytes(content), offset=0, limits=DEFAULT_LIMITS)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[ -~]{0,40}", fullmatch=True)))
def test_tags_keep_their_words(tags):
    parsed = parse_tags(build_tags(tags), DEFAULT_LIMITS)
    assert parsed == {key: " ".join(value.split()) for key, value in tags.items()}


def test_tags_are_stripped_of_control_characters():
    assert parse_tags(b"a=\x1b[31mred\x07", DEFAULT_LIMITS) == {"a": "[31mred"}


def _entry(offset: int, length: int = 10, chunk: int = 0) -> IndexEntry:
    return IndexEntry(offset, length, chunk, 1, 0, 0, 0, 0, 30.0, 0.0)


def test_an_index_comes_back_as_it_went():
    index = Index((_entry(28), _entry(38, chunk=1)), 2, 0, 2, 0)
    assert parse_index(build_index(index), offset=48, limits=DEFAULT_LIMITS) == index


@pytest.mark.parametrize("entries", [(_entry(40),), (_entry(28), _entry(30)), (_entry(28, length=0),)])
def test_entries_that_overlap_or_leave_the_file_are_refused(entries):
    with pytest.raises(InvalidDataError):
        parse_index(build_index(Index(entries, len(entries), 0, 1, 0)), offset=48, limits=DEFAULT_LIMITS)


def test_an_index_over_the_limit_is_refused():
    with pytest.raises(LimitError):
        parse_index(build_index(Index((_entry(28),), 1, 0, 1, 0)), offset=48, limits=Limits(chunks=0))
