"""Finding boxes in what means to be hard to search: time and memory stay in proportion to the file."""

import io
import resource
import time
import zlib

import pytest
from inrv_format import LimitError
from inrv_format.boxes import Box, build_box
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.scan import Gap, Scanner
from inrv_format.schema import BOX_HEADER, SYNC

SIZE = 1 << 19
# Seconds of one core for half a megabyte, ten times what it takes.
PATIENCE_S = 10.0


def header(length: int, box_type: bytes = b"CHNK") -> bytes:
    """That of a box which claims so many bytes, its CRC right."""
    data = BOX_HEADER.build({"type": box_type, "flags": 0, "length": length, "sequence": 0})
    return data + zlib.crc32(data).to_bytes(4, "little")


def scanned(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Box | Gap]:
    return list(Scanner(io.BytesIO(data), limits))


def test_boxes_and_gaps_cover_the_file():
    box = build_box(b"note", 7, b"content")
    found = scanned(b"noise" + box + b"more" + box[:-1] + SYNC + box)
    kinds = [(type(each), each.type) for each in found]
    assert kinds == [(Gap, b""), (Box, b"note"), (Gap, b""), (Gap, b"note"), (Box, b"note")]
    assert [each.offset for each in found if isinstance(each, Box)] == [5, 12 + 2 * len(box)]
    gaps = [(each.start, each.end) for each in found if isinstance(each, Gap)]
    assert gaps == [(0, 5), (5 + len(box), 9 + len(box)), (9 + len(box), 12 + 2 * len(box))]


@pytest.mark.parametrize("split", range(1, 60, 7))
def test_pieces_of_any_size_give_the_same(split, monkeypatch):
    data = b"x" * 9 + build_box(b"note", 0, b"content") + SYNC[:2] + build_box(b"next", 1, SYNC)
    expected = scanned(data)
    monkeypatch.setattr("inrv_format.scan.PIECE_BYTES", split)
    assert scanned(data) == expected


def test_a_box_over_the_limit_is_none():
    data = build_box(b"note", 0, bytes(100))
    assert [type(each) for each in scanned(data, Limits(box_bytes=99))] == [Gap]


HOSTILE = {
    "sync words": SYNC * (SIZE // 4),
    "lengths of 2^60": header(1 << 60) * (SIZE // 26),
    "lengths beyond the end": header(200 << 20) * (SIZE // 26),
    "types that are none": header(0, b"\xff\xff\xff\xff") * (SIZE // 26),
    "flipped bits": b"".join(build_box(b"CHNK", 0, b"12345")[:-1] + b"?" for _ in range(SIZE // 35)),
    "one sync byte": SYNC[:1] * SIZE,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_seconds(name):
    started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = scanned(HOSTILE[name])
    assert not [each for each in found if isinstance(each, Box)]
    assert found[-1].end == len(HOSTILE[name])
    assert time.process_time() - started < PATIENCE_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 << 10


def test_boxes_that_claim_each_others_bytes_are_given_up():
    """Eighty thousand headers, each with half a megabyte behind it whose CRC would have to be taken."""
    started = time.process_time()
    with pytest.raises(LimitError, match="over and over"):
        scanned(header(SIZE) * (4 * SIZE // 26))
    assert time.process_time() - started < PATIENCE_S


def test_time_grows_with_length_alone():
    """Where every box is damaged, the bytes checked in vain are those of the file."""
    boxes = [build_box(b"CHNK", number, bytes(1000)) for number in range(200)]
    damaged = b"".join(box[:500] + b"!" + box[501:] for box in boxes)
    assert len(scanned(damaged, Limits(box_bytes=1000))) == 200
