"""`invr repair`, `invr decode --salvage` and what `invr test` says of damage, as whole commands."""

import io
import os
import subprocess
import zlib
from pathlib import Path

import pytest
from inrv_format.reader import Reader
from mutants import HEADER_BYTES, boxes_of, rebuilt
from toys import toy_file
from warm import warm_run

from invr.config import DecodeConfig
from invr.decoder import DecodedFrame, Decoding

WHOLE = toy_file(4)
SPANS = [(entry.offset, entry.offset + entry.length) for entry in Reader(io.BytesIO(WHOLE)).index.entries]
LOSS = "lost: chunk 1, frames 3 to 5, 0.120 to 0.240 s"


def invr(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return warm_run(arguments, stdin)


@pytest.fixture
def damaged(tmp_path) -> Path:
    """A byte of the second chunk is flipped, and the end is cut off within the fourth."""
    data = bytearray(WHOLE[: SPANS[3][0] + 100])
    data[SPANS[1][0] + 99] ^= 1
    (tmp_path / "bad.inrv").write_bytes(data)
    return tmp_path / "bad.inrv"


def test_repair_saves_what_is_whole_and_names_what_is_not(damaged, tmp_path):
    done = invr("repair", damaged, "-o", tmp_path / "good.inrv")
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (0, b"", 3)
    assert lines[0].startswith(f"invr: warning: bytes {SPANS[1][0]} to {SPANS[1][1] - 1}: ")
    assert lines[0].endswith(LOSS)
    assert lines[1].endswith("lost: whatever came after chunk 2, frame 8, 0.360 s")
    assert lines[2].endswith("2 chunks are saved, lost spans of time: 2")
    assert invr("test", tmp_path / "good.inrv").returncode == 0


def test_repair_reads_and_writes_pipes_and_quiet_still_names_losses(damaged, tmp_path):
    invr("repair", damaged, "-o", tmp_path / "good.inrv")
    done = invr("repair", "-", "-o", "-", "-q", stdin=damaged.read_bytes())
    assert done.stdout == (tmp_path / "good.inrv").read_bytes()
    assert len(done.stderr.decode().splitlines()) == 2


def test_a_whole_file_is_copied_and_said_to_be_whole(tmp_path):
    done = invr("repair", "-", tmp_path / "same.inrv", stdin=WHOLE)
    assert done.returncode == 0
    assert b"the file was whole" in done.stderr
    assert (tmp_path / "same.inrv").read_bytes() == WHOLE


def test_a_lost_index_costs_no_chunk():
    done = invr("repair", "-", "-o", "-", stdin=WHOLE[: SPANS[3][1] + 40])
    assert done.stdout == WHOLE
    assert b"no chunk is lost" in done.stderr
    assert b"all 4 chunks are saved" in done.stderr


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (WHOLE[:90], "no STRM box is whole"),
        (WHOLE[:28] + WHOLE[102:], "the STRM box of its picture is lost"),
        (WHOLE[: SPANS[0][0] + 50], "no chunk is whole"),
        (b"this is a text\n" * 20, "no STRM box is whole"),
    ],
)
@pytest.mark.parametrize("command", [["repair"], ["decode", "--salvage"]])
def test_where_nothing_is_saved_there_is_one_line_and_no_file(command, data, words, tmp_path):
    (tmp_path / "bad.inrv").write_bytes(data)
    done = invr(*command, tmp_path / "bad.inrv", "-o", tmp_path / "o.mkv")
    assert done.returncode == 4
    assert words in done.stderr.decode()
    assert len(done.stderr.decode().splitlines()) == 1
    assert os.listdir(tmp_path) == ["bad.inrv"]


def test_a_newer_version_is_not_taken_for_damage(tmp_path):
    header = WHOLE[:12] + b"\2\0" + WHOLE[14:24]
    data = header + zlib.crc32(header).to_bytes(4, "little") + WHOLE[28:]
    assert invr("repair", "-", tmp_path / "o.inrv", stdin=data).returncode == 5


def test_salvage_decodes_what_repair_keeps(damaged, tmp_path):
    invr("repair", damaged, "-o", tmp_path / "good.inrv")
    expected = invr("decode", tmp_path / "good.inrv", "-o", "-", "-f", "digest")
    done = invr("decode", damaged, "--salvage", "-o", "-", "-f", "digest")
    assert (done.returncode, done.stdout) == (0, expected.stdout)
    assert LOSS in done.stderr.decode().splitlines()[0]
    assert (
        invr("decode", "-", "--salvage", "-o", "-", "-f", "digest", stdin=damaged.read_bytes()).stdout == done.stdout
    )


def test_lost_frames_are_a_gap_and_lost_sound_is_silence(damaged):
    """The second chunk of three: frames 3 to 5, and the samples between 400 and 720 that no other one covers."""
    decoding = Decoding(io.BytesIO(damaged.read_bytes()), DecodeConfig(salvage=True))
    frames, sound = [], []
    for event in decoding.events():
        (frames if isinstance(event, DecodedFrame) else sound).append(event)
    assert [frame.pts for frame in frames] == [0, 1, 2, 6, 7, 8]
    assert sum(len(each.values) for each in sound) == 1120
    at = {each.pts + k: value for each in sound for k, value in enumerate(each.values)}
    assert all(not at[k].any() for k in range(400, 720))
    assert at[399].any() and at[720].any()


def test_a_decode_without_salvage_stops(damaged, tmp_path):
    done = invr("decode", damaged, "-o", tmp_path / "o.mkv")
    assert done.returncode == 4
    assert os.listdir(tmp_path) == ["bad.inrv"]


def test_salvage_of_a_whole_file_says_nothing_of_losses(tmp_path):
    done = invr("decode", "-", "--salvage", "-q", "-o", "-", "-f", "digest", stdin=WHOLE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == invr("decode", "-", "-q", "-o", "-", "-f", "digest", stdin=WHOLE).stdout


def test_test_names_the_offset_of_a_cut_and_what_may_help(tmp_path):
    (tmp_path / "cut.inrv").write_bytes(WHOLE[:-40])
    done = invr("test", tmp_path / "cut.inrv")
    assert done.returncode == 4
    line = f"invr: {tmp_path}/cut.inrv: the file has no footer: it was cut off (at byte {len(WHOLE) - 40}"
    assert done.stderr.decode().startswith(line)
    assert "invr repair" in done.stderr.decode()
    assert b"repair" not in invr("test", "-", stdin=b"this is a text").stderr


def test_salvage_passes_over_a_payload_that_does_not_inflate():
    """Right CRCs around a payload that is none: the chunk is passed over, not shown."""
    boxes = boxes_of(WHOLE)
    content = bytearray(boxes[4][1])
    content[-30] ^= 1
    boxes[4] = (boxes[4][0], bytes(content))
    done = invr("decode", "-", "--salvage", "-o", "-", "-f", "digest", stdin=rebuilt(WHOLE[:HEADER_BYTES], boxes))
    assert done.returncode == 0
    assert LOSS in done.stderr.decode()
