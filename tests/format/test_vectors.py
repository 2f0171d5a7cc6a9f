"""The conformance files: both decoders read, or refuse, every one of them as the manifest says."""

import io
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest
from inrv_format import InrvError, Reader
from inrv_format.chunk import build_chunk
from toys import SPEC, load_reference, run_invr
from vectors.manifest import EXIT_CODES, all_vectors, manifest_text, symbols_digest

from invr.config import DecodeConfig
from invr.decoder import DecodedFrame, DecodedSound, Decoding

FOLDER = SPEC / "vectors"
MANIFEST = tomllib.loads((FOLDER / "manifest.toml").read_text())["vector"]
DECODED = [vector for vector in MANIFEST if vector["result"] == "decoded"]
REFUSED = [vector for vector in MANIFEST if vector["result"] != "decoded"]
RESULTS = {code: result for result, code in EXIT_CODES.items()}
LEAST = {"valid": 25, "unusual": 15, "faulty": 60, "unsupported": 8}
MOST_BYTES = 2_000_000
MOST_CPU_S, MOST_BYTES_ABOVE = 1.0, 64 << 20
# What these compressors write differs between their versions; the integers do not.
COMPRESSED_ELSEWHERE = {"valid/example", "valid/lzma2", "valid/planes", "valid/zstd", "unusual/zstd-checksum"}

reference = load_reference()
each_decoded = pytest.mark.parametrize("vector", DECODED, ids=lambda vector: vector["file"])
each_refused = pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["file"])


