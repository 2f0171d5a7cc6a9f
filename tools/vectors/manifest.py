"""All vectors, and `manifest.toml`: what is expected of a decoder, as the reference decoder has it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from inrv_format import Reader
from inrv_format.families import CodedSpec
from inrv_format.tensors import pack
from numpy.typing import NDArray

from vectors import faulty_boxes, faulty_chunks, faulty_payloads, unsupported, unusual, valid
from vectors.networks import noise
from vectors.vector import DAMAGED, DECODED, TOO_LARGE, UNSUPPORTED, Vector

EXIT_CODES = {DECODED: 0, DAMAGED: 4, UNSUPPORTED: 5, TOO_LARGE: 6}
PROBES = 12
INTRODUCTION = """\
# What is expected of a decoder for each file beside this one; `tools/make_vectors` writes it, README.md explains it.
"""


def all_vectors() -> Iterator[Vector]:
    """Every file, in the order of the manifest."""
    for module in (valid, unusual, faulty_boxes, faulty_chunks, faulty_payloads, unsupported):
        yield from module.vectors()


def manifest_text(vectors: list[Vector], reference: ModuleType) -> str:
    """The manifest of these vectors."""
    return INTRODUCTION + "".join(_entry(vector, reference) for vector in vectors)


def _entry(vector: Vector, reference: ModuleType) -> str:
    fields: dict[str, Any] = {
        "file": f"{vector.name}.inrv",
        "section": vector.section,
        "shows": vector.shows,
        "result": vector.expected,
        "exit_code": EXIT_CODES[vector.expected],
    }
    if vector.expected == DECODED:
        fields |= _expected(vector.data, reference)
    # every value is a string, a number or a list of these, which JSON writes as TOML does
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n[[vector]]\n" + "\n".join(lines) + "\n"


def _expected(data: bytes, reference: ModuleType) -> dict[str, Any]:
    reader = Reader(io.BytesIO(data))
    chunks = list(reader.chunks())
    assert reader.index is not None
    fields: dict[str, Any] = {
        "chunks": len(chunks),
        "frames": reader.index.frame_count,
        "samples": reader.index.sample_count,
        "symbols_sha256": symbols_digest(chunks),
    }
    file = reference.read_file(data)
    pictures = [reference.chunk_frames(file, chunk) for chunk in file.chunks if chunk.picture]
    if pictures:
        fields["video_pts"] = [pts for chunk in chunks if chunk.video for pts in chunk.video.pts]
        fields["pixels"] = _probes(np.concatenate(pictures))
    sounds = [chunk.audio for chunk in chunks if chunk.audio]
    if sounds:
        packets = any(isinstance(unit.spec, CodedSpec) for chunk in chunks for unit in chunk.units)
        heard = decoded_sound(data) if packets else reference.joined_sound(file)
        fields["audio_pts"] = sounds[0].pts
        fields["sound"] = _probes(heard)
    return fields


def symbols_digest(chunks: list[Any]) -> str:
    """SHA-256 of what the payloads of all units inflate to, one after the other: packed integers, or packets."""
    digest = hashlib.sha256()
    for chunk in chunks:
        for unit in chunk.units:
            digest.update(unit.payload if isinstance(unit.spec, CodedSpec) else pack(unit.symbols()))
    return digest.hexdigest()


def decoded_sound(data: bytes) -> NDArray[np.float32]:
    """Samples [N, C] of all chunks as `invr decode` has them, before denoising."""
    from invr.config import DecodeConfig
    from invr.decoder import DecodedSound, Decoding

    events = Decoding(io.BytesIO(data), DecodeConfig(denoise=False)).events(pictures=False)
    return np.concatenate([event.values for event in events if isinstance(event, DecodedSound) and len(event.values)])


def _probes(values: NDArray[Any]) -> list[list[Any]]:
    """A few places and the values there, spread over all axes but the last."""
    shape = values.shape[:-1]
    count = min(PROBES, int(np.prod(shape)))
    scattered = (noise(count * len(shape), 7).reshape(count, -1) + 1) / 2 * shape
    places = sorted({tuple(int(cell) for cell in place) for place in scattered})
    exact = np.issubdtype(values.dtype, np.integer)
    return [
        [*place, *(int(value) if exact else round(float(value), 7) for value in values[place])] for place in places
    ]
