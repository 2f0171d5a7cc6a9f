"""Payload coder 2: one Zstandard frame (RFC 8878) with its content size, no dictionary, no frame checksum."""

from __future__ import annotations

from inrv_format.errors import InvalidDataError

NAME = "zstd"
WINDOW_BYTES = 8 << 20
LEVEL = 19


def compress(raw: bytes) -> bytes:
    """Zstandard at level 19; the window never exceeds 8 MiB."""
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(raw)


def decompress(stored: bytes, raw_length: int) -> bytes:
    """Inflate to exactly `raw_length` bytes; never trusts the size that the frame declares."""
    import zstandard

    decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES).decompressobj()
    try:
        declared = zstandard.get_frame_parameters(stored).content_size
        if declared != raw_length:
            raise InvalidDataError("Zstandard frame declares another size than its unit", section="6.3")
        raw = decoder.decompress(stored)
    except (zstandard.ZstdError, MemoryError) as error:
        raise InvalidDataError(f"Zstandard payload is damaged: {error}", section="6.3") from error
    if len(raw) != raw_length or not decoder.eof or decoder.unused_data:
        raise InvalidDataError("Zstandard payload does not end where it should", section="6.3")
    return raw
