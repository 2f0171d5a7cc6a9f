"""The frame around everything: boxes, their CRCs and lengths."""

import io

import pytest
from inrv_format.boxes import OVERHEAD_BYTES, build_box, read_box
from inrv_format.errors import InvalidDataError, LimitError, TruncatedError
from inrv_format.limits import DEFAULT_LIMITS, Limits


def test_a_box_comes_back_as_it_went():
    data = build_box(b"CHNK", 7, b"hello")
    box = read_box(io.BytesIO(data), 100, DEFAULT_LIMITS)
    assert (box.type, box.sequence, box.offset, box.content) == (b"CHNK", 7, 100, b"hello")
    assert box.length == len(data) == 5 + OVERHEAD_BYTES
    assert box.critical


def test_every_single_bit_flip_of_a_box_is_seen():
    data = build_box(b"tags", 0, b"a=b")
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidDataError):
            read_box(io.BytesIO(damaged), 0, DEFAULT_LIMITS)


def test_every_cut_of_a_box_is_truncated():
    data = build_box(b"tags", 0, b"a=b")
    for length in range(len(data)):
        with pytest.raises(TruncatedError):
            read_box(io.BytesIO(data[:length]), 0, DEFAULT_LIMITS)


@pytest.mark.parametrize("limits", [Limits(box_bytes=9), Limits(metadata_bytes=9)])
def test_a_length_over_the_limit_is_refused_before_reading(limits):
    data = build_box(b"tags", 0, b"0123456789")
    with pytest.raises(LimitError, match="limit is 9"):
        read_box(io.BytesIO(data), 0, limits)
