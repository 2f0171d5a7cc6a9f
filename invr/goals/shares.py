"""`share`: how much of what is left, bytes or seconds, a chunk gets."""

from __future__ import annotations

UNKNOWN_SHARE = 0.5


def share(left: float, chunk_s: float, left_s: float | None, *, last: bool) -> float:
    """By media time: `chunk_s` seconds of `left_s`; all of it for the last chunk.

    What a chunk did not use, or used too much, is thus borne by all that follow. Where the length is not known
    (None, or a source that goes on beyond what it said), half of what is left.
    """
    if last:
        return left
    part = chunk_s / left_s if left_s and left_s > chunk_s else UNKNOWN_SHARE
    return left * part
