"""Faults on demand: a disk that is full, memory that is short, at the N-th time that either is asked for."""

from __future__ import annotations

import builtins
import errno
import inspect
import io
import sys
from contextlib import contextmanager
from pathlib import Path

import invr.journal
import invr.output

OURS = (str(Path(invr.__file__).parent), str(Path(invr.__file__).parents[1] / "format"))


class FullDisk:
    """Counts writes to files that are opened through it; from write number `fails_from` (1 is the first) on each
    fails. Files are unbuffered, so that every write is one of the system's.
    """

    def __init__(self, fails_from: int = sys.maxsize) -> None:
        self.writes = 0
        self._fails_from = fails_from

    def count(self) -> None:
        self.writes += 1
        if self.writes >= self._fails_from:
            raise OSError(errno.ENOSPC, "No space left on device")

    def open(self, path, mode="r", **options):
        if "w" not in mode:
            return builtins.open(path, mode, **options)
        disk = self

        class Counted(io.FileIO):
            def write(self, data):
                disk.count()
                return super().write(data)

        return Counted(path, mode.replace("b", ""))


@contextmanager
def full_disk(monkeypatch, fails_from: int = sys.maxsize):
    """Within the context all outputs and journals are written to such a disk."""
    disk = FullDisk(fails_from)
    write_all = invr.journal._write_all

    def counted(handle, data):
        disk.count()
        write_all(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr(invr.output, "open", disk.open, raising=False)
        patch.setattr(invr.journal, "_write_all", counted)
        yield disk


@contextmanager
def short_memory(fails_at: int = sys.maxsize):
    """Within the context call number `fails_at` of the project's functions, in this thread, raises MemoryError.

    Gives a list whose only number counts them.
    """
    calls = [0]

    def profile(frame, event, _argument):
        code = frame.f_code
        # what is raised in a generator that nobody needs any more is dropped by Python itself
        if event == "call" and code.co_filename.startswith(OURS) and not code.co_flags & inspect.CO_GENERATOR:
            calls[0] += 1
            if calls[0] == fails_at:
                raise MemoryError

    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(None)
