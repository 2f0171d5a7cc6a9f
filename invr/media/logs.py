"""What FFmpeg says of an error beyond its number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import av.logging


@contextmanager
def captured_logs() -> Iterator[list[tuple[int, str, str]]]:
    """FFmpeg's errors while it lasts, of this thread: level, what they are of, and text."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as logs:
            yield logs
    finally:
        av.logging.set_level(level)
