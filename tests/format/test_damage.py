"""Small files cut at every byte, with every bit flipped: refused, at once, and no weight changes silently."""

import io
import subprocess
import sys
from functools import partial

import pytest
from damage import (
    FILES,
    FRAMES,
    OVERLAP,
    SAMPLES,
    chunk_ends,
    decoded,
    flip,
    frames_before_the_error,
    payload_bytes,
    repaired,
    spans,
    tried,
    weights,
    without_evaluation,
)
from inrv_format import InvalidDataError, TruncatedError
from mutants import Pipe
from toys import SPEC

from invr.cli.info import describe

ROOT = SPEC.parent
DAMAGED, MOST_CPU_S = InvalidDataError.exit_code, 1.0

each_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES)
each_source = pytest.mark.parametrize("source", [io.BytesIO, Pipe])


@each_file
def test_the_files_are_small_and_whole(data):
    assert 400 < len(data) < 1500
    assert weights(io.BytesIO(data)) == weights(Pipe(data))


@each_file
@each_source
@pytest.mark.parametrize("read", [weights, partial(describe, name="cut", every_chunk=True)], ids=["test", "info"])
def test_every_cut_is_damage(data, source, read):
    tally = tried(range(len(data)), lambda length: read(source(data[:length])))
    assert tally.codes == {DAMAGED: len(data)}
    assert tally.worst_s < MOST_CPU_S


@each_file
def test_a_pipe_that_ends_gives_the_frames_of_its_whole_chunks(data):
    ends = chunk_ends(data)
    with without_evaluation():
        for length in range(len(data)):
            count, error = frames_before_the_error(Pipe(data[:length]))
            assert count == FRAMES * sum(end <= length for end in ends)
            assert type(error) is TruncatedError


def kept(data: bytes, length: int) -> tuple[int, int]:
    """Frames and samples of the chunks that are whole before a cut."""
    chunks = sum(end <= length for end in chunk_ends(data))
    sound = (SAMPLES - OVERLAP) * chunks + OVERLAP
    return FRAMES * chunks, sound if chunks and data is not FILES["tags"] else 0


@each_file
def test_salvage_gives_exactly_the_whole_chunks_of_every_cut(data):
    def salvaged(length: int) -> None:
        assert decoded(io.BytesIO(data[:length]), salvage=True) == kept(data, length)

    with without_evaluation():
        tally = tried(range(len(data)), salvaged)
    assert tally.codes == {DAMAGED: chunk_ends(data)[0], 0: len(data) - chunk_ends(data)[0]}
    assert tally.worst_s < MOST_CPU_S


def refused(data: bytes, source: type[io.IOBase], step: int) -> None:
    bits = range(0, 8 * len(data), step)
    tally = tried(bits, lambda bit: weights(source(flip(data, bit))))
    assert tally.codes == {DAMAGED: len(bits)}
    assert tally.worst_s < MOST_CPU_S


def refused_or_read(data: bytes, step: int) -> None:
    covered, payloads, whole = spans(data), payload_bytes(data), weights(io.BytesIO(data))

    def read(bit: int) -> None:
        found = weights(io.BytesIO(repaired(data, bit, covered)))
        assert found == whole or bit // 8 not in payloads

    bits = [bit for start, end in covered for bit in range(8 * start, 8 * end)]
    tally = tried(bits[::step], read)
    assert tally.codes[DAMAGED] > tally.codes.total() // 2
    assert tally.codes[0] > 0
    assert tally.worst_s < MOST_CPU_S


@each_file
@pytest.mark.parametrize(("source", "step"), [(io.BytesIO, 1), (Pipe, 3)])
def test_every_flipped_bit_is_damage(data, source, step):
    refused(data, source, step)


@pytest.mark.parametrize(("name", "step"), [("tags", 1), ("packets", 1), ("overlap", 5)])
def test_flipped_bits_with_right_crcs_are_refused_or_read(name, step):
    """And those of a payload, which its own CRC covers, never change what is read."""
    refused_or_read(FILES[name], step)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the size of a process is read from /proc")
def test_damage_takes_no_memory():
    """The tool has 64 MB above what reading whole files takes."""
    command = [sys.executable, ROOT / "tools/damage", "--step", "31"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| all | | | 1" in done.stdout


@pytest.mark.slow
@each_file
def test_every_bit_in_every_way(data):
    refused(data, Pipe, 1)
    refused_or_read(data, 1)
