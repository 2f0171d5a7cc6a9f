"""Payload coders: how the integers of a unit become bytes (`spec/inrv.md` section 6.3).

A coder of bytes is one module with `compress(raw) -> bytes` and `decompress(stored, raw_length) -> bytes`, where
`raw` is the packed form of section 6.2; a coder of integers has `compress(symbols) -> bytes` and
`decompress(stored, layout) -> bytes`, which gives the packed form too. Ids are those of `spec/ids.toml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from inrv_format.entropy import lzma2, zstd
from inrv_format.entropy.layout import Layout
from inrv_format.errors import UnsupportedError

if TYPE_CHECKING:
    from inrv_format.tensors import Symbols


class ByteCoder(Protocol):
    """What a module that codes bytes offers."""

    def compress(self, raw: bytes) -> bytes:
        """Stored bytes of `raw`."""

    def decompress(self, stored: bytes, raw_length: int) -> bytes:
        """Exactly `raw_length` bytes, or InvalidDataError."""


RANS = 3
BYTE_CODERS: dict[int, ByteCoder] = {1: lzma2, 2: zstd}
NAMES: dict[int, str] = {1: "lzma2", 2: "zstd", RANS: "rans"}


def check_coder(coder_id: int) -> None:
    """UnsupportedError for a wire id that this version does not know."""
    if coder_id not in NAMES:
        raise UnsupportedError(f"payload coder {coder_id} is not known to this version (known: {sorted(NAMES)})")


def coder_id_by_name(name: str) -> int:
    """The wire id of a coder's name; KeyError when there is none."""
    return {known: coder_id for coder_id, known in NAMES.items()}[name]


def compress(coder_id: int, symbols: Symbols) -> bytes:
    """Stored bytes of the integers."""
    check_coder(coder_id)
    if coder_id == RANS:
        from inrv_format.entropy import rans

        return rans.compress(symbols)
    from inrv_format.tensors import pack

    return BYTE_CODERS[coder_id].compress(pack(symbols))


def decompress(coder_id: int, stored: bytes, layout: Layout) -> bytes:
    """The packed integers, exactly `layout.raw_length` bytes, or InvalidDataError; memory is up to 16 times that."""
    check_coder(coder_id)
    if coder_id == RANS:
        from inrv_format.entropy import rans

        return rans.decompress(stored, layout)
    return BYTE_CODERS[coder_id].decompress(stored, layout.raw_length)
