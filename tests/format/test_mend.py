"""Damaged and cut files: what is whole of them is kept, and the rest is named."""

import contextlib
import io
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from inrv_format import InrvError, InvalidDataError, LimitError, Reader, UnsupportedError
from inrv_format.boxes import OVERHEAD_BYTES, build_box
from inrv_format.limits import Limits
from inrv_format.mend import Mending
from inrv_format.wholeness import unpacked
from mutants import HEADER_BYTES, Pipe, boxes_of, mutants, rebuilt
from toys import SPEC, file_of, toy_chunk, toy_file

CHUNKS = 4
DATA = toy_file(CHUNKS)
SPANS = [(entry.offset, entry.offset + entry.length) for entry in Reader(io.BytesIO(DATA)).index.entries]
# Where the file header, each box and the footer begin, and where the file ends
BORDERS = [0, *accumulate((len(content) + OVERHEAD_BYTES for _, content in boxes_of(DATA)), initial=HEADER_BYTES)]
BORDERS.append(len(DATA))


def mended(data: bytes, source=io.BytesIO) -> tuple[bytes, Mending]:
    """The whole file that is made of a damaged one, which a reader takes."""
    mending = Mending(source(data))
    result = b"".join(mending.pieces())
    assert len(list(unpacked(Reader(io.BytesIO(result))))) == mending.chunks
    assert mending.unchanged == (result == data)
    return result, mending


def indices(data: bytes) -> list[int]:
    return [chunk.index for chunk in Reader(io.BytesIO(data)).chunks()]


def flipped(data: bytes, *places: int) -> bytes:
    damaged = bytearray(data)
    for place in places:
        damaged[place] ^= 1
    return bytes(damaged)


def with_box(data: bytes, place: int, box_type: bytes, content: bytes) -> bytes:
    """The file with one more box, as number `place`."""
    boxes = boxes_of(data)
    return rebuilt(data[:HEADER_BYTES], [*boxes[:place], (box_type, content), *boxes[place:]])


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
@pytest.mark.parametrize("data", [file_of([]), toy_file(1), DATA], ids=["no chunk", "one", "four"])
def test_a_whole_file_stays_as_it_is(data, source):
    mending = mended(data, source)[1]
    assert mending.unchanged
    assert mending.losses == []


@pytest.mark.parametrize("place", range(CHUNKS + 5))
def test_a_box_that_is_not_known_stays_where_it_is(place):
    result, mending = mended(with_box(DATA, place, b"note", b"of a later version"))
    assert boxes_of(result)[place] == (b"note", b"of a later version")
    assert indices(result) == [0, 1, 2, 3]
    assert mending.losses == []


def test_a_critical_box_that_is_not_known_needs_a_newer_version():
    with pytest.raises(UnsupportedError, match="NEXT"):
        mended(with_box(DATA, 4, b"NEXT", b"?"))


def test_pieces_are_read_like_a_pipe():
    damaged = flipped(DATA, SPANS[1][0] + 99)
    source = Mending(io.BytesIO(damaged)).source()
    assert source.read(5) + source.read() == mended(damaged)[0]
    assert not source.seekable()


RANDOM_CUTS = [int(place) for place in np.random.default_rng(0).integers(0, len(DATA), 50)]


@pytest.mark.parametrize("length", [0, *BORDERS[:-1], *RANDOM_CUTS])
def test_a_cut_file_keeps_the_chunks_that_were_whole(length):
    whole = [number for number, (_, end) in enumerate(SPANS) if end <= length]
    if not whole:
        with pytest.raises(InvalidDataError, match=r"no STRM box is whole|no chunk is whole"):
            mended(DATA[:length])
        return
    result, mending = mended(DATA[:length])
    assert list(Reader(io.BytesIO(result)).chunks()) == [toy_chunk(number) for number in whole]
    assert [loss.end for loss in mending.losses] == [length]


