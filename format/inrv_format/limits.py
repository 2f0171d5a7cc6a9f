"""What a reader accepts; `spec/inrv.md` section 9 states the same numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds that every header is checked against before anything is allocated or evaluated.

    Work is counted in multiply-adds: `macs_per_chunk` for one chunk at its stored size, `macs_per_file` for the
    sum over the index.
    """

    header_bytes: int = 64 << 10
    metadata_bytes: int = 1 << 20
    box_bytes: int = 256 << 20
    payload_bytes: int = 1 << 30
    payload_ratio: int = 1000
    payload_ratio_from_bytes: int = 1 << 24
    streams: int = 16
    chunks: int = 1 << 20
    units_per_chunk: int = 4096
    weights_per_unit: int = 1 << 28
    weights_per_chunk: int = 1 << 28
    width: int = 16384
    height: int = 16384
    pixels_per_frame: int = 1 << 28
    frames_per_chunk: int = 1 << 16
    values_per_chunk: int = 1 << 34
    audio_channels: int = 32
    sample_rate_hz: int = 768_000
    samples_per_chunk: int = 1 << 27
    silence_samples: int = 1 << 25
    macs_per_chunk: int = 1 << 46
    macs_per_file: int = 1 << 54


DEFAULT_LIMITS = Limits()
