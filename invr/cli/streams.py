"""The three standard streams, in whatever state the program is started."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNREADABLE, UNWRITABLE = os.O_WRONLY, os.O_RDONLY


def settle_streams() -> None:
    """Let closed streams fail where they are used, names of any bytes be printed, and no message stop the work."""
    for number, access in ((0, UNREADABLE), (1, UNWRITABLE), (2, UNWRITABLE)):
        if not _is_open(number):  # the lowest number that is free is what a file that is opened gets
            os.open(os.devnull, access)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - open until the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    encoding = "utf-8" if sys.stderr is None else sys.stderr.encoding
    messages = io.BufferedWriter(_Unheeded(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(messages, encoding, "backslashreplace", line_buffering=True)


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
