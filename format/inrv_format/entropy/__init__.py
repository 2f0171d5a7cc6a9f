"""Payload coders: how the integers of a unit become bytes (`spec/inrv.md` section 6.3).

A coder is one module with `compress(raw) -> bytes` and `decompress(stored, raw_length) -> bytes`, where
`raw` is the packed form of section 6.2. Ids are those of `spec/ids.toml`; 3 and up are kept for entropy coders.
"""

from __future__ import annotations

from typing import Protocol

from inrv_format.entropy import lzma2, zstd
from inrv_format.errors import UnsupportedError


class Coder(Protocol):
    """What a payload coder module offers."""

    NAME: str

    def compress(self, raw: bytes) -> bytes:
        """Stored bytes of `raw`."""

    def decompress(self, stored: bytes, raw_length: int) -> bytes:
        """Exactly `raw_length` bytes, or InvalidDataError; never allocates more than that."""


CODERS: dict[int, Coder] = {1: lzma2, 2: zstd}


def coder_by_id(coder_id: int) -> Coder:
    """The coder with this wire id; UnsupportedError for one that this version does not know."""
    if coder_id not in CODERS:
        raise UnsupportedError(f"payload coder {coder_id} is not known to this version (known: {sorted(CODERS)})")
    return CODERS[coder_id]


def coder_id_by_name(name: str) -> int:
    """The wire id of a coder's name; KeyError when there is none."""
    return {coder.NAME: coder_id for coder_id, coder in CODERS.items()}[name]