class Pipe(io.BytesIO):
    """Bytes that cannot be sought."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError("not seekable")


def data_of(vector: dict) -> bytes:
    return (FOLDER / vector["file"]).read_bytes()


def result_of(data: bytes, source: type[io.BytesIO] = io.BytesIO) -> str:
    """What the library makes of a file: headers first, then the payloads."""
    try:
        chunks = list(Reader(source(data)).chunks())
        for unit in [unit for chunk in chunks for unit in chunk.units]:
            unit.symbols()
    except InrvError as error:
        return RESULTS[error.exit_code]
    return "decoded"


def result_of_reference(data: bytes) -> str:
    try:
        chunks = reference.read_file(data).chunks
        for unit in [unit for chunk in chunks for unit in chunk.units]:
            reference.unit_symbols(unit)
    except reference.DecodeError as error:
        return {"Damaged": "damaged", "Unsupported": "unsupported", "TooLarge": "too large"}[type(error).__name__]
    return "decoded"


@each_decoded
@pytest.mark.parametrize("source", [io.BytesIO, Pipe])
def test_the_library_reads_the_integers(vector, source):
    reader = Reader(source(data_of(vector)))
    chunks = list(reader.chunks())
    assert symbols_digest(chunks) == vector["symbols_sha256"]
    assert len(chunks) == vector["chunks"]
    if reader.index is not None:
        assert (reader.index.frame_count, reader.index.sample_count) == (vector["frames"], vector["samples"])
        again = [build_chunk(reader.chunk(number)) for number in range(len(chunks))]
        assert again == [build_chunk(chunk) for chunk in chunks]


@each_decoded
def test_the_reference_decoder_reads_the_integers(vector):
    reader, file = Reader(io.BytesIO(data_of(vector))), reference.read_file(data_of(vector))
    for ours, theirs in zip(reader.chunks(), file.chunks, strict=True):
        for unit, other in zip(ours.units, theirs.units, strict=True):
            symbols = [(tensor.name, tensor.values.tolist()) for tensor in unit.symbols()]
            assert [(name, q.tolist()) for name, q in reference.unit_symbols(other)] == symbols
    assert {key: "".join(filter(str.isprintable, text)) for key, text in file.tags.items()} == reader.tags


def decoded(data: bytes) -> tuple[list, list]:
    """Frames and blocks of sound as `invr decode` has them, before denoising."""
    events = list(Decoding(io.BytesIO(data), DecodeConfig(denoise=False)).events())
    frames = [event for event in events if isinstance(event, DecodedFrame)]
    return frames, [event for event in events if isinstance(event, DecodedSound) and len(event.values)]


@pytest.mark.parametrize("vector", [v for v in DECODED if v["frames"]], ids=lambda vector: vector["file"])
def test_all_decoders_give_the_same_pictures(vector):
    frames, _ = decoded(data_of(vector))
    stream, file = Reader(io.BytesIO(data_of(vector))).video, reference.read_file(data_of(vector))
    ours = np.rot90(np.stack([frame.values for frame in frames]), stream.rotation // 90, axes=(1, 2)).astype(int)
    theirs = np.concatenate([reference.chunk_frames(file, chunk) for chunk in file.chunks if chunk.picture])
    tolerance = max(1, ((1 << stream.bit_depth) - 1) // 255)
    assert np.abs(ours - theirs).max() <= tolerance
    for frame, row, column, *values in vector["pixels"]:
        assert np.abs(ours[frame, row, column] - values).max() <= tolerance
    assert [frame.pts for frame in frames] == vector["video_pts"]


@pytest.mark.parametrize("vector", [v for v in DECODED if v["samples"]], ids=lambda vector: vector["file"])
def test_all_decoders_give_the_same_sound(vector):
    _, blocks = decoded(data_of(vector))
    ours, file = np.concatenate([block.values for block in blocks]), reference.read_file(data_of(vector))
    if all(unit.family != 5 for chunk in file.chunks for unit in chunk.units):
        assert np.abs(ours - reference.joined_sound(file)).max() <= 2**-15
    for sample, *values in vector["sound"]:
        assert np.abs(ours[sample] - values).max() <= 2**-15
    assert blocks[0].pts == vector["audio_pts"]


@each_refused
def test_both_decoders_refuse_alike(vector):
    data = data_of(vector)
    found = [result_of(data), result_of(data, Pipe), result_of_reference(data)]
    assert found == [vector["result"]] * 3


def test_refusing_takes_no_time():
    slow = {}
    for vector in REFUSED:
        data, start = data_of(vector), time.process_time()
        result_of(data)
        if time.process_time() - start > MOST_CPU_S:
            slow[vector["file"]] = time.process_time() - start
    assert not slow


REFUSE_ALL = """
import resource, sys, tomllib
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_vectors import DECODED, REFUSED, data_of, result_of, result_of_reference
for vector in DECODED:
    result_of(data_of(vector)), result_of_reference(data_of(vector))
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for vector in REFUSED:
    assert result_of(data_of(vector)) == result_of_reference(data_of(vector)) == vector["result"], vector["file"]
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the size of a process is read from /proc")
def test_refusing_takes_no_memory():
    command = [sys.executable, "-c", REFUSE_ALL, str(MOST_BYTES_ABOVE), *map(str, sys.path)]
    done = subprocess.run([*command, str(SPEC.parent / "tests/format")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("result", EXIT_CODES)
def test_the_command_line_says_the_same(result):
    vector = next(vector for vector in MANIFEST if vector["result"] == result)
    assert run_invr("test", FOLDER / vector["file"]).returncode == vector["exit_code"]


def test_the_manifest_lists_every_file():
    listed = [vector["file"] for vector in MANIFEST]
    assert sorted(listed) == sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*"))
    for folder, least in LEAST.items():
        assert sum(file.startswith(f"{folder}/") for file in listed) >= least
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < MOST_BYTES


def test_the_files_are_what_the_tool_writes():
    vectors = list(all_vectors())
    assert {f"{vector.name}.inrv" for vector in vectors} == {vector["file"] for vector in MANIFEST}
    for vector in vectors:
        if vector.name not in COMPRESSED_ELSEWHERE:
            assert vector.data == (FOLDER / f"{vector.name}.inrv").read_bytes(), vector.name
    again = tomllib.loads(manifest_text([v for v in vectors if v.name in COMPRESSED_ELSEWHERE], reference))
    digests = {vector["file"]: vector["symbols_sha256"] for vector in DECODED}
    assert all(digests[vector["file"]] == vector["symbols_sha256"] for vector in again["vector"])