@pytest.mark.parametrize("place", [0, 4, 8, 12, 20, 24, 30, -1], ids=str)
@pytest.mark.parametrize("number", range(len(BORDERS) - 1))
def test_a_flipped_byte_costs_its_box(number, place):
    """Header or content, of each box; and the footer."""
    start, end = BORDERS[number : number + 2]
    damaged = flipped(DATA, end - 1 if place < 0 else min(start + place, end - 1))
    lost = [k for k, span in enumerate(SPANS) if span == (start, end)]
    if number in (1, 2):
        with pytest.raises(InvalidDataError, match="STRM box"):
            mended(damaged)
        return
    result, mending = mended(damaged)
    assert indices(result) == [k for k in range(CHUNKS) if k not in lost]
    assert [loss.chunks for loss in mending.losses] == [bool(lost)]


@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_a_file_damaged_in_many_places_gives_the_rest(source):
    damaged = flipped(DATA, 3, 180, SPANS[1][0] + 9, SPANS[2][0] + 99, SPANS[3][1] + 50)
    result, mending = mended(damaged, source)
    assert indices(result) == [0, 3]
    assert [loss.chunks for loss in mending.losses] == [False, True, False]


def test_a_loss_says_which_bytes_chunks_frames_and_times():
    losses = mended(flipped(DATA, SPANS[1][0] + 99, SPANS[2][0] + 99))[1].losses
    start, end = SPANS[1][0], SPANS[2][1] - 1
    spans = "lost: chunks 1 to 2, frames 3 to 8, 0.120 to 0.360 s"
    assert [str(loss) for loss in losses] == [f"bytes {start} to {end}: CHNK box damaged or cut off; {spans}"]


LOST_WORDS = {
    "first": (SPANS[0], "lost: whatever came before chunk 1, frame 3, 0.120 s"),
    "last": (SPANS[3], "lost: chunk 3, frames 9 to 11, 0.360 to 0.480 s"),
    "all from the third on": ((SPANS[2][0], len(DATA)), "lost: whatever came after chunk 1, frame 5, 0.240 s"),
    "tags": (BORDERS[3:5], "no chunk is lost"),
    "index": (BORDERS[-4:-2], "no chunk is lost"),
    "end": (BORDERS[-3:-1], "no chunk is lost"),
    "footer": (BORDERS[-2:], "no chunk is lost"),
}


@pytest.mark.parametrize("name", LOST_WORDS)
def test_bytes_that_are_gone_are_told_by_what_is_around_them(name):
    """The whole box is missing, so that no byte is left over."""
    (start, end), words = LOST_WORDS[name]
    _, mending = mended(DATA[:start] + DATA[end:])
    assert [str(loss).partition("; ")[2] for loss in mending.losses] == [words]
    assert all(loss.start == loss.end for loss in mending.losses) or name == "end"


@pytest.mark.parametrize("inserted", [b"", b"\xf7IB\n", b"\xf7IB\nCHNK", b"\xf7" * 99])
@pytest.mark.parametrize("missing", [1, 20, 300, 700])
def test_boxes_are_found_again_after_bytes_were_lost_or_put_in(inserted, missing):
    place = SPANS[1][0] + 40
    result, mending = mended(DATA[:place] + inserted + DATA[place + missing :])
    assert indices(result) == ([0, 2, 3] if missing < 600 else [0, 3])
    assert [(loss.before.chunk, loss.after.chunk) for loss in mending.losses] == [(1, 2 if missing < 600 else 3)]


def test_sound_behind_a_loss_stands_alone():
    """Its first forty samples repeat nothing any more: they count."""
    result, _ = mended(flipped(DATA, SPANS[1][0] + 99))
    audio, before = [list(Reader(io.BytesIO(data)).chunks())[k].audio for data, k in ((result, 1), (DATA, 2))]
    assert audio == replace(before, overlap=0, first_sample=before.first_sample - 40)
    assert Reader(io.BytesIO(result)).index.sample_count == 400 + 400 + 360


def test_a_chunk_whose_payload_does_not_inflate_is_lost():
    boxes = boxes_of(DATA)
    boxes[4] = (b"CHNK", flipped(boxes[4][1], len(boxes[4][1]) - 30))
    result, mending = mended(rebuilt(DATA[:HEADER_BYTES], boxes))
    assert indices(result) == [0, 2, 3]
    assert "lost: chunk 1," in str(mending.losses[0])


def test_a_box_within_a_box_is_not_mistaken_for_one():
    inner = build_box(b"CHNK", 4, boxes_of(DATA)[4][1])
    result, mending = mended(with_box(toy_file(1), 3, b"note", inner))
    assert indices(result) == [0]
    assert mending.losses == []


