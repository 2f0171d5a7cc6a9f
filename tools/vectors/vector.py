"""One conformance file and what is expected of a decoder."""

from __future__ import annotations

from dataclasses import dataclass

DECODED, DAMAGED, UNSUPPORTED, TOO_LARGE = "decoded", "damaged", "unsupported", "too large"


@dataclass(frozen=True, slots=True)
class Vector:
    """`name` is folder and stem, `section` the one of `spec/inrv.md` that it is about, `shows` one line."""

    name: str
    section: str
    shows: str
    data: bytes
    expected: str = DECODED
