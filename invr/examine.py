"""`examine`: is a file whole, can all of it be evaluated, and is it as good as it says?"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
from inrv_format.chunk import Chunk
from inrv_format.errors import InvalidDataError
from inrv_format.reader import Reader
from inrv_format.wholeness import unpacked

from invr.decode_chunk import build_fields, decode_heads, decode_picture
from invr.device import translated_backend
from invr.encode_chunk import with_quality
from invr.matching import SourceChunks
from invr.media import MediaReader, ReadConfig

# What sums taken in another order may change.
TOLERANCE_DB = 0.05


@dataclass(frozen=True, slots=True)
class Findings:
    """How many chunks, frames and samples (overlaps once) were evaluated, and how many chunks have the quality that
    they state; `units` are those whose integers have the digest that is stored with them.
    """

    chunks: int
    units: int
    frames: int
    samples: int
    as_good: int = 0


def examine(
    reader: Reader,
    source: str | os.PathLike[str] | None = None,
    read: ReadConfig | None = None,
    device: str = "cpu",
) -> Findings:
    """Unpack a file and evaluate all of it, where it was fitted.

    With its `source`, cut by `read` as in the encode, every chunk must have the quality that it states. Raises
    InvalidDataError where the file is damaged or worse than that, InputError where the source is not what it shows.
    """
    units = frames = samples = as_good = count = 0
    with ExitStack() as stack:
        stack.enter_context(translated_backend())
        chunks: Iterable[Chunk] = unpacked(reader)
        origin = None
        if source is not None:
            chunks = list(chunks)
            media = stack.enter_context(MediaReader(source, _as_file(reader, read or ReadConfig(), chunks)))
            origin = SourceChunks(reader, chunks, media)
        for chunk in chunks:
            if origin is None:
                _evaluate(chunk, reader, device)
            else:
                as_good += _is_as_good(chunk, with_quality(chunk, origin.of(chunk), reader.streams, device))
            count, units = count + 1, units + len(chunk.units)
            frames += len(chunk.video.pts) if chunk.video else 0
            samples += chunk.audio.sample_count - chunk.audio.overlap if chunk.audio else 0
    return Findings(count, units, frames, samples, as_good)


def _as_file(reader: Reader, read: ReadConfig, chunks: list[Chunk]) -> ReadConfig:
    """Reads what the file has, and sound alone in its chunks' length."""
    read = replace(read, video=reader.video is not None, audio=reader.audio is not None)
    if reader.audio is None or reader.video is not None or not chunks or chunks[0].audio is None:
        return read
    return replace(read, chunk_s=chunks[0].audio.sample_count / reader.audio.sample_rate_hz)


def _evaluate(chunk: Chunk, reader: Reader, device: str) -> None:
    fields = build_fields(chunk, device)
    if chunk.video and reader.video:
        positions = np.arange(len(chunk.video.pts), dtype=np.float64)
        for _ in decode_picture(chunk, fields, reader.video, positions, (reader.video.width, reader.video.height)):
            pass
    if chunk.audio and reader.audio:
        decode_heads(chunk, fields, reader.audio)


def _is_as_good(stated: Chunk, measured: Chunk) -> bool:
    """Whether a chunk's quality is known and what was measured; InvalidDataError if it is something else."""
    pairs = []
    if stated.video and measured.video:
        pairs.append(("PSNR", stated.video.psnr_db, measured.video.psnr_db))
    if stated.audio and measured.audio:
        pairs.append(("SNR", stated.audio.snr_db, measured.audio.snr_db))
    for name, said, found in pairs:
        if not math.isnan(said) and not math.isclose(said, found, abs_tol=TOLERANCE_DB):
            raise InvalidDataError(
                f"chunk {stated.index} has a {name} of {found:.2f} dB and states {said:.2f} dB", section="6"
            )
    return not any(math.isnan(said) for _, said, _ in pairs)
