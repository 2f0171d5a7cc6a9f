"""Payload coder 2: one Zstandard frame (RFC 8878) with its content size, no dictionary, no frame checksum."""

from __future__ import annotations

from inrv_format.errors import InvalidDataError

WINDOW_BYTES = 8 << 20
LEVEL = 19


def compress(raw: bytes) -> bytes:
    """Zstandard at level 19; the window never exceeds 8 MiB."""
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(raw)


def decompress(stored: bytes, raw_length: int) -> bytes:
    """Inflate to exactly `raw_length` bytes; never trusts the size that the frame declares."""
    import zstandard

    try:
        frame = zstandard.get_frame_parameters(stored)
        if frame.content_size != raw_length or frame.window_size > WINDOW_BYTES or frame.dict_id:
            raise InvalidDataError(
                "Zstandard frame declares another size than its unit, or too large a window", section="6.3"
            )
        # In one call into a buffer of the checked size: a stream decoder would inflate a lying frame without bound.
        return zstandard.ZstdDecompressor().decompress(stored, raw_length, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise InvalidDataError(f"Zstandard payload is damaged: {error}", section="6.3") from error
