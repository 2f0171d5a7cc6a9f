"""The three standard streams, in whatever state the program is started."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNREADABLE, UNWRITABLE = os.O_WRONLY, os.O_RDONLY


def settle_streams() -> None:
    """Let closed streams fail where they are used, names of any bytes be printed, and no message stop the work.

    Standard output is buffered even where Python is told not to: unbuffered, it loses what a write leaves over.
    """
    for number, access in ((0, UNREADABLE), (1, UNWRITABLE), (2, UNWRITABLE)):
        if not _is_open(number):  # the lowest number that is free is what a file that is opened gets
            os.open(os.devnull, access)
    sys.stdout = _text(io.FileIO(1, "w", closefd=False), sys.stdout, by_lines=os.isatty(1))
    sys.stderr = _text(_Unheeded(2, "w", closefd=False), sys.stderr, by_lines=True)


def _text(file: io.FileIO, before: TextIO | None, *, by_lines: bool) -> TextIO:
    encoding = "utf-8" if before is None else before.encoding
    return io.TextIOWrapper(io.BufferedWriter(file), encoding, "backslashreplace", line_buffering=by_lines)


class _Unheeded(io.FileIO):
    """What cannot be written is lost: the disk of a log is full, or who read the messages has gone."""

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
