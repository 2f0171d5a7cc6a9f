"""What is fuzzed: each target takes any bytes; an InrvError is an answer, anything else that escapes a bug."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice

import numpy as np
from inrv_format.chunk import Chunk, build_chunk
from inrv_format.entropy import RANS, compress, decompress
from inrv_format.entropy.layout import Layout
from inrv_format.errors import BackendError, InrvError
from inrv_format.families import CodedSpec
from inrv_format.families.coded import join_packets, split_packets
from inrv_format.limits import Limits
from inrv_format.mend import Mending
from inrv_format.reader import Reader
from inrv_format.tensors import pack, unpack
from inrv_format.unit import Unit

from invr.cli.info import as_text, describe
from invr.config import DecodeConfig
from invr.decoder import DecodedFrame, Decoding

# Enough for all files of spec/vectors but those that are about work, and evaluated in milliseconds.
SMALL = Limits(
    box_bytes=1 << 16,
    payload_bytes=1 << 16,
    weights_per_unit=1 << 14,
    weights_per_chunk=1 << 14,
    units_per_chunk=64,
    frames_per_chunk=64,
    values_per_chunk=1 << 14,
    samples_per_chunk=1 << 14,
    silence_samples=1 << 14,
    macs_per_chunk=1 << 22,
    macs_per_file=1 << 24,
)
MOST_EVENTS = 1000


class Pipe(io.BytesIO):
    """Bytes that cannot be sought."""

    def seekable(self) -> bool:
        """As a pipe says."""
        return False

    def tell(self) -> int:
        """As a pipe refuses."""
        raise OSError("not seekable")


def container(data: bytes) -> None:
    """All of a file but its payloads: a pipe gives what a file does, and what is mended is whole."""
    chunks = _chunks(Pipe(data))
    assert chunks == _chunks(io.BytesIO(data)), "a pipe and a file are read differently"
    if chunks is not None:
        return
    with suppress(InrvError):
        mended = b"".join(Mending(io.BytesIO(data), SMALL).pieces())
        assert _chunks(io.BytesIO(mended)) is not None, "what was mended is refused"


def _chunks(source: io.BytesIO) -> list[bytes] | None:
    """The chunks, from a file also by its index, as they would be written; None where they are refused."""
    try:
        reader = Reader(source, limits=SMALL)
        chunks = [build_chunk(chunk) for chunk in reader.chunks()]
        if reader.index is not None:
            assert chunks == [build_chunk(reader.chunk(number)) for number in range(len(reader.index.entries))]
    except InrvError:
        return None
    return chunks


def _units(data: bytes) -> Iterator[Unit]:
    """Those of all chunks before the first one that is refused."""
    chunks: Iterator[Chunk] = iter(())
    with suppress(InrvError):
        chunks = Reader(Pipe(data), limits=SMALL).chunks()
        for chunk in chunks:
            yield from chunk.units


def entropy(data: bytes) -> None:
    """The payloads, whatever their CRC says: what is inflated fits its tensors, and is coded again to the same."""
    for unit in _units(data):
        with suppress(InrvError):
            if isinstance(unit.spec, CodedSpec):
                assert join_packets(split_packets(unit.payload)) == unit.payload
                continue
            layout = Layout(unit.raw_length, unit.headers, unit.spec.tensor_shapes(unit.domain))
            raw = decompress(unit.coder, unit.payload, layout)
            symbols = unpack(raw, unit.headers, layout.shapes)
            assert pack(symbols) == raw
            if unit.coder == RANS:
                assert decompress(RANS, compress(RANS, symbols), layout) == raw


def info(data: bytes) -> None:
    """What `invr info` says of a file and of a pipe, as text and as strict JSON."""
    for source in (io.BytesIO(data), Pipe(data)):
        with suppress(InrvError):
            description = describe(source, "fuzz.inrv", every_chunk=True)
            assert as_text(description).replace("\n", "").isprintable(), "what a file says controls a terminal"
            json.dumps(description, allow_nan=False)


def decode(data: bytes) -> None:
    """Pictures and sound, of every other file what can be salvaged."""
    config = DecodeConfig(limits=SMALL, salvage=bool(sum(data) % 2), threads=1)
    try:
        for event in islice(Decoding(io.BytesIO(data), config).events(), MOST_EVENTS):
            if isinstance(event, DecodedFrame):
                assert event.values.ndim == 3 and event.duration > 0
            else:
                assert np.isfinite(event.values).all(), "sound that is no number"
    except BackendError:
        raise
    except InrvError:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    "container": container,
    "entropy": entropy,
    "info": info,
    "decode": decode,
}
