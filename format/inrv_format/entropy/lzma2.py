"""Payload coder 1: a raw LZMA2 stream, no .xz frame around it (the unit carries length and CRC already)."""

from __future__ import annotations

import lzma

from inrv_format.errors import InvalidDataError

DICTIONARY_BYTES = 8 << 20


def compress(raw: bytes) -> bytes:
    """LZMA2 at its strongest, with literal contexts that suit byte planes (lc 0, lp 0, pb 0)."""
    filters = [
        {
            "id": lzma.FILTER_LZMA2,
            "preset": 9 | lzma.PRESET_EXTREME,
            "dict_size": DICTIONARY_BYTES,
            "lc": 0,
            "lp": 0,
            "pb": 0,
        }
    ]
    return lzma.compress(raw, format=lzma.FORMAT_RAW, filters=filters)


def decompress(stored: bytes, raw_length: int) -> bytes:
    """Inflate to exactly `raw_length` bytes; a stream that ends early, late or badly is InvalidDataError."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": DICTIONARY_BYTES}]
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)
    try:
        raw = decoder.decompress(stored, max_length=raw_length)
        if not decoder.eof:
            raw += decoder.decompress(b"", max_length=1)
    except (lzma.LZMAError, EOFError) as error:
        raise InvalidDataError(f"LZMA2 payload is damaged: {error}", section="6.3") from error
    if len(raw) != raw_length or not decoder.eof or decoder.unused_data:
        raise InvalidDataError("LZMA2 payload does not end where it should", section="6.3")
    return raw