def test_a_whole_file_that_describes_no_stream_cannot_be_saved():
    with pytest.raises(InvalidDataError, match=r"no STRM box is whole.*there is none"):
        mended(rebuilt(DATA[:HEADER_BYTES], [box for box in boxes_of(DATA) if box[0] not in (b"STRM", b"CHNK")]))


@pytest.mark.parametrize("name", ["picture", "sound"])
def test_without_the_description_of_a_stream_nothing_is_saved(name):
    start, end = BORDERS[1:3] if name == "picture" else BORDERS[2:4]
    with pytest.raises(InvalidDataError, match=f"the STRM box of its {name} is lost"):
        mended(DATA[:start] + DATA[end:])


def test_chunks_without_the_lost_stream_are_saved():
    silent = replace(toy_chunk(0), audio=None, units=toy_chunk(0).units[:1])
    data = file_of([silent, replace(toy_chunk(1), audio=replace(toy_chunk(1).audio, overlap=0))])
    result, _ = mended(flipped(data, BORDERS[2] + 40))
    assert list(Reader(io.BytesIO(result)).streams) == [0]
    assert indices(result) == [0]


def test_a_second_file_behind_the_first_is_named_as_lost():
    result, mending = mended(DATA + DATA)
    assert result == DATA
    assert "a chunk after the index" in str(mending.losses[0])
    assert mending.losses[0].chunks


def test_a_stream_after_the_tags_is_left_out():
    """And with it what needs it: no reader would take the file."""
    boxes = boxes_of(DATA)
    boxes[1], boxes[2] = boxes[2], boxes[1]
    with pytest.raises(InvalidDataError, match="the STRM box of its sound is lost"):
        mended(rebuilt(DATA[:HEADER_BYTES], boxes))


def test_every_faulty_file_that_is_mended_is_whole():
    paths = [path for path in sorted((SPEC / "vectors" / "faulty").glob("*.inrv")) if path.stem != "work-of-a-file"]
    for path in paths:  # that one has payloads of 15 s
        with contextlib.suppress(InrvError):
            mended(path.read_bytes())


def test_chunks_out_of_order_are_left_out():
    boxes = boxes_of(DATA)
    boxes[4], boxes[5] = boxes[5], boxes[4]
    result, mending = mended(rebuilt(DATA[:HEADER_BYTES], boxes))
    assert indices(result) == [0, 2, 3]
    assert mending.losses[0].chunks


@pytest.mark.parametrize("limits", [Limits(chunks=3), Limits(macs_per_file=toy_chunk(0).macs)])
def test_what_no_reader_would_take_is_refused(limits):
    with pytest.raises(LimitError, match="multiply-adds"):
        list(Mending(io.BytesIO(DATA), limits).pieces())


def test_a_chunk_behind_too_long_a_silence_is_lost():
    late = replace(toy_chunk(3), audio=replace(toy_chunk(3).audio, pts=9000, first_sample=9000, overlap=0))
    mending = Mending(io.BytesIO(file_of([toy_chunk(0), late])), Limits(silence_samples=8000))
    assert list(mending.pieces())
    assert "samples of silence before chunk 3" in str(mending.losses[0])


def test_a_repaired_file_is_whole():
    result, _ = mended(flipped(DATA, SPANS[1][0] + 99))
    assert mended(result)[1].unchanged


@pytest.mark.parametrize("place", range(0, len(toy_file(2)), 13))
def test_whatever_byte_is_damaged_the_rest_is_a_file(place):
    damaged = bytearray(toy_file(2))
    damaged[place] ^= 0xFF
    try:
        mended(bytes(damaged))
    except InrvError:
        assert BORDERS[1] <= place < BORDERS[3]  # a description


def test_files_that_lie_with_right_crcs_become_files_that_a_reader_takes():
    refused = 0
    for mutant in mutants(toy_file(2), 120):
        try:
            result = b"".join(Mending(io.BytesIO(mutant)).pieces())
        except InrvError:
            refused += 1
        else:
            list(unpacked(Reader(io.BytesIO(result))))
    assert 0 < refused < 60
