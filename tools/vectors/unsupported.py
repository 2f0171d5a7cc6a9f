"""`unsupported`: what a later version may bring, and a reader of version 1 must name rather than call damage."""

from __future__ import annotations

from collections.abc import Iterator

from inrv_format.index import build_stream
from inrv_format.schema import STREAM_HEADER

from vectors.base import STREAMS, base_file, with_unit_field
from vectors.faulty_payloads import packets_with
from vectors.surgery import put_together, take_apart, with_header_field
from vectors.vector import UNSUPPORTED, Vector

UNKNOWN_CODEC = 200


def vectors() -> Iterator[Vector]:
    """All of them."""
    for name, section, shows, data in _rows():
        yield Vector(f"unsupported/{name}", section, shows, data, UNSUPPORTED)


def _rows() -> Iterator[tuple[str, str, str, bytes]]:
    data = base_file()
    pieces = take_apart(data)
    yield "version-2", "2", "a file that needs version 2", with_header_field(data, "version_needed", 2)
    yield "version-65535", "2", "a file that needs version 65,535", with_header_field(data, "version_needed", 65_535)
    for bit in (0, 31):
        yield (
            f"feature-{bit}",
            "2",
            f"bit {bit} of must_understand",
            with_header_field(data, "must_understand", 1 << bit),
        )
    for name, place in (("first", 0), ("among-chunks", 4), ("last", pieces.place(b"ENDF"))):
        box = put_together(pieces.with_boxes(place, place, (b"NEXT", b"?")))
        yield f"critical-box-{name}", "3", "a critical box that no version knows", box
    kind = pieces.with_field(b"STRM", STREAM_HEADER, "kind", 3)
    yield "stream-kind", "4", "a stream that is neither picture nor sound", put_together(kind)
    for number, name in ((0, "pictures"), (1, "sounds")):
        second = (b"STRM", build_stream(9, STREAMS[number]))
        yield f"two-{name}", "4", f"two streams of {name}", put_together(pieces.with_boxes(2, 2, second))
    for family in (0, 200, 255):
        yield f"family-{family}", "6.1", f"a network of family {family}", with_unit_field("family", family)
    for coder in (100, 200):
        yield f"coder-{coder}", "6.3", f"a payload of coder {coder}", with_unit_field("coder", coder)
    yield "packets-coder", "7.8", "packets of coder 100", packets_with(header={"coder": 100})
    yield "sound-codec", "7.8", "packets of an unknown codec", packets_with(piece=bytes([UNKNOWN_CODEC]))
